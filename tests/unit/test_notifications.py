"""How a person is told who looks at another window."""

import os
from pathlib import Path

import pytest

from chat_tui.tui.terminal.notifications import from_desktop, from_terminal


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TERM": "foot"}, "\x1b]777;notify;bob in #a, b;hi; there\x07"),
        ({"TERM": "xterm-kitty"}, "\x1b]9;bob in #a; b: hi; there\x07"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "\x1b]9;bob in #a; b: hi; there\x07"),
        (
            {"TERM": "tmux-256color", "TERM_PROGRAM": "tmux", "WEZTERM_PANE": "0"},
            "\x1b]777;notify;bob in #a, b;hi; there\x07",
        ),
        ({"TERM": "xterm-256color"}, None),
        ({"TERM": "linux"}, None),
        ({}, None),
    ],
)
def test_terminals_that_are_known_to_show_notifications(
    environment: dict[str, str], expected: str | None
) -> None:
    assert from_terminal("bob in #a; b", "hi; there", environment) == expected


async def test_the_desktop_gets_plain_text(tmp_path: Path) -> None:
    script = tmp_path / "notify-send"
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/told\n', encoding="utf-8")
    script.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "DISPLAY": ":9"}
    assert await from_desktop("--help", "<b>$(id)</b> & co", environment, "linux")
    told = (tmp_path / "told").read_text(encoding="utf-8").splitlines()
    assert told == ["--app-name=chat-tui", "--", "--help", "&lt;b&gt;$(id)&lt;/b&gt; &amp; co"]


async def test_no_desktop_is_no_error() -> None:
    assert not await from_desktop("a", "b", {"PATH": "/nowhere"}, "linux")
    assert not await from_desktop("a", "b", {"PATH": "/nowhere", "DISPLAY": ":9"}, "linux")
    assert not await from_desktop("a", "b", {"PATH": "/nowhere"}, "darwin")
    assert not await from_desktop("a", "b", {"DISPLAY": ":9", "SSH_TTY": "x", "PATH": "/usr/bin"}, "linux")
