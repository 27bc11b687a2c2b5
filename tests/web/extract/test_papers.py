import pytest

from mlm_demo.errors import CorpusError, ParameterError
from mlm_demo.web.extract import papers
from mlm_demo.web.extract.papers import EMPTY, examples, papers_view, read_files, sample
from tests.support.html_reader import HOSTILE, Reader


def silent(stage):
    """Ignore progress."""


@pytest.fixture
def files(tmp_path):
    (tmp_path / "a.txt").write_text("Bees\n\nBees dance. They find nectar.")
    (tmp_path / "b.csv").write_text("id,text\n1,The heart pumps blood.\n2,Paris is a city.\n")
    return [str(tmp_path / name) for name in ("a.txt", "b.csv")]


def test_files_are_added_to_the_papers_and_not_kept(service, files):
    found, notes = read_files(service, files[:1], [], silent)
    found, notes = read_files(service, files[1:], found, silent)
    assert [paper.document for paper in found] == ["a.txt", "b.csv, row 2", "b.csv, row 3"]
    assert found[0].title == "Bees"
    assert notes == ["Column 'text' of b.csv was read as the text."]
    assert list(service.staging.folder.glob("*")) == []


def test_more_text_than_the_page_keeps_is_refused_with_the_limit(service, files, monkeypatch):
    monkeypatch.setattr(papers, "MAX_CHARACTERS", 20)
    with pytest.raises(ParameterError, match="characters together; the limit is 20"):
        read_files(service, files, [], silent)


def test_the_sample_has_twenty_papers_and_three_questions():
    assert len(sample()) == 20
    assert all(paper.title != paper.document and paper.sentences for paper in sample())
    assert len(examples()) == 3


def test_without_a_sample_a_person_is_told_to_add_files(monkeypatch, tmp_path):
    monkeypatch.setattr(papers, "SAMPLE", tmp_path)
    with pytest.raises(CorpusError, match="add files of your own"):
        sample.__wrapped__()


def test_the_view_counts_and_names_the_papers(service, files):
    found, _ = read_files(service, files, [], silent)
    html = papers_view([*found, *found], ["A note."])
    assert "<b>6 papers</b>, 8 sentences, 28 words" in html
    assert "Bees; b.csv, row 2; b.csv, row 3; and 3 more" in html
    assert "A note." in html
    assert papers_view([]) == EMPTY


def test_titles_are_escaped(service, files):
    found, _ = read_files(service, files[:1], [], silent)
    html = papers_view([found[0]._replace(title=HOSTILE)], [HOSTILE])
    assert not {"img", "script"} & set(Reader(html).tags)
