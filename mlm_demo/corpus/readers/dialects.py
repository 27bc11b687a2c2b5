"""Read XML of other kinds that research uses: BioC, TEI, ClinicalTrials.gov and ELAN."""

from collections.abc import Iterator
from typing import BinaryIO

from mlm_demo.corpus.documents import Document, Reading, make_documents
from mlm_demo.corpus.input import Input
from mlm_demo.corpus.readers.blocks import paragraphs, text_of
from mlm_demo.corpus.readers.elements import elements

NOT_PROSE = {"REF", "TABLE", "COMP_INT", "AUTH_CONT", "ACK_FUND", "SUPPL"}  # sections of a BioC article
TEI_BLOCKS = {"p", "head", "item", "quote", "lg", "l", "div", "list", "abstract", "s-list", "sp", "ab"}
TEI_OUT = {
    "note",
    "figure",
    "formula",
    "listBibl",
    "bibl",
    "biblStruct",
    "head",
    "table",
    "fw",
    "gap",
    "label",
    "pb",
}
STUDY = (
    "brief_title", "official_title", "brief_summary/textblock", "detailed_description/textblock",
    "eligibility/study_pop/textblock", "eligibility/criteria/textblock", "primary_outcome/description",
    "secondary_outcome/description", "arm_group/description", "intervention/description",
)  # fmt: skip


def read_bioc(file: BinaryIO, source: Input, reading: Reading) -> Iterator[Document]:
    """Read the passages of each BioC document, without references and tables."""
    for element in elements(file, ("{*}document",), source.name):
        texts = []
        for passage in element.iterfind("{*}passage"):
            kinds = {infon.get("key"): infon.text or "" for infon in passage.iterfind("{*}infon")}
            kind = kinds.get("type", "")
            if (
                kinds.get("section_type") not in NOT_PROSE
                and kind not in ("ref", "table")
                and "title_" not in kind
            ):
                sentences = [text_of(found) for found in passage.iterfind("{*}sentence/{*}text")]
                texts.append(text_of(passage.find("{*}text")) or " ".join(sentences))
        number = (element.findtext("{*}id") or "").strip()
        where = source.name + (f", document {number}" if number else "")
        yield from make_documents(["\n\n".join(filter(None, texts))], where, reading)


def read_tei(file: BinaryIO, source: Input, reading: Reading) -> Iterator[Document]:
    """Read the title, abstract and body of each TEI document."""
    for element in elements(file, ("{*}TEI", "{*}TEI.2"), source.name):
        header = element.find("{*}teiHeader")
        title = None if header is None else header.find("{*}fileDesc/{*}titleStmt/{*}title")
        texts = [text_of(title)]
        for part in (
            None if header is None else header.find("{*}profileDesc/{*}abstract"),
            element.find("{*}text/{*}front"),
            element.find("{*}text/{*}body"),
        ):
            texts += paragraphs(part, TEI_BLOCKS, TEI_OUT)
        yield from make_documents(["\n\n".join(filter(None, texts))], source.name, reading)


def read_study(file: BinaryIO, source: Input, reading: Reading) -> Iterator[Document]:
    """Read the title, summary, description, criteria and outcomes of each study of ClinicalTrials.gov."""
    for element in elements(file, ("clinical_study",), source.name):
        texts = []
        for path in STUDY:
            for found in element.iterfind(path):
                texts += [" ".join(block.split()) for block in (found.text or "").split("\n\n")]
        number = element.findtext("id_info/nct_id")
        where = source.name + (f", {number}" if number else "")
        yield from make_documents(["\n\n".join(dict.fromkeys(filter(None, texts)))], where, reading)


def read_elan(file: BinaryIO, source: Input, reading: Reading) -> Iterator[Document]:
    """Read the annotations of an ELAN transcript, short ones too: a tier is a paragraph, an annotation a line."""
    tiers = []
    for tier in elements(file, ("TIER",), source.name):
        values = (" ".join((found.text or "").split()) for found in tier.iter("ANNOTATION_VALUE"))
        tiers.append("\n".join(filter(None, values)))
    yield from make_documents(["\n\n".join(filter(None, tiers))], source.name, reading)


# "document" alone is the root of many other kinds, whose sentences are read.
READERS = {
    "collection": read_bioc,
    "TEI": read_tei,
    "TEI.2": read_tei,
    "teiCorpus": read_tei,
    "clinical_study": read_study,
    "search_results": read_study,
    "ANNOTATION_DOCUMENT": read_elan,
}
