"""Read files into papers, of which questions can be asked: a title, a text and its sentences each."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from mlm_demo.corpus.documents import Dropped, ReadLimits
from mlm_demo.corpus.formats import read_documents
from mlm_demo.corpus.sentences import Sentence, split_sentences
from mlm_demo.errors import CorpusError

MAX_CHARACTERS = 20_000_000  # of all papers together, about five hundred papers of full length
LONGEST_TITLE = 200
HEADING = re.compile(r"^#{1,6}\s+")


class Paper(NamedTuple):
    """A text, where it comes from, its title, and the places of its sentences."""

    document: str
    title: str
    text: str
    sentences: list[Sentence]


def read_papers(
    paths: Sequence[Path],
    *,
    column: str | None = None,
    limits: ReadLimits | None = None,
    on_progress: Callable[[str], None] = lambda progress: None,
) -> tuple[list[Paper], list[str]]:
    """Read files into papers, one per document, and notes on what was not read.

    A file that cannot be read becomes a note; raises CorpusError if no file can. What is beyond MAX_CHARACTERS is not
    read.
    """
    papers, notes, errors, characters = [], [], [], 0
    for path in paths:
        on_progress(f"Reading {path.name}")
        try:
            for item in read_documents(path, column=column, limits=limits or ReadLimits(), notes=notes):
                if isinstance(item, Dropped):
                    notes.append(f"{item.source} was skipped: {item.reason}")
                    continue
                characters += len(item.text)
                if characters > MAX_CHARACTERS:
                    notes.append(
                        f"Only the first {len(papers):,} papers were read: together the papers may have "
                        f"{MAX_CHARACTERS:,} characters."
                    )
                    return papers, notes
                papers.append(paper_of(item.text, item.source))
        except CorpusError as error:
            errors.append(error)
            notes.append(str(error))
    if not papers:
        raise errors[0] if errors else CorpusError("The files hold no text; add others.")
    return papers, list(dict.fromkeys(notes))


def paper_of(text: str, document: str) -> Paper:
    """Make a paper of a text; document: where it comes from, which is its title too if the text has none.

    The title is no sentence: it often asks what the text answers, and so would be taken for the evidence.
    """
    title, end = _title(text)
    sentences = [sentence for sentence in split_sentences(text) if sentence.start >= end]
    return Paper(document, title or document, text, sentences)


def _title(text: str) -> tuple[str, int]:
    """Return the title of a text and where it ends; ("", 0) without one.

    A title is a short first line with an empty line and more text behind it; the marks of a Markdown heading go.
    """
    before = len(text) - len(text.lstrip())
    first, _, rest = text[before:].partition("\n\n")
    if not rest.strip() or len(first) > LONGEST_TITLE or "\n" in first.strip():
        return "", 0
    return HEADING.sub("", first.strip()), before + len(first)
