"""The one sanitizer for text that came from somewhere else.

Terminals obey control characters wherever they stand, and neither Textual nor Rich removes them
(they strip five, ESC is not among them). So every text from the network - messages, names, topics,
room names, errors - passes here once, when it enters the client, and may be shown anywhere after
that. The server uses the same functions for what it stores readable (names, topics).

Whoever compares texts normalizes them with `normalize`, which takes no longer for a text made to be slow.
"""

import re
import unicodedata
from typing import Literal

Form = Literal["NFC", "NFD", "NFKC", "NFKD"]

MARKS = 30
"""Combining marks in a row that `normalize` looks at. No language has so many: that many has the Stream-Safe
Text Format of Unicode's UAX #15. All of a row are sorted, in a time that grows with its square."""

# No marks by themselves, but taken apart into marks.
_TO_MARKS = re.compile("[\u0f73\u0f75\u0f81\uff9e\uff9f]")
_LONG_RUN = re.compile(rb"[^\0]{%d,}" % (MARKS + 1))

# ECMA-48 control sequences (CSI) and control strings (OSC, DCS, APC, PM, SOS) go as a whole: a log
# that was piped from a colourful program should read "OK", not "[32mOK[0m". Unterminated strings
# lose only their introducer, so that no text can be swallowed by a missing end. A string ends where another
# begins: were each introducer's end looked for behind all others, time would grow with their square.
_SEQUENCES = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]"
    "|(?:\x1b[\\]P_^X]|[\x9d\x90\x9f\x9e\x98])[^\x07\x1b\x9c\n\x90\x98\x9d-\x9f]{0,4096}(?:\x07|\x1b\\\\|\x9c)"
)

# What is left of C0 (but newline and tab), DEL, C1; bidi embeddings, overrides and isolates, which
# reorder what surrounds them ("Trojan Source"); invisible characters that only make two names look
# alike (zero width space, word joiner, BOM and the rest of their block, soft hyphen). ZWJ and ZWNJ
# stay: emoji and several scripts need them, as right-to-left text needs LRM and RLM.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u180e\u200b\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029\x85\x0b\x0c]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_BLANKS = re.compile(r"\s+")


def is_whole(text: str) -> bool:
    """Whether it can be sent. Python gives bytes of a command line that are no UTF-8 as lone surrogates."""
    return _SURROGATES.search(text) is None


def normalize(form: Form, text: str) -> str:
    """`text` in one of Unicode's normal forms; of a row of marks no more than the first ones count."""
    return text if text.isascii() else unicodedata.normalize(form, limit_marks(text))  # noqa: TID251  # it is this one


def limit_marks(text: str) -> str:
    """`text` with no more than `MARKS` combining marks in a row."""
    classes = bytes(map(unicodedata.combining, _TO_MARKS.sub("\u0301", text)))
    parts: list[str] = []
    kept = 0
    for run in _LONG_RUN.finditer(classes):
        parts.append(text[kept : run.start() + MARKS])
        kept = run.end()
    return "".join((*parts, text[kept:])) if parts else text


def clean_text(text: str) -> str:
    """Make `text` safe to show: no C0 but newline and tab, no C1, no bidi overrides.

    Idempotent. Line ends of every kind become a newline, lone surrogates U+FFFD.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _SEQUENCES.sub("", text)
    text = _LINE_ENDS.sub("\n", text)
    text = _UNWANTED.sub("", text)
    return _SURROGATES.sub("\ufffd", text)


def clean_line(text: str, limit: int | None = None) -> str:
    """`clean_text` on one line: every run of white space becomes one blank.

    With `limit`, at most that many characters, the last one `…` if any were cut.
    """
    line = _BLANKS.sub(" ", clean_text(text)).strip()
    if limit is not None and len(line) > limit:
        return line[: limit - 1] + "…"
    return line
