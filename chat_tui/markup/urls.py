"""Addresses in messages: where they stand, which can be opened, as what, and where they really lead.

Knows URLs and nothing else. What comes out may be written into a terminal's link sequence: it is ASCII
without blanks and control characters, and its scheme is one of three.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import quote, urlsplit

import msgspec

LONGEST = 2_048
"""Terminals cut or drop longer ones."""

# What may stand in a URL. Everything else is percent-encoded: also the backslash, that browsers take for a
# slash and others don't, so that all agree on where the host ends.
_SAFE = "%/:?#[]@!$&'()*+,;=-._~"
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")

_BODY = re.compile(r"[^\s<>\"]+")
_MAYBE = re.compile(r"://|\bmailto:|\bwww\.|@", re.IGNORECASE)
_SCHEME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-")
_LOCAL = _SCHEME | frozenset("_%")
_LONGEST_SCHEME = 32
_DOMAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9.@-]*")

_BRACKET = re.compile(r"[()\[\]{}]")
_OPENING = {")": "(", "]": "[", "}": "{"}
_LOOK_BACK = 1_000
"""So far before a URL the bracket may be that ends it."""

_FOREIGN = re.compile(r"[^\x00-\x7f]")
_INSIDE = frozenset("’·‧・")
_ENDS = ".,;:!?'`"


class Link(msgspec.Struct, frozen=True):
    """`target` is what a terminal opens; `host` where that is: a host's name, or whom a mail goes to."""

    target: str
    host: str


def addresses(text: str) -> Iterator[tuple[int, int]]:
    """Where URLs and mail addresses stand, whether or not they can be opened here."""
    at = 0
    for found in _MAYBE.finditer(text):
        here = found.start()
        if here < at:
            continue
        start, end = here, found.end()
        match found[0]:
            case "://":
                start = _begin(text, max(at, here - _LONGEST_SCHEME), here, _SCHEME)
            case "@":
                start = _begin(text, at, here, _LOCAL)
                domain = _DOMAIN.match(text, end)
                end = domain.end() if domain is not None else start
        if found[0] != "@" and (body := _BODY.match(text, end)) is not None:
            end = url_end(text, start, body.end())
        if start < end and (start < here or found[0] not in ("://", "@")):
            yield start, end
            at = end


def _begin(text: str, first: int, at: int, characters: frozenset[str]) -> int:
    while at > first and text[at - 1] in characters:
        at -= 1
    return at


def url_end(text: str, start: int, end: int, around: str = "") -> int:
    """Where a URL ends that goes on without a blank to `end`: punctuation behind it is no part of it, nor is
    a bracket that was opened before it. A sign of `around` is not either, where it ends it."""
    end = _foreign_end(text, start, end)
    opened: Counter[str] = Counter()
    unopened = set()
    for bracket in _BRACKET.finditer(text, start, end):
        opening = _OPENING.get(bracket[0])
        if opening is None:
            opened[bracket[0]] += 1
        elif opened[opening]:
            opened[opening] -= 1
        elif _is_open(text, start, opening, bracket[0]):
            end = bracket.start()
            break
        else:
            unopened.add(bracket.start())
    while end > start and (text[end - 1] in _ENDS or text[end - 1] in around or end - 1 in unopened):
        end -= 1
    return end


def _foreign_end(text: str, start: int, end: int) -> int:
    """Punctuation that is not ASCII ends a URL, but for dashes and the like between letters."""
    for found in _FOREIGN.finditer(text, start, end):
        category = unicodedata.category(found[0])
        if category[0] == "P":
            at = found.end()
            inside = category in ("Pd", "Pc") or found[0] in _INSIDE
            if not (inside and at < end and text[at].isalnum()):
                return found.start()
    return end


def _is_open(text: str, at: int, opening: str, closing: str) -> bool:
    """Whether such a bracket was opened shortly before this place, and not closed again."""
    first = max(0, at - _LOOK_BACK)
    return text.rfind(opening, first, at) > text.rfind(closing, first, at)


@lru_cache(maxsize=1024)
def link_to(url: str) -> Link | None:
    """What a URL leads to; None for what can't be a link."""
    scheme, _, rest = url.partition(":")
    try:
        match scheme.lower():
            case "mailto":
                link = Link(f"mailto:{quote(rest, safe=_SAFE)}", quote(rest.partition("?")[0], safe=_SAFE))
                return link if "@" in link.host and len(link.target) <= LONGEST else None
            case "http" | "https":
                return _web(scheme.lower(), url)
    except ValueError:  # from urllib and the codecs: no port, no host, no Unicode
        pass
    return None


def _web(scheme: str, url: str) -> Link | None:
    if not url.isprintable():
        return None  # urllib would drop some of it
    parts = urlsplit(url)
    host = (parts.hostname or "").removesuffix(".")
    if not host.isascii():
        host = host.encode("idna").decode()
    if not _HOST.fullmatch(host):
        return None
    login, at, _ = parts.netloc.rpartition("@")
    port = f":{parts.port}" if parts.port is not None else ""
    name = f"[{host}]" if ":" in host else host
    path = url.partition("://")[2].removeprefix(parts.netloc)
    target = f"{scheme}://{quote(login + at, safe=_SAFE)}{name}{port}{quote(path, safe=_SAFE)}"
    return Link(target, host) if len(target) <= LONGEST else None


def says_where(text: str, link: Link) -> bool:
    """Whether `text` itself says where the link leads, so that nobody is misled.

    It is the whole address with the host as it really is and nothing before it, or just the host.
    """
    text = text.strip()
    if link_to(text) == link:
        authority = _authority(text).casefold()
        return authority == _authority(link.target) and "@" not in authority
    return text.casefold() in {link.host, link.target.partition(":")[2].strip("/")}


def _authority(url: str) -> str:
    return re.split("[/?#]", url.partition("://")[2], maxsplit=1)[0]
