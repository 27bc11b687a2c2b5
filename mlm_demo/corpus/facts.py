"""Read a file of facts to ask models about: CSV, TSV, JSON or JSON lines, with the columns of LAMA.

A fact is a subject, an object and a template with [X] for the subject and [Y] for the object (Petroni et al. 2019,
arXiv 1909.01066).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mlm_demo.corpus.documents import NO_CELLS, Dropped, ReadLimits
from mlm_demo.corpus.examples.records import Layout, Record, read_records, records_with
from mlm_demo.errors import CorpusError, shown

SUBJECT, OBJECT = "[X]", "[Y]"
COLUMNS = {
    "subject": ("subject", "sub_label"),
    "object": ("object", "obj_label"),
    "template": ("template",),
    "relation": ("relation", "predicate_id"),
}
NEEDED = ("subject", "template", "object")
LAYOUT = Layout(
    frozenset(name for names in COLUMNS.values() for name in names),
    "facts",
    "subject, template and object, and relation if there are several",
)
ALL = "facts"  # the relation of a file that names none


@dataclass(frozen=True)
class Fact:
    """A subject, a template with [X] and [Y], and the object that belongs at [Y].

    cells: those beside them in their row, by column.
    """

    relation: str
    subject: str
    template: str
    object: str
    cells: Mapping[str, str] = field(default_factory=lambda: NO_CELLS)


def read_facts(path: Path, limits: ReadLimits, notes: list[str]) -> tuple[list[Fact], list[Dropped]]:
    """Return the facts of a file, and the rows that are none, each with its reason.

    Raises CorpusError for a file that cannot be read or holds no fact.
    """
    return _facts_of(read_records(path, limits, notes, LAYOUT), path)


def read_if_facts(
    path: Path, limits: ReadLimits, notes: list[str]
) -> tuple[list[Fact], list[Dropped]] | None:
    """Return what `read_facts` does, or None for a file without the columns of facts, as its first row tells."""
    needed = [COLUMNS[name] for name in NEEDED]
    rows = records_with(path, limits, notes, LAYOUT, needed)
    return _facts_of(rows, path) if rows else None


def _facts_of(rows: Iterable[Record | Dropped], path: Path) -> tuple[list[Fact], list[Dropped]]:
    facts: list[Fact] = []
    dropped: list[Dropped] = []
    for row in rows:
        if isinstance(row, Dropped):
            dropped.append(row)
            continue
        cells = {name: row.cell(names) for name, names in COLUMNS.items()}
        if missing := [name for name in NEEDED if not cells[name]]:
            dropped.append(Dropped(row.where, f"it has no {missing[0]}", cells["subject"]))
        elif cells["template"].count(SUBJECT) != 1 or cells["template"].count(OBJECT) != 1:
            reason = f"its template needs {SUBJECT} for the subject and {OBJECT} for the object, once each"
            dropped.append(Dropped(row.where, reason, cells["template"]))
        else:
            beside = row.beside(LAYOUT.columns)
            facts.append(Fact(**{**cells, "relation": cells["relation"] or ALL}, cells=beside))
    if not facts:
        first = f" ({dropped[0].source}: {dropped[0].reason})" if dropped else ""
        raise CorpusError(
            f"{shown(path.name)} holds no fact{first}; give it the columns subject, template and object, and relation "
            "if you like."
        )
    return facts, dropped
