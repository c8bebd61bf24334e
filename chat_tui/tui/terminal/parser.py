"""From the bytes of a terminal to what they mean: keys, pastes, the mouse, the focus.

Every byte is taken, whatever it is: what is no UTF-8 becomes U+FFFD, a sequence that nobody knows is left out
as a whole. What stands in a bracketed paste is text, never a key, and is cleaned here, once for every field.
Textual's own parser obeys parts of pastes and raises for some reports. Does no I/O and has no clock: whoever
reads says by `flush` that nothing more came for a while.
"""

import codecs
import re

from textual import events, messages
from textual.message import Message

from chat_tui.tui.terminal.keys import alt_key_of, key_of, keys_of
from protocol.text import clean_text

PASTE_BYTES = 4 * 2**20
"""A longer paste is cut here: no message takes more than a fraction of it."""

SEQUENCE_BYTES = 4096
"""No sequence is longer; what goes on without an end was none. A paste has its own bound."""

_ESCAPE = 0x1B
_PASTE_START, _PASTE_END = b"\x1b[200~", b"\x1b[201~"

# ECMA-48's control sequences, and three that break its rules: the mouse's oldest report with three bytes
# behind it, function keys of the Linux console, and those of rxvt with Shift.
_SEQUENCE = re.compile(
    rb"\x1b(?:\[(?:M[\x00-\xff]{3}|\[[\x21-\x7e]|\d+\$|(?!M|\[)[0-?]{0,4090}[ -/]{0,8}[@-~])|O[A-Za-z])"
)
_SEQUENCE_BEGUN = re.compile(rb"\x1b(?:\[(?:M[\x00-\xff]{0,2}|\[|[0-?]{0,4090}[ -/]{0,8})?|[O\]P_])?\Z")
_BROKEN = re.compile(rb"\x1b\[[0-?]{1,4090}[ -/]{0,8}")
# Answers to what some program has asked the terminal before: OSC, DCS and APC. Alt and `]`, `P` or `_` begin
# alike, so the next byte has to be right too.
_STRING_BEGUN = re.compile(rb"\x1b(?:\]\d|P[\d>=?$+!]|_G)")
_STRING = re.compile(rb"\x1b[\]P_][^\x07\x1b]*(?:\x07|\x1b\\)")
_STRING_ENDS = re.compile(rb"\x07|\x1b(?!\Z)")

_MOUSE = re.compile(r"\x1b\[<(\d{1,4});(\d{1,5});(\d{1,5})([Mm])")
_MODE_2026 = re.compile(r"\x1b\[\?2026;[123]\$y")
_SCROLLS = (events.MouseScrollUp, events.MouseScrollDown, events.MouseScrollLeft, events.MouseScrollRight)


class PasteCut(Message):
    """A paste was longer than is taken: only its beginning was."""


class InputParser:
    """See the module. `pending`: something has begun that `flush` would end."""

    def __init__(self) -> None:
        self._buffer = b""
        self._paste: bytearray | None = None
        self._cut = False
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._mouse_at = (0, 0)
        self._found: list[Message] = []

    @property
    def pending(self) -> bool:
        return bool(self._buffer) and self._paste is None

    def feed(self, data: bytes) -> list[Message]:
        """What these bytes mean, together with what came before."""
        self._buffer += data
        at = 0
        while at < len(self._buffer):
            if self._paste is not None:
                taken = self._pasted(at)
            elif self._buffer[at] == _ESCAPE:
                taken = self._escaped(at)
            else:
                taken = self._written(at)
            if not taken:
                break
            at += taken
        self._buffer = self._buffer[at:]
        return self._taken()

    def flush(self) -> list[Message]:
        """What has begun goes on no more: Escape was pressed alone, or with one key as Alt."""
        begun, self._buffer = self._buffer, self._buffer if self._paste is not None else b""
        if self._paste is not None or not begun or _STRING_BEGUN.match(begun):
            return self._taken()
        if len(begun) == 2 and begun[1] < 0x80:  # Alt+[ and others that begin sequences
            self._key(alt_key_of(chr(begun[1])))
        elif len(begun) == 1 or begun[1] >= 0x80:
            self._key(key_of("\x1b"))
            return self._taken() + self.feed(begun[1:])
        return self._taken()

    def _taken(self) -> list[Message]:
        found, self._found = self._found, []
        return found

    def _key(self, key: events.Key | None) -> None:
        if key is not None:
            self._found.append(key)

    # --- each of these returns how many bytes it has taken; none: more have to come

    def _written(self, at: int) -> int:
        """Characters, up to the next Escape."""
        end = self._buffer.find(_ESCAPE, at)
        text = self._decoder.decode(self._buffer[at:] if end < 0 else self._buffer[at:end], final=end >= 0)
        for character in text:
            self._key(key_of(character))
        return (len(self._buffer) if end < 0 else end) - at

    def _escaped(self, at: int) -> int:
        if len(self._buffer) == at + 1:
            return 0
        for character in self._decoder.decode(b"", final=True):
            self._key(key_of(character))
        if (match := _SEQUENCE.match(self._buffer, at)) is not None:
            return self._sequence(match[0])
        if _SEQUENCE_BEGUN.match(self._buffer, at):
            return 0
        if _STRING_BEGUN.match(self._buffer, at):
            return self._string(at)
        if (match := _BROKEN.match(self._buffer, at)) is not None:
            return len(match[0])
        return self._alt(at)

    def _sequence(self, sequence: bytes) -> int:
        """A sequence that has come to its end; how long it is."""
        text = sequence.decode("ascii", "replace")
        if sequence == _PASTE_START:
            self._paste = bytearray()
        elif text == "\x1b[I":
            self._found.append(events.AppFocus())
        elif text == "\x1b[O":
            self._found.append(events.AppBlur())
        elif (mouse := _MOUSE.fullmatch(text)) is not None:
            buttons, x, y = map(int, mouse.groups()[:3])
            self._mouse(buttons, x - 1, y - 1, pressed=mouse[4] == "M")
        elif _MODE_2026.fullmatch(text):
            self._found.append(messages.TerminalSupportsSynchronizedOutput())
        elif keys := keys_of(text):
            self._found.extend(keys)
        elif sequence[1:2] == b"O":  # no key of its own: Alt+O, and then what was typed
            self._key(alt_key_of("O"))
            return 2
        return len(sequence)

    def _string(self, at: int) -> int:
        """An answer of the terminal; nothing was asked, so it is left out. Its end may be missing."""
        if (match := _STRING.match(self._buffer, at)) is not None:
            return len(match[0])
        broken = _STRING_ENDS.search(self._buffer, at + 1)
        if broken is not None:
            return broken.start() - at
        return 0 if len(self._buffer) - at < SEQUENCE_BYTES else len(self._buffer) - at

    def _alt(self, at: int) -> int:
        """Escape and something that is no sequence: Alt and that key, or Escape before another sequence."""
        first = self._buffer[at + 1]
        if first == _ESCAPE:
            self._key(key_of("\x1b"))
            return 1
        size = 1 if first < 0xC0 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4
        whole = self._buffer[at + 1 : at + 1 + size]
        try:
            self._key(alt_key_of(whole.decode()))
        except UnicodeDecodeError as error:
            if error.reason == "unexpected end of data" and len(whole) < size:
                return 0
            self._key(key_of("\x1b"))
            return 1
        return 1 + size

    def _mouse(self, buttons: int, x: int, y: int, *, pressed: bool) -> None:
        if (
            x < 0 or y < 0 or buttons & 128
        ):  # Ghostty, outside its window; buttons for which there are no names
            return
        moved = (x - self._mouse_at[0], y - self._mouse_at[1])
        self._mouse_at = (x, y)
        kind: type[events.MouseEvent]
        button = 0
        if buttons & 64:
            kind = _SCROLLS[buttons & 3]
        else:
            button = (buttons + 1) & 3
            if buttons & 32 or not button:
                kind = events.MouseMove
            else:
                kind = events.MouseDown if pressed else events.MouseUp
        shift, meta, ctrl = (bool(buttons & bit) for bit in (4, 8, 16))
        self._found.append(kind(None, x, y, *moved, button, shift, meta, ctrl, screen_x=x, screen_y=y))

    # --- pastes

    def _pasted(self, at: int) -> int:
        """What is in a bracketed paste, up to its end."""
        end = self._paste_end(at)
        if end >= 0:
            self._keep(self._buffer[at:end])
            self._end_paste()
            return end + len(_PASTE_END) - at
        # The end may have begun to come: so many bytes wait for the next ones.
        kept = max(len(self._buffer) - len(_PASTE_END) + 1, at)
        self._keep(self._buffer[at:kept])
        return kept - at

    def _paste_end(self, at: int) -> int:
        """Where the paste ends, -1 if that has not come. Some terminals let what marks the end through in the
        text: when there is another one before a new paste begins, the text goes on to that."""
        end = self._buffer.find(_PASTE_END, at)
        while end >= 0:
            later = self._buffer.find(_PASTE_END, end + 1)
            if later < 0 or self._buffer.find(_PASTE_START, end, later) >= 0:
                break
            end = later
        return end

    def _keep(self, data: bytes) -> None:
        if self._paste is not None:
            room = PASTE_BYTES - len(self._paste)
            self._paste += data[:room]
            self._cut = self._cut or len(data) > room

    def _end_paste(self) -> None:
        pasted, self._paste = self._paste or b"", None
        self._found.append(events.Paste(clean_text(pasted.decode("utf-8", "replace"))))
        if self._cut:
            self._cut = False
            self._found.append(PasteCut())
