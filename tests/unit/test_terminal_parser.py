"""What a terminal sends, byte by byte: keys, pastes, the mouse, and what is none of these."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from textual import events, messages
from textual.message import Message

from chat_tui.tui.terminal import parser
from chat_tui.tui.terminal.parser import InputParser, PasteCut
from protocol.text import clean_text

START, END = b"\x1b[200~", b"\x1b[201~"


def parsed(*reads: bytes) -> list[Message]:
    """What these mean, and then nothing more comes."""
    found = InputParser()
    return [message for data in reads for message in found.feed(data)] + found.flush()


def told(*reads: bytes) -> list[object]:
    """The same: of keys the name, and what they write if that is not the same; of pastes the text."""
    return [_told(message) for message in parsed(*reads)]


def _told(message: Message) -> object:
    match message:
        case events.Key(key=key, character=character):
            return key if character in (None, key) or not message.is_printable else (key, character)
        case events.Paste(text=text):
            return f"paste: {text}"
    return type(message).__name__


# --- keys


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        (b"a", "a"),
        ("й".encode(), "й"),
        (b" ", ("space", " ")),
        (b"/", ("slash", "/")),
        (b"\r", "enter"),
        (b"\x7f", "backspace"),
        (b"\x11", "ctrl+q"),
        (b"\x1b", "escape"),
        (b"\x1b[A", "up"),
        (b"\x1bOA", "up"),
        (b"\x1b[1;2R", "shift+f3"),
        (b"\x1b[R", "f3"),
        (b"\x1b[[A", "f1"),
        (b"\x1b[25~", "f13"),
        (b"\x1b[3$", "shift+delete"),
        (b"\x1b[Z", "shift+tab"),
        (b"\x1bOp", "0"),
        # Alt
        (b"\x1bp", "alt+p"),
        (b"\x1bP", "alt+shift+p"),
        (b"\x1b1", "alt+1"),
        (b"\x1b/", "alt+slash"),
        (b"\x1b\r", "alt+enter"),
        (b"\x1b[", "alt+left_square_bracket"),
        (b"\x1b]", "alt+right_square_bracket"),
        (b"\x1bO", "alt+shift+o"),
        (b"\x1b_", "alt+underscore"),
        ("\x1bй".encode(), "alt+й"),
        (b"\x1b[1;3D", "alt+left"),
        (b"\x1bb", "ctrl+left"),
        # the kitty keyboard protocol
        (b"\x1b[97u", "a"),
        (b"\x1b[97;;97u", "a"),
        (b"\x1b[97:65;2;65u", "A"),
        (b"\x1b[97:65;2u", "A"),
        (b"\x1b[97;2u", "A"),
        (b"\x1b[97;65u", "A"),
        (b"\x1b[97;1:2;97u", "a"),
        (b"\x1b[112;3u", "alt+p"),
        (b"\x1b[122:90;6u", "ctrl+shift+z"),
        (b"\x1b[13;3u", "alt+enter"),
        (b"\x1b[32;;32u", ("space", " ")),
        (b"\x1b[57400;;49u", "1"),
        (b"\x1b[1;5:1A", "ctrl+up"),
        (b"\x1b[3;5~", "ctrl+delete"),
        (b"\x1b[57442;5u", "left_control"),
        (b"\x1b[229;3;229u", "å"),  # a Mac's Option key
        (b"\x1b[0;;233u", "é"),  # of an input method: no key at all
        (b"\x1b[27;5;113~", "ctrl+q"),  # xterm's modifyOtherKeys
        # commands in a layout without Latin letters
        (b"\x1b[1081::113;5u", "ctrl+q"),
        (b"\x1b[1075::117;5u", "ctrl+u"),
        (b"\x1b[1081:1049:113;6u", "ctrl+shift+q"),
        (b"\x1b[1081::113;3u", "alt+q"),
        (b"\x1b[1081::113;;1081u", "й"),
        (b"\x1b[1075;5u", "ctrl+г"),
        (b"\x1b[97::113;5u", "ctrl+a"),  # AZERTY has letters of its own
    ],
)
def test_a_key(sent: bytes, key: object) -> None:
    assert told(sent) == [key]


def test_what_a_key_with_alt_has_on_it_is_not_written() -> None:
    for sent in (b"\x1bp", b"\x1b/", b"\x1b0", b"\x1b[112;3u", b"\x1b[27;3;112~"):
        (key,) = parsed(sent)
        assert isinstance(key, events.Key)
        assert key.character is None


@pytest.mark.parametrize(
    "sent",
    [
        b"\x1b[97;1:3u",
        b"\x1b[1;5:3A",
        b"\x1b[3;1:3~",
        b"\x1b[1114112u",
        b"\x1b[55296u",
        b"\x1b[97;1:3:9u",
        b"\x1b[1u",
        b"\x1b[155u",
        b"\x1b[57344u",
        b"\x1b[u",
        b"\x1b[:;:;:u",
        b"\x1b[;;;u",
        b"\x1b[" + b"9" * 250 + b"u",
        b"\x1b[999~",
        b"\x1b[27;5;1114112~",
        b"\x1b[24;80R",  # where the cursor is
        b"\x1b[48;24;80;0;0t",
        b"\x1b[?1u",
        b"\x1b[?62;22c",
        b"\x1b[M\xff\xff\xff",
        b"\x1b[<0;99999999999;1M",
        b"\x1b[<0;0;0M",
        b"\x1b[?2026;0$y",
        b"\x1b]11;rgb:ffff/ffff/ffff\x07",
        b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\",
        b"\x1bP>|term(1)\x1b\\",
        b"\x1b_Gi=1;OK\x1b\\",
        b"\xc2\x9b",
    ],
)
def test_what_is_no_key_is_left_out_as_a_whole(sent: bytes) -> None:
    assert told(sent) == []
    assert told(sent + b"x") == ["x"]
    for at in range(1, len(sent)):
        assert told(sent[:at], sent[at:] + b"x") == ["x"], at


def test_a_text_of_controls_writes_nothing() -> None:
    assert told(b"\x1b[97;;27:7:155u") == ["a"]
    assert told(b"\x1b[97;;55296u") == ["a"]


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (b"\x80", "�"),
        (b"\xe9x", "�x"),
        (b"\xe9\x1b[Ax", "�x"),
        (b"\xf0\x9f\x98", ""),
        (b"\xed\xa0\x80", "���"),
        (b"\xff\xfe", "��"),
    ],
)
def test_bytes_that_are_no_utf_8(sent: bytes, text: str) -> None:
    keys = [message for message in parsed(sent) if isinstance(message, events.Key)]
    assert "".join(key.character or "" for key in keys) == text


def test_characters_may_come_in_parts() -> None:
    sent = "日本 👍🏽".encode()
    whole = told(sent)
    assert len(whole) == 5
    for at in range(len(sent)):
        assert told(sent[:at], sent[at:]) == whole


# --- pastes


NASTY = [
    b"x \x1bmin\rrest",
    b"x \x1bq\x11y",
    b"ring \x07 it",
    b"\x1b[31mred\x1b[0m and \x1b[1mbold\x1b[0m\rnext",
    b"ends in \x1b",
    b"\x1b",
    b"",
    b"\x1b[200~ twice",
    b"\xff\xe9 latin",
    b"\x00\x1b[<0;1;1M\x1bOP",
    b"before\x1b[201~\rafter",
    b"\r" * 20,
    "日本\u202egnp".encode(),
]


@pytest.mark.parametrize("pasted", NASTY)
def test_a_paste_is_text(pasted: bytes) -> None:
    expected = [f"paste: {clean_text(pasted.decode('utf-8', 'replace'))}", "z"]
    assert told(START + pasted + END + b"z") == expected
    if END in pasted:
        return
    sent = START + pasted + END + b"z"
    for at in range(len(sent)):
        assert told(sent[:at], sent[at:]) == expected, at
    assert told(*(sent[at : at + 1] for at in range(len(sent)))) == expected


def test_no_pause_makes_keys_of_a_paste() -> None:
    found = InputParser()
    for part in (START + b"one\x1b", b"[20", b"\rtwo \x1b", b"[201"):
        assert found.feed(part) == []
        assert not found.pending
        assert found.flush() == []
    (paste,) = found.feed(b"~")
    assert isinstance(paste, events.Paste)
    assert paste.text == "one[20\ntwo "


def test_two_pastes_are_two() -> None:
    assert told(START + b"a" + END + START + b"b" + END) == ["paste: a", "paste: b"]
    assert told(END) == []


def test_a_paste_without_an_end_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser, "PASTE_BYTES", 1000)
    found = InputParser()
    found.feed(START)
    for _ in range(100):
        found.feed(b"a" * 100)
        assert found._paste is not None
        assert len(found._paste) <= 1000
        assert len(found._buffer) < 10
    paste, cut = found.feed(END)
    assert isinstance(paste, events.Paste)
    assert paste.text == "a" * 1000
    assert isinstance(cut, PasteCut)
    assert [_told(message) for message in found.feed(START + b"b" + END)] == ["paste: b"]


@pytest.mark.parametrize("begun", [b"\x1b[", b"\x1b]1", b"\x1bP>", b"\x1b_G"])
def test_a_sequence_without_an_end_is_bounded(begun: bytes) -> None:
    found = InputParser()
    found.feed(begun)
    longest = 0
    for _ in range(200):
        found.feed(b"1" * 100)
        longest = max(longest, len(found._buffer))
    assert parser.SEQUENCE_BYTES - 200 < longest <= parser.SEQUENCE_BYTES
    assert _told(found.feed(b"\x1b[A")[-1]) == "up"


# --- the rest


def test_the_mouse_and_the_focus() -> None:
    down, move, up, wheel, focus, blur = parsed(
        b"\x1b[<0;5;3M\x1b[<35;6;3M\x1b[<0;6;3m\x1b[<65;6;3M\x1b[I\x1b[O"
    )
    assert isinstance(down, events.MouseDown)
    assert (down.x, down.y, down.button) == (4, 2, 1)
    assert isinstance(move, events.MouseMove)
    assert move.delta_x == 1
    assert isinstance(up, events.MouseUp)
    assert isinstance(wheel, events.MouseScrollDown)
    assert isinstance(focus, events.AppFocus)
    assert isinstance(blur, events.AppBlur)
    (synchronized,) = parsed(b"\x1b[?2026;2$y")
    assert isinstance(synchronized, messages.TerminalSupportsSynchronizedOutput)


PIECES = [
    b"\x1b", b"[", b"]", b"O", b"P", b"_G", b"<", b"M", b"m", b"u", b"~", b"$", b";", b":", b"?", b"1", b"3",
    b"27", b"97", b"1114112", b"A", b"R", b"t", b"x", b"\x00", b"\x07", b"\x1b\\", b"\x1b[?", b"\r", b"\xe9",
    b"\xff", "й".encode(), START, END,
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=30), st.integers(0, 200))
@example([b"\x1b[", b"1" * 300, b"u"], 100)
@example([b"\x1b]1", b"a" * 5000], 3)
def test_any_bytes_are_taken_and_the_next_key_is_heard(pieces: list[bytes], at: int) -> None:
    sent = b"".join(pieces)
    found = InputParser()
    for data in (sent[:at], sent[at:]):
        for message in found.feed(data):
            if isinstance(message, events.Key):
                assert message.name  # Textual makes more of a key's name, and must be able to
                assert message.name_aliases
                assert (message.character or "").encode() is not None
    found.flush()
    found.feed(END)
    found.feed(b"\x1b\\")
    found.flush()
    assert not found.pending
    assert [_told(message) for message in found.feed(b"z")][-1] == "z"
    assert len(found._buffer) <= parser.SEQUENCE_BYTES
