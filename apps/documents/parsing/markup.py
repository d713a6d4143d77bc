"""XML and HTML from strangers: nothing is fetched, no entity resolved, and broken markup is read as far as it goes."""

from __future__ import annotations

from lxml import etree

from apps.documents.parsing.errors import Damaged, OutOfMemory, TooLargeInside, gettext_noop

_NO_MEMORY = "ERR_NO_MEMORY"
_LIMIT = "ERR_RESOURCE_LIMIT"
_TOO_DEEP = gettext_noop(
    "This file is nested too deeply, or repeats itself too often, to be read. Save it in a simpler form and upload that."
)


def xml_tree(data: bytes) -> etree._Element | None:
    """The root of an XML part; None where there is nothing to save. Raises Damaged, OutOfMemory, TooLargeInside."""
    return _tree(
        data,
        etree.XMLParser(
            resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, recover=True, remove_comments=True, remove_pis=True
        ),
    )


def html_tree(text: str) -> etree._Element | None:
    """The root of a page; None where it holds nothing. Raises Damaged, OutOfMemory, TooLargeInside.

    `huge_tree` is for honest old pages, whose unclosed tags nest deeper than the 256 levels that are allowed without.
    """
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True, remove_comments=True, remove_pis=True)
    return _tree(text.encode(), parser)


def _tree(data: bytes, parser: etree.XMLParser | etree.HTMLParser) -> etree._Element | None:
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise (OutOfMemory if _said(parser, _NO_MEMORY) else Damaged) from error
    if _said(parser, _LIMIT):  # what stands below was cut off: no half of a text goes for the whole
        raise TooLargeInside(_TOO_DEEP)
    return root


def _said(parser: etree.XMLParser | etree.HTMLParser, name: str) -> bool:
    return any(entry.type_name == name for entry in parser.error_log)
