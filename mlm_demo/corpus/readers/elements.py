"""The elements of an XML file as a stream, each emptied once it has been used."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from mlm_demo.corpus.input import Input, broken_file

if TYPE_CHECKING:
    from lxml import etree

# The parser expands no entity and reads no DTD and no other file.
SAFELY = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}


def elements(
    file: "Input | BinaryIO", tags: tuple[str, ...], name: str, kind: str = "XML file"
) -> Iterator["etree._Element"]:
    """Yield the elements of an XML file that have one of these tags; an element inside another comes first.

    Raises CorpusError where the XML is corrupt.
    """
    from lxml import etree

    try:
        for _, element in etree.iterparse(file, events=("end",), tag=tags, **SAFELY):
            yield element
            element.clear()
            while (before := element.getprevious()) is not None and before.tag == element.tag:
                element.getparent().remove(before)
    except etree.XMLSyntaxError as error:
        raise broken_file(name, kind, error) from error
