"""WebDAV's XML: what is asked, and what an answer says. Nothing about what stands in a calendar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

D = "{DAV:}"
C = "{urn:ietf:params:xml:ns:caldav}"
S = "{http://calendarserver.org/ns/}"
ETAG, TOKEN, NAME, TYPE = f"{D}getetag", f"{D}sync-token", f"{D}displayname", f"{D}resourcetype"
PRINCIPAL, HOME, TAG = f"{D}current-user-principal", f"{C}calendar-home-set", f"{S}getctag"
REPORTS, RIGHTS = f"{D}supported-report-set", f"{D}current-user-privilege-set"
COMPONENTS, CONTENT = f"{C}supported-calendar-component-set", f"{C}calendar-data"
_PATH_CHARACTERS = "/@:!$&'()*+,;=~"


@dataclass(frozen=True)
class Answer:
    """What is said about one path. ``status`` is about the path as a whole, None when only properties are told."""

    path: str
    status: int | None
    props: Mapping[str, Element]

    def text(self, name: str) -> str:
        """The text of a property, empty when there is none."""
        found = self.props.get(name)
        return (found.text or "").strip() if found is not None else ""

    def list_paths(self, name: str) -> list[str]:
        """The paths inside a property."""
        found = self.props.get(name)
        return [clean_path(href.text or "") for href in found.iter(f"{D}href")] if found is not None else []

    def list_names(self, name: str) -> set[str]:
        """The names of all elements inside a property."""
        found = self.props.get(name)
        return {inner.tag for inner in found.iter()} - {name} if found is not None else set()


@dataclass(frozen=True)
class Multistatus:
    """A 207 answer."""

    answers: Sequence[Answer]
    token: str


class NotDav(ValueError):
    """The text is no 207 answer of a DAV server."""


def clean_path(href: str) -> str:
    """One spelling for each path: without the server, escaped in one way."""
    return quote(unquote(urlsplit(href.strip()).path), safe=_PATH_CHARACTERS)


def read_multistatus(body: bytes) -> Multistatus:
    """``NotDav`` for anything else, half an answer included."""
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException) as error:
        raise NotDav(str(error)) from error
    if root.tag != f"{D}multistatus":
        raise NotDav(str(root.tag))
    answers = [_read_answer(found, href) for found in root.findall(f"{D}response") for href in _list_hrefs(found)]
    return Multistatus(answers, (root.findtext(TOKEN) or "").strip())


def _list_hrefs(response: Element) -> Iterator[str]:
    return (clean_path(href.text or "") for href in response.findall(f"{D}href"))


def _read_answer(response: Element, path: str) -> Answer:
    props: dict[str, Element] = {}
    for part in response.findall(f"{D}propstat"):
        if _read_status(part) in (None, 200):
            props.update({found.tag: found for holder in part.findall(f"{D}prop") for found in holder})
    return Answer(path, _read_status(response), props)


def _read_status(part: Element) -> int | None:
    """200 of ``HTTP/1.1 200 OK``."""
    words = (part.findtext(f"{D}status") or "").split()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else None


# ---------------------------------------------------------------- questions


def ask_props(names: Iterable[str]) -> bytes:
    """The body of a PROPFIND."""
    return _write(_with_props(Element(f"{D}propfind"), names))


def ask_changes(token: str) -> bytes:
    """What changed since a token, deleted paths included; everything for an empty one (RFC 6578)."""
    root = Element(f"{D}sync-collection")
    SubElement(root, TOKEN).text = token
    SubElement(root, f"{D}sync-level").text = "1"
    return _write(_with_props(root, [ETAG]))


def ask_contents(paths: Iterable[str]) -> bytes:
    """The events at these paths."""
    root = _with_props(Element(f"{C}calendar-multiget"), [ETAG, CONTENT])
    for path in paths:
        SubElement(root, f"{D}href").text = path
    return _write(root)


def ask_objects(names: Iterable[str], component: str, *, uid_part: str = "", having: str = "") -> bytes:
    """Every ``component`` (VEVENT, VTODO), or those whose UID contains a text, or ``having`` a property."""
    root = _with_props(Element(f"{C}calendar-query"), names)
    calendar = SubElement(SubElement(root, f"{C}filter"), f"{C}comp-filter", name="VCALENDAR")
    event = SubElement(calendar, f"{C}comp-filter", name=component)
    if having:
        SubElement(event, f"{C}prop-filter", name=having)
    if uid_part:
        wanted = SubElement(event, f"{C}prop-filter", name="UID")
        SubElement(wanted, f"{C}text-match", collation="i;ascii-casemap").text = uid_part
    return _write(root)


def _with_props(root: Element, names: Iterable[str]) -> Element:
    holder = SubElement(root, f"{D}prop")
    for name in names:
        SubElement(holder, name)
    return root


def _write(root: Element) -> bytes:
    body: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return body
