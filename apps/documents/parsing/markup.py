"""XML and HTML from strangers: nothing is fetched, no entity resolved, and broken markup is read as far as it goes."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

from lxml import etree

from apps.documents.parsing.errors import Damaged, NestedTooDeeply, OutOfMemory

_NO_MEMORY = "ERR_NO_MEMORY"
_LIMIT = "ERR_RESOURCE_LIMIT"


def xml_tree(data: bytes) -> etree._Element | None:
    """The root of an XML part; None where there is nothing to save. Raises Damaged, NestedTooDeeply, OutOfMemory."""
    return _tree(
        data,
        etree.XMLParser(
            resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, recover=True, remove_comments=True, remove_pis=True
        ),
    )


def html_tree(text: str) -> etree._Element | None:
    """The root of a page; None where it holds nothing. Raises Damaged, NestedTooDeeply, OutOfMemory.

    `huge_tree` is for honest old pages, whose unclosed tags nest deeper than the 256 levels that are allowed without.
    """
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True, remove_comments=True, remove_pis=True)
    return _tree(text.encode(), parser)


def elements(data: bytes, *names: str, begun: str = "") -> Iterator[etree._Element]:
    """The elements with one of `names`, each gone when the next comes: a sheet is larger than the memory for its tree.

    One inside another comes with that only. Those called `begun` come before what is in them, still without it.
    Raises Damaged, NestedTooDeeply, OutOfMemory.
    """
    tags = [f"{{*}}{name}" for name in names]
    parser = etree.iterparse(
        BytesIO(data), events=("start", "end"), tag=[*tags, f"{{*}}{begun}"] if begun else tags, resolve_entities=False, load_dtd=False,
        no_network=True, huge_tree=False, recover=True, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        for event, element in parser:
            if (event == "start") != (tag_name(element) == begun) or next(element.iterancestors(*tags), None) is not None:
                continue
            yield element
            if event == "end":
                _forget(element)
    except etree.XMLSyntaxError as error:
        raise (OutOfMemory if _said(parser, _NO_MEMORY) else Damaged) from error
    if _said(parser, _LIMIT):
        raise NestedTooDeeply


def _forget(element: etree._Element) -> None:
    element.clear()
    parent = element.getparent()
    while parent is not None and parent[0] is not element:
        del parent[0]


def tag_name(element: etree._Element) -> str:
    """The tag without its namespace, which differs between dialects of one format; "" for what is no element."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def attribute(element: etree._Element | None, name: str) -> str:
    """The attribute called `name`, in whatever namespace, or ""."""
    if element is None:
        return ""
    return next((str(value) for key, value in element.attrib.items() if str(key).rpartition("}")[2] == name), "")


def child(element: etree._Element | None, *names: str) -> etree._Element | None:
    """The first descendant by direct steps through `names`."""
    for name in names:
        element = None if element is None else next((below for below in element if tag_name(below) == name), None)
    return element


def _tree(data: bytes, parser: etree.XMLParser | etree.HTMLParser) -> etree._Element | None:
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise (OutOfMemory if _said(parser, _NO_MEMORY) else Damaged) from error
    if _said(parser, _LIMIT):  # what stands below was cut off: no half of a text goes for the whole
        raise NestedTooDeeply
    return root


def _said(parser: etree.XMLParser | etree.HTMLParser | etree.iterparse[tuple[str, etree._Element]], name: str) -> bool:
    return any(entry.type_name == name for entry in parser.error_log)
