import pytest

from mlm_demo.corpus.documents import Dropped
from mlm_demo.corpus.examples.pubmedqa import NEAREST, Paper, is_paper, joint_pools, read_paper
from mlm_demo.corpus.examples.records import Record

ROW = {
    "id": 12,
    "question": "Is iron safe?",
    "context": ["Iron was given. It rose.", "Nobody died."],
    "long_answer": "Iron is safe. It is cheap.",
    "mesh": ["Iron", "Humans"],
}


def paper(number, *mesh):
    return Paper(
        f"row {number}", f"p{number}", f"Q{number}?", (f"S{number}.",), (f"C{number}.",), frozenset(mesh)
    )


def test_a_row_is_a_paper():
    assert is_paper(ROW)
    assert not is_paper({"question": "", "context": ""})
    found = read_paper(Record("row 1", ROW))
    assert (found.id, found.question) == ("12", "Is iron safe?")
    assert found.sentences == ("Iron was given.", "It rose.", "Nobody died.")
    assert found.conclusion == ("Iron is safe.", "It is cheap.")
    assert found.mesh == {"Iron", "Humans"}


def test_the_forms_of_the_hub_and_of_its_own_files_are_read():
    context, mesh = ROW["context"], ROW["mesh"]
    rest = {name: ROW[name] for name in ("id", "question", "long_answer")}
    hub = {**rest, "context": {"contexts": context, "labels": ["A", "B"], "meshes": mesh}}
    own = {**rest, "contexts": context, "labels": ["A", "B"], "meshes": mesh}
    expected = read_paper(Record("row 1", ROW))
    assert read_paper(Record("row 1", hub)) == read_paper(Record("row 1", own)) == expected


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"question": " "}, "its question is empty"),
        ({"context": []}, "its context has no sentence"),
        ({"context": ["--"]}, "its context has no sentence"),
        ({"long_answer": None}, "its long_answer has no sentence"),
    ],
)
def test_what_a_row_lacks_is_named(change, reason):
    found = read_paper(Record("row 1", {**ROW, **change}))
    assert isinstance(found, Dropped)
    assert (found.source, found.reason) == ("row 1", reason)


def test_a_pool_holds_the_own_sentences_and_the_nearest_conclusions():
    papers = [paper(n, *[f"m{i}" for i in range(n, n + 4)]) for n in range(30)]
    pool = list(joint_pools(papers))[15]
    assert pool.sentences[:2] == ("C15.", "S15.")
    assert pool.labels == (True, *[False] * (1 + NEAREST))
    # Papers 12 to 18 share terms with it, and are the nearest.
    assert set(pool.sentences[2:8]) == {f"C{n}." for n in (12, 13, 14, 16, 17, 18)}
    assert set(pool.sentences[2:4]) == {"C14.", "C16."}
    assert (pool.id, pool.group, pool.question) == ("p15", "p15", "Q15?")


def test_papers_without_terms_get_others_at_random_from_the_seed():
    papers = [paper(n) for n in range(40)]
    first, again, other = (list(joint_pools(papers, seed=seed)) for seed in (0, 0, 1))
    assert first == again != other
    assert all(len(pool.sentences) == 2 + NEAREST for pool in first)


def test_a_few_papers_make_small_pools():
    assert [len(pool.sentences) for pool in joint_pools([paper(0, "a"), paper(1, "a")])] == [3, 3]
    assert [len(pool.sentences) for pool in joint_pools([paper(0, "a")])] == [2]


def test_a_sentence_of_the_conclusion_is_never_wrong_in_its_own_pool():
    twins = [Paper("", f"p{n}", "Q?", ("Same.", "S."), ("Same.",), frozenset()) for n in range(2)]
    assert next(joint_pools(twins)).labels == (True, False)
