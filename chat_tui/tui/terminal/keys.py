"""Reports of keys, as terminals send them, and the names that Textual has for those keys.

Two kinds: the reports of the kitty keyboard protocol (xterm's come in the same form), in which numbers say
what was pressed, and the older fixed sequences. What makes no sense is no key. Knows nothing of how a report
is found among the bytes; that is `parser`.
"""

import re

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._keyboard_protocol import FUNCTIONAL_KEYS, MODIFIER_FUNCTIONAL_KEYS
from textual.events import Key
from textual.keys import _character_to_key

# https://sw.kovidgoyal.net/kitty/keyboard-protocol/#an-overview
_REPORT = re.compile(r"\x1b\[([\d:]*)(?:;([\d:]*))?(?:;([\d:]*))?([u~A-FHPQRS])")
_SHIFT, _ALT, _CTRL, _CAPS = 1, 2, 4, 64
_MODIFIERS = ((_ALT, "alt"), (_CTRL, "ctrl"), (8, "super"), (16, "hyper"), (32, "meta"), (_SHIFT, "shift"))
_COMMANDS = _ALT | _CTRL | 8 | 16 | 32
"""With one of these a key is a command; without them it writes what is on it."""
_RELEASED = 3
_OTHER_KEYS = 27
"""The number under which xterm reports keys that have no report of their own (`modifyOtherKeys`)."""

_CONTROLS = {"enter": "\r", "tab": "\t", "backspace": "\x7f"}


def key_of(character: str) -> Key | None:
    """What was pressed for a character that came by itself."""
    if "\x80" <= character <= "\x9f":  # C1: no keyboard has them
        return None
    if character < " " or character == "\x7f":
        return _fixed(character)
    return Key(_character_to_key(character), character)


def alt_key_of(character: str) -> Key | None:
    """What was pressed for Escape and a character at once: the character's key and Alt."""
    if character == "\r":
        return Key("alt+enter", None)  # Textual takes it for Enter, which would send what is half written
    # Textual has names for some of these from terminals that move by words so; but what most send for Alt and
    # a digit it takes for what a Mac writes with that (`¡`).
    if not character.isdigit() and (fixed := ANSI_SEQUENCES_KEYS.get("\x1b" + character)):
        return _fixed("\x1b" + character) if isinstance(fixed, tuple) else _with_alt(character)
    if character < " " or "\x7f" <= character <= "\x9f":
        base = _fixed(character)
        return Key(f"alt+{base.key}", None) if base is not None else None
    return _with_alt(character)


def keys_of(sequence: str) -> list[Key]:
    """What was pressed for a whole escape sequence; nothing if it is no key's."""
    match = _REPORT.fullmatch(sequence)
    reported = _reported(*match.groups(default="")) if match is not None else None
    if reported is not None:
        return reported
    key = _fixed(sequence)
    return [key] if key is not None else []


def _with_alt(character: str) -> Key:
    shift = "shift+" if character.isupper() else ""
    return Key(f"alt+{shift}{_character_to_key(character.lower() if shift else character)}", None)


def _fixed(sequence: str) -> Key | None:
    keys = ANSI_SEQUENCES_KEYS.get(sequence)
    if isinstance(keys, str):  # of the keypad
        return Key(_character_to_key(keys), keys)
    if (
        not isinstance(keys, tuple) or len(keys) > 1
    ):  # "Escape and then …", which is what Alt with a key that no terminal has once was
        return None
    return Key(keys[0].value, sequence if len(sequence) == 1 else None)


def _reported(codes: str, held: str, text: str, end: str) -> list[Key] | None:
    """What a report says, or None if the older sequences have to be asked."""
    modifiers, event, *_ = [*_numbers(held), 0]
    bits = max(modifiers - 1, 0)
    if event == _RELEASED:
        return []
    code, shifted, base, *_ = [*_numbers(codes), 0, 0]
    if end == "~" and code == _OTHER_KEYS and text:
        code, shifted, base, text, end = _numbers(text)[0], 0, 0, "", "u"
    elif end not in "u~" and not codes:
        code = 1
    name = FUNCTIONAL_KEYS.get(f"{code}{end}", "")
    written = _text(text, bits)
    if not name and end != "u":
        return None
    if name:
        return [_named(name, bits, written)]
    if written:
        return [_named(_character_to_key(character), bits, character) for character in written]
    return _without_text(code, shifted, base, bits)


def _named(name: str, bits: int, character: str) -> Key:
    character = character[:1]
    held = []
    if name not in MODIFIER_FUNCTIONAL_KEYS:
        # A character says by itself that Shift was held for it, and on a Mac that Alt was.
        held = [
            modifier
            for bit, modifier in _MODIFIERS
            if bits & bit and not (bit in (_SHIFT, _ALT) and character and not character.isspace())
        ]
    if not character and not bits & (_COMMANDS | _SHIFT):
        character = _CONTROLS.get(name, "")
    return Key("+".join([*sorted(held), name]), character or None)


def _without_text(code: int, shifted: int, base: int, bits: int) -> list[Key]:
    """A key for which the terminal did not say what it writes."""
    if bits & _COMMANDS:
        # In a layout without Latin letters a command's key is the one that stands there in the usual layout.
        code = base if code > 0x7F and 0x20 < base < 0x7F else code
        character = _character(code)
        return [_named(_character_to_key(character), bits, "")] if character else []
    character = _character(code)
    if bits & _SHIFT:
        character = _character(shifted) or character.upper()[:1]
    elif bits & _CAPS:
        character = character.upper()[:1]
    return [_named(_character_to_key(character), 0, character)] if character else []


def _text(codes: str, bits: int) -> str:
    """What a key writes, as far as it is text."""
    if bits & (_COMMANDS & ~_ALT):
        return ""
    return "".join(map(_character, _numbers(codes)))


def _character(code: int) -> str:
    """The character with this number; empty if it is none that a key writes."""
    if code < 0x20 or 0x7F <= code <= 0x9F or 0xD800 <= code <= 0xF8FF or code > 0x10FFFF:
        return ""  # controls, halves of a pair, and the private numbers that kitty gives to keys without one
    return chr(code)


def _numbers(digits: str) -> list[int]:
    return [int(part) if part else 0 for part in digits.split(":")]
