import pytest

from mlm_demo.corpus import split as splitting
from mlm_demo.corpus.split import split
from tests.support.texts import paragraph


@pytest.mark.parametrize("count", [2, 3, 5, 19, 20, 500])
def test_neither_part_is_empty(count):
    training, held_out, _ = split([paragraph(i) for i in range(count)], seed=0)
    assert training
    assert held_out
    assert sum(len(t.split()) for t in held_out) <= splitting.HELD_OUT_WORDS * 1.5


def test_a_few_long_texts_do_not_dominate_the_held_out_part(monkeypatch):
    monkeypatch.setattr(splitting, "HELD_OUT_WORDS", 3_000)
    long = ["\n\n".join(paragraph(i * 100 + n) for n in range(100)) for i in range(60)]
    short = [paragraph(10_000 + i) for i in range(4_000)]
    training, held_out, _ = split([*long, *short], seed=0)
    words = [len(text.split()) for text in held_out]
    assert max(words) <= sum(words) / 40
    assert 0.9 <= sum(words) / 3_000 <= 1.6
    assert not {text.split("\n\n")[-1] for text in held_out} & {text.split("\n\n")[-1] for text in training}


def test_long_texts_are_held_out_whole_if_all_texts_are_long():
    texts = ["\n\n".join(paragraph(i * 100 + n) for n in range(20)) for i in range(20)]
    _, held_out, _ = split(texts, seed=0)
    assert len(held_out) == 2
    assert set(held_out) <= set(texts)


def test_a_book_among_short_texts_is_trained_on():
    texts = ["\n\n".join(paragraph(n) for n in range(100)), *(paragraph(1_000 + i) for i in range(40))]
    for seed in range(60):
        training, held_out, _ = split(texts, seed)
        assert texts[0] in training
        assert len(held_out) > 1


@pytest.mark.parametrize("words", [250, 540, 1_300])
def test_two_texts_are_held_out_if_that_leaves_half_to_train_on(words):
    """One half of the held-out texts chooses, the other judges."""
    sentence = "Number {} of the hives stands in a row of its own beside the wall."
    texts = ["\n\n".join(sentence.format(n) for n in range(words // 13))]
    for seed in range(5):
        training, held_out, _ = split(texts, seed)
        total = sum(len(text.split()) for text in (*training, *held_out))
        assert len(held_out) > 1
        assert sum(len(text.split()) for text in held_out) <= total / 2


LINES = [f"Sentence number {i} is about bees and their keepers." for i in range(60)]


@pytest.mark.parametrize(
    "texts",
    [
        ["\n".join(LINES)],
        ["\n".join(line.rstrip(".") for line in LINES)],
        ["\n".join(LINES[:30]), "\n".join(LINES[30:])],
        ["\n".join(LINES[:30]) + "\n\n" + "\n".join(LINES[30:])],
        ["\n".join(line.replace("bees and", "bees\nand") for line in LINES)],
        ["\n".join(f'"{line}"' for line in LINES)],
        ["\n".join(f"- {line}" for line in LINES)],
        ["\n".join(f"{line[:-1]}?" for line in LINES)],
        ["\n".join(f"word{i}" for i in range(600))],
        ["\n".join("\u8239\u5728\u9ece\u660e\u65f6\u5206 " * 3 + f"{i}\u3002" for i in range(200))],
    ],
)
def test_the_lines_of_few_paragraphs_are_sections(texts):
    training, held_out, _ = split(texts, seed=0)
    words = [sum(len(text.split()) for text in part) for part in (training, held_out)]
    assert (
        0.95 <= sum(words) / sum(len(text.split()) for text in texts) <= 1
    )  # the end of a section may be dropped
    assert 0.05 <= words[1] / sum(words) <= 0.25


def test_a_section_of_wrapped_lines_ends_with_a_sentence():
    wrapped = "\n".join(line.replace("bees and", "bees\nand") for line in LINES)
    training, held_out, _ = split([wrapped], seed=0)
    assert all(text.endswith("keepers.") for text in (*training, *held_out))


def test_lines_are_not_cut_where_paragraphs_are_many():
    paragraphs = ["\n".join(LINES[i : i + 8]) for i in range(0, 60, 2)]
    training, held_out, _ = split(["\n\n".join(paragraphs)], seed=0)
    assert {part for text in (*training, *held_out) for part in text.split("\n\n")} == set(paragraphs)
