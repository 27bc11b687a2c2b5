import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mlm_demo.corpus.sentences import LONGEST, split_sentences
from tests.support.texts import ANY_TEXTS, STRANGE


def sentences(text):
    return [text[s.start : s.end] for s in split_sentences(text)]


# Each line is a text; " | " stands where a sentence ends.
ENDS = """
Iron rose by 12 g/L. | Side effects were mild! | Who knew? | Nobody.
Some drugs, e.g. aspirin, i.e. Aspirin Forte, were given vs. Placebo.
This was shown by Smith et al. in mice. | It held in rats.
Smith et al. 2010 found it, as did Jones et al. | The rest did not.
As Fig. 2 and Figs. S1 to S3 show, Dr. Miller and Prof. Lee agree with Ms. Park.
The dose was 0.5 mg. | Patients took it for 50 ms. | They slept.
It was significant (p = .05). | No. 5 was not, see ref. 7 and vol. 3.
The answer was no. | Five patients left.
E. coli and S. Typhimurium grew. | Both died at 5 °C. | B. subtilis lived.
J. R. Smith and A. Jones wrote it (b. Berlin 1850), see Roe v. Wade. | We read it.
They took vitamin D. | Patients in group B. | Nothing else.
The U.S. Food and Drug Administration approved it in the U.S. | It sold well.
It was given i.v. and s.c. for 3 d. | Then it was stopped at 8 a.m. | We waited.
Was it safe? | "Yes!" she said. | "Is it?" he asked. | (It was.) | Good.
The rate fell [1, 2]. | It fell again.[3] | It fell more.4,5 | Then it rose (Smith 2010).
1. Introduction to iron. | 2. Methods follow.
It rose... | Then it fell… | Results . . . . 5. | Methods were good . | They were new .
The level was low. | p53 was high. | mRNA was not. | pH was 7.4. | α-Synuclein was absent.
The count fell by 3.5 to 7.25. | 12 patients left.
There was no space.The patients were old, see www.Example for more.
中文句子。 | 第二句！ | 「はい。」と言った。 | 終わり？ | おわり。
यह पहला वाक्य है। | यह दूसरा है॥ | तीसरा।
هل هذا سؤال؟ | نعم.
Jahn et al. Nature 2010, Jan. 5 and Suppl. 2, etc. | Patients, Candida spp. and others.
""".strip().splitlines()


@pytest.mark.parametrize("line", ENDS)
def test_a_sentence_ends_where_a_reader_ends_it(line):
    wanted = line.split(" | ")
    if line.startswith("There was no space"):
        wanted = ["There was no space.", "The patients were old, see www.Example for more."]
    assert sentences(line.replace(" | ", " ")) == wanted


def test_scripts_without_spaces_need_none():
    assert sentences("中文句子。第二句！“好。”完") == ["中文句子。", "第二句！", "“好。”", "完"]


def test_headings_list_items_and_paragraphs_end_a_sentence():
    text = (
        "Methods\nWe enrolled 42 adults who had anemia and followed them for a year.\nResults\n"
        "Three groups were seen in the clinic of the town:\n- iron sulfate\n- iron citrate\n(a) water\n2) sugar\n\n"
        "# A title\nthe rest of it\n\nNo stop here\n\nA last paragraph"
    )
    assert sentences(text) == [
        "Methods",
        "We enrolled 42 adults who had anemia and followed them for a year.",
        "Results",
        "Three groups were seen in the clinic of the town:",
        "- iron sulfate",
        "- iron citrate",
        "(a) water",
        "2) sugar",
        "# A title",
        "the rest of it",
        "No stop here",
        "A last paragraph",
    ]


def test_wrapped_lines_are_joined():
    text = (
        "Background: iron is needed for many things, and\nWest Hill Hospital treats those who lack it. The dose\n"
        "is low. Nobody was harmed.\nA new paragraph begins on this line, and it is\nlong enough to be wrapped too."
    )
    assert [" ".join(s.split()) for s in sentences(text)] == [
        "Background: iron is needed for many things, and West Hill Hospital treats those who lack it.",
        "The dose is low.",
        "Nobody was harmed.",
        "A new paragraph begins on this line, and it is long enough to be wrapped too.",
    ]


def test_paragraphs_on_lines_of_their_own_are_not_joined():
    long = "word " * 60 + "end"
    assert sentences(f"{long}\n{long}\nShort") == [long, long, "Short"]


def test_line_ends_of_windows_do_not_end_a_paragraph():
    line = "The trial went on for a whole year in the town"
    assert len(sentences(f"{line}\r\nand then in {line}\r\nand then it was over.")) == 1


def test_a_table_is_cut_at_white_space():
    cells = " ".join(f"{n}.{n}" for n in range(1_000))
    found = sentences(cells)
    assert max(map(len, found)) <= LONGEST
    assert min(map(len, found[:-1])) > LONGEST - 10
    assert " ".join(found) == cells
    assert [len(s) for s in sentences("x" * 2_500)] == [1_000, 1_000, 500]


@given(
    text=ANY_TEXTS
    | st.lists(
        st.sampled_from(
            [
                *STRANGE,
                ".",
                "?",
                "。",
                "A",
                "b",
                "7",
                ")",
                "(",
                "[1]",
                "et al.",
                "Fig.",
                "- x",
                "p53",
                "x" * 700,
            ]
        ),
        max_size=30,
    ).map("".join)
)
@example(text="")
@example(text=" \n")
def test_sentences_are_in_order_and_hold_every_character(text):
    found = split_sentences(text)
    last = 0
    for start, end in found:
        assert last <= start < end <= start + LONGEST
        assert not text[last:start].strip()
        assert text[start:end] == text[start:end].strip()
        last = end
    assert not text[last:].strip()


@pytest.mark.parametrize(
    "piece", ["It rose by 5 mg in A. Smith's group (p = .05), as in Fig. 2 of Lee et al. here. ", "." , " ", "x", "a\n",
              ". ", ".)", "。", "1 ", "et al. The ", "a.A", "(", "\n\n"]
)  # fmt: skip
def test_the_time_is_linear(piece):
    text = piece * (300_000 // len(piece))
    started = time.process_time()
    split_sentences(text)
    assert time.process_time() - started < 3
