"""Fuzz the readers of a corpus, guided by code coverage.

    python tests/properties/fuzz_corpus.py SECONDS

Any file must either be read, or be refused by a one-line CorpusError without the path of the upload. Anything else, or
a file that takes longer than SLOW seconds, ends the run and saves the input that caused it.
"""

import gzip
import hashlib
import importlib.util
import io
import json
import logging
import os
import re
import sys
import tempfile
import zipfile
from pathlib import Path

if importlib.util.find_spec("atheris") is None:
    sys.exit(
        "The fuzz test needs atheris, which has wheels for some Python versions only: pip install atheris==3.0.0"
    )

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
with atheris.instrument_imports(include=["mlm_demo", "pypdf", "zipfile", "gzip"]):
    import pypdf  # noqa: F401 - imported here so that atheris instruments it

    from mlm_demo.corpus.documents import Document, ReadLimits
    from mlm_demo.corpus.formats import FORMATS, read_documents
    from mlm_demo.corpus.text import UNWANTED
    from mlm_demo.errors import CorpusError

SLOW = 5
MAX_LENGTH = 1 << 14  # bytes of an input
LIMITS = ReadLimits(max_bytes=300_000, max_members=20, max_ratio=100, max_document_characters=500)
SUFFIXES = sorted(ending for known in FORMATS for ending in known.endings)
TABLE = {"id": ["a", "b"], "text": ["One, two.", "Three \u00e9\u2028four."]}
XML = "<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>1</PMID><Article><ArticleTitle>T &amp; U</ArticleTitle>"
XML += "<Abstract><AbstractText>A <i>b</i>.</AbstractText></Abstract></Article></MedlineCitation></PubmedArticle>"
JATS = "<!DOCTYPE article SYSTEM 'a.dtd'><article><front><article-meta><title-group><article-title>T &alpha;"
JATS += (
    "</article-title></title-group><abstract><p>A.</p></abstract></article-meta></front><body><p>B</p></body>"
)

DOCUMENT = (
    "<w><body><p><r><rPr><rFonts ascii='Symbol'/></rPr><t>a</t><sym font='Symbol' char='F061'/></r></p>"
    "<tbl><tr><tc><p><r><t>b</t></r></p></tc></tr></tbl></body></w>"
)


def wrapped(data: bytes, how: int) -> bytes:
    """Return an input as it is, or in an archive with valid checksums, so that the code behind is reached too."""
    if how == 1:
        return gzip.compress(data, 1, mtime=0)
    if how in (2, 3):
        name, content = ("word/document.xml", data) if how == 2 else member(data)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(name, content)
        return packed.getvalue()
    return data


def member(data: bytes) -> tuple[str, bytes]:
    """Return the name of a zip member, which the first byte chooses, and its content."""
    return f"b{SUFFIXES[data[0] % len(SUFFIXES)] if data else ''}", data[1:]


def one_input(data: bytes) -> None:
    """Read a file: the first byte of the data chooses its ending, the second how it is packed."""
    if len(data) < 2:
        return
    name = "a" + SUFFIXES[data[0] % len(SUFFIXES)] + (".gz" if data[1] & 8 else "")
    PATH.write_bytes(wrapped(data[2:], data[1] & 3))
    notes: list[str] = []
    try:
        for item in read_documents(PATH, name=name, limits=LIMITS, notes=notes):
            if isinstance(item, Document):
                # A page break is one character in the file and two in the text.
                length = len(item.text.replace("\n\n", "\n"))
                assert 0 < length <= LIMITS.max_document_characters, "a text of a wrong length"
                assert not UNWANTED.search(item.text), "a character that `clean` removes"
            else:
                check_sentence(item.reason)
    except CorpusError as error:
        check_sentence(str(error))
    for note in notes:
        check_sentence(note)


def save_if_it_fails(data: bytes) -> None:
    """Run one input, and save it in the current folder if it fails."""
    try:
        one_input(data)
    except Exception:
        Path(f"fuzz-{hashlib.sha256(data).hexdigest()[:12]}").write_bytes(data)
        raise


def check_sentence(sentence: str) -> None:
    """Assert that a message is one printable line without the path of the upload."""
    assert sentence, "an empty message"
    assert sentence.isprintable(), f"more than one line, or control characters: {sentence!r}"
    assert str(PATH) not in sentence, f"it contains the path of the upload: {sentence}"
    assert PATH.name not in sentence, f"it contains the name of the upload: {sentence}"


def seeds() -> dict[str, bytes]:
    """Return a small file of each format, by ending."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from tests.support.packed_files import drawn_pdf, epub, odt, pdf, tarred, word, xlsx, zipped

    parquet = io.BytesIO()
    pq.write_table(pa.table(TABLE), parquet)
    rows = [dict(zip(TABLE, row, strict=True)) for row in zip(*TABLE.values(), strict=True)]
    return {
        ".txt": "One.\r\n\r\nTwo \u00e9\u2028three.\x0cFour.".encode("utf-16"),
        "": "Le caf\u00e9 \u00e9tait ferm\u00e9 \u00e0 midi.".encode("cp1252"),
        ".md": b"# One #\n\n[a](b) ![c][d] **e**\n\n```py\nx\n```\nTitle\n===\n",
        ".csv": b'id,text,n\n1,"a ""b"",\nc",2\n3,d e f,4\n',
        ".tsv": b"id\ttext\n1\ta, b\n",
        ".jsonl": "".join(json.dumps(row) + "\n" for row in rows).encode() + b'"text"\n',
        ".json": json.dumps([*rows, {"text": ["a", "b"]}]).encode(),
        ".parquet": parquet.getvalue(),
        ".html": b"<!doctype html><meta charset=koi8-r><p>a<br>b<table><td>c<script>x</script><div hidden>d",
        ".xml": f"{XML}</PubmedArticleSet>".encode(),
        ".nxml": f"{JATS}</article>".encode(),
        ".pdf": pdf(["One-", "two."], []),
        ".docx": word("One.", cell="Two."),
        ".docm": zipped([("word/document.xml", DOCUMENT)]),
        ".epub": epub(
            {"a.xhtml": "<header>a</header><p>10<sup>6</sup><math><mfrac><mi>x</mi><mi>y</mi></mfrac></math>"}
        ),
        ".xlsx": xlsx(
            "<si><t>text</t></si>",
            S="<row r='1'><c r='A1' t='s'><v>0</v></c></row><row r='3'><c><v>1</v></c></row>",
        ),
        ".odt": odt(
            "<text:p>a<text:s/>b<text:note><text:p>c</text:p></text:note></text:p><text:h>d</text:h>"
        ),
        ".rtf": b"{\\rtf1\\ansi{\\fonttbl{\\f1\\fcharset2 S;}}a\\'e9\\u945?\\par 10{\\super 6}{\\f1 a}\\bin2 xy}",
        ".tex": b"\\documentclass{a}\\title{T}\\begin{document}\\section{S}a~\\cite{b}\\'e $\\frac{1}{2}$ % c\n",
        ".nbib": b"PMID- 1\nTI  - One\n      two.\nAB  - Three.\n\nPMID- 2\nTI  - Four.\n",
        ".ris": b"TY  - JOUR\r\nTI  - One\r\nAB  - Two\r\nER  - \r\n",
        ".enw": b"%0 Book\n%T One\n%X Two\n",
        ".pubtator": b"1|t|One\n1|a|Two\n1\t0\t1\tO\tX\t1\n",
        ".bib": b'@article{a, title = {One {Two}}, abstract = "Three\n\\"{o}"}\n',
        ".pubmed": b"1. J. 2020;1:2.\n\nTitle.\n\nHeron A(1), Eel B.\n\nText.\n\nPMID: 1\n\n2. J.\n\nB.\n",
        ".srt": b"1\n00:00:01,000 --> 00:00:02,000\n<i>One</i>\n\n2\n00:00:02,000 --> 00:00:03,000\nTwo\n",
        ".tei": b"<TEI><text><body><p>a<note>b</note><ref type='bibr'>1</ref></p></body></text></TEI>",
        ".tar": tarred([("a.txt", "One."), ("n" * 120, "Two.")]),
        ".tgz": drawn_pdf([(72, 700, "Left column of words"), (320, 700, "Right column of words")]),
        ".zip": zipped([("a.csv", "text,n\nwords,1\n"), ("b/c.md", "# d"), ("../e.txt", "f")]),
    }


def main() -> None:
    """Fuzz for the number of seconds on the command line."""
    if len(sys.argv) != 2 or not re.fullmatch(r"[0-9]+", sys.argv[1]):
        sys.exit("Give the number of seconds to fuzz: python tests/properties/fuzz_corpus.py 600")
    logging.disable()  # pypdf logs a lot
    corpus = FOLDER / "corpus"
    corpus.mkdir()
    for suffix, data in seeds().items():
        first = bytes([SUFFIXES.index(suffix)])
        (corpus / f"plain{suffix}").write_bytes(first + b"\0" + data)
        (corpus / f"gzip{suffix}").write_bytes(first + b"\x09" + data)
        (corpus / f"member{suffix}").write_bytes(bytes([SUFFIXES.index(".zip")]) + b"\3" + first + data)
    document = b"<w><p><r><t>a</t><tab/><t>b</t></r><Fallback><p><r><t>c</t></r></p></Fallback></p></w>"
    (corpus / "document").write_bytes(bytes([SUFFIXES.index(".docx")]) + b"\2" + document)
    options = [
        f"-max_total_time={sys.argv[1]}",
        f"-timeout={SLOW}",
        f"-max_len={MAX_LENGTH}",
        "-rss_limit_mb=3072",
    ]
    options += [f"-artifact_prefix={Path.cwd()}/fuzz-", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], save_if_it_fails)
    atheris.Fuzz()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        FOLDER = Path(folder)
        PATH = FOLDER / "upload-1f3c"
        if not (child := os.fork()):  # libFuzzer exits without cleaning up
            main()
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
