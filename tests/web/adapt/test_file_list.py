import pytest

from mlm_demo.web.adapt.file_list import file_list, file_size
from tests.support.html_reader import HOSTILE, Reader


@pytest.fixture
def files(tmp_path):
    """Files in numbered folders, as a draft has them; one was removed."""
    paths = []
    for number, name in ((0, "a.txt"), (2, "b.csv"), (3, "c.pdf"), (4, "d.txt")):
        paths.append(tmp_path / str(number) / name)
        paths[-1].parent.mkdir()
        paths[-1].write_bytes(b"x" * 1_500)
    return paths


def test_each_file_has_its_size_its_documents_and_a_cross_of_its_own(files):
    html = file_list(files, [1, 1_200, 0])
    read = Reader(html)
    assert [a["data-remove"] for a in read.attributes if "data-remove" in a] == ["0", "2", "3", "4"]
    names = [a["aria-label"] for a in read.attributes if "data-remove" in a]
    assert names == ["Remove a.txt", "Remove b.csv", "Remove c.pdf", "Remove d.txt"]
    facts = ["2 KB · 1 document", "2 KB · 1,200 documents", "2 KB · not read", "2 KB"]
    assert [text for text in read.texts if " KB" in text] == facts


def test_a_file_that_is_removed_meanwhile_is_left_out(files):
    files[1].unlink()
    html = file_list(files, [1, 2, 3, 4])
    assert "b.csv" not in html
    assert "4 documents" in html


def test_names_are_escaped_and_no_file_is_no_list(tmp_path):
    assert file_list([]) == ""
    (tmp_path / "0").mkdir()
    path = tmp_path / "0" / HOSTILE.replace("/", "|")
    path.write_text("x")
    read = Reader(file_list([path]))
    assert set(read.tags) == {"ul", "li", "span", "button"}
    assert f"Remove {path.name}" in [a.get("aria-label") for a in read.attributes]


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1 KB"),
        (999_499, "999 KB"),
        (999_500, "1.0 MB"),
        (2.5e9, "2,500.0 MB"),
    ],
)
def test_sizes_are_readable(size, shown):
    assert file_size(size) == shown
