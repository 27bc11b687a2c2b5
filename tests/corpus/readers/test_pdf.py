import io
import re

import pypdf
import pytest

from mlm_demo.corpus.documents import Document, Dropped
from tests.support.packed_files import pdf


def test_a_pdf_is_one_document_and_divided_words_are_joined(read):
    found, _ = read("a.pdf", pdf(["The treat-", "ment of X-", "Rays was"], ["tried."], [], ["End."]))
    assert found == [
        Document("a.pdf", "The treatment of X-Rays was tried.\n\nEnd."),
        Dropped("a.pdf, page 3", "the page has no text; it may be an image"),
    ]


def test_a_pdf_without_text_is_refused(refused):
    refused(
        "a.pdf",
        pdf([], []),
        "'a.pdf' holds no text on its 2 pages, so it may be a scan; run text recognition",
    )


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
@pytest.mark.parametrize("password", ["secret", ""])
def test_a_pdf_is_refused_only_if_it_needs_a_password(read, refused, password, algorithm):
    if algorithm.startswith("AES"):
        pytest.importorskip("cryptography")
    writer, data = pypdf.PdfWriter(io.BytesIO(pdf(["One."]))), io.BytesIO()
    writer.encrypt(password, "owner", algorithm=algorithm)
    writer.write(data)
    if password:
        refused("a.pdf", data.getvalue(), "^'a.pdf' is protected by a password; save it without one")
    else:
        assert read("a.pdf", data.getvalue())[0] == [Document("a.pdf", "One.")]


def test_a_long_page_that_many_entries_share_is_counted_each_time(refused, monkeypatch):
    one = pdf([""] * 30_000)
    page = re.search(rb"4 0 obj.*?endobj", one, re.DOTALL)[0]
    assert b"/Kids [4 0 R] /Count 1" in one
    data = one.replace(b"/Kids [4 0 R] /Count 1", b"/Kids [" + b"4 0 R " * 3000 + b"] /Count 3000")
    gone_through = []
    monkeypatch.setattr(pypdf.PageObject, "extract_text", lambda page: gone_through.append(page))
    refused("a.pdf", data, "holds more than 20,000,000 bytes when unpacked", max_bytes=20_000_000)
    assert page
    assert len(gone_through) < 100


def test_a_missing_library_is_not_told_as_a_password(refused, monkeypatch):
    def decrypt(reader, password):
        raise pypdf.errors.DependencyError("cryptography>=3.1 is required for AES algorithm")

    writer, data = pypdf.PdfWriter(io.BytesIO(pdf(["One."]))), io.BytesIO()
    writer.encrypt("", "owner", algorithm="RC4-128")
    writer.write(data)
    monkeypatch.setattr(pypdf.PdfReader, "decrypt", decrypt)
    refused(
        "a.pdf",
        data.getvalue(),
        "'a.pdf' is encrypted with AES, and reading that needs the package cryptography",
    )
