"""Addresses in messages: which can be opened, as what, and where they really lead.

Knows URLs and nothing else. What comes out may be written into a terminal's link sequence: it is ASCII
without blanks and control characters, and its scheme is one of three.
"""

import re
from functools import lru_cache
from urllib.parse import quote, urlsplit

import msgspec

LONGEST = 2_048
"""Terminals cut or drop longer ones."""

# What may stand in a URL. Everything else is percent-encoded: also the backslash, that browsers take for a
# slash and others don't, so that all agree on where the host ends.
_SAFE = "%/:?#[]@!$&'()*+,;=-._~"
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")


class Link(msgspec.Struct, frozen=True):
    """`target` is what a terminal opens; `host` where that is: a host's name, or whom a mail goes to."""

    target: str
    host: str


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
