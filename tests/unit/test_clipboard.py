"""Which ways of copying are tried, and that they get the text."""

import base64
import os
from pathlib import Path

import pytest

from chat_tui.tui.terminal import clipboard
from chat_tui.tui.terminal.clipboard import OSC52_BYTES, osc52, tools


def names(environment: dict[str, str], platform: str = "linux") -> list[str]:
    return [tool.command[0] for tool in tools(environment, platform)]


@pytest.mark.parametrize(
    ("environment", "platform", "expected"),
    [
        ({}, "linux", []),
        ({"TMUX": "x"}, "linux", ["tmux"]),
        ({"TMUX": "x", "DISPLAY": ":0"}, "linux", ["tmux", "xclip", "xsel"]),
        ({"WAYLAND_DISPLAY": "w", "DISPLAY": ":0"}, "linux", ["wl-copy", "xclip", "xsel"]),
        ({"DISPLAY": ":0", "SSH_CONNECTION": "1"}, "linux", []),
        ({"TMUX": "x", "SSH_TTY": "/dev/pts/1"}, "darwin", ["tmux"]),
        ({}, "darwin", ["pbcopy"]),
        ({}, "win32", ["clip.exe"]),
        ({"WSL_DISTRO_NAME": "Debian"}, "linux", ["clip.exe"]),
    ],
)
def test_the_ways_worth_trying(environment: dict[str, str], platform: str, expected: list[str]) -> None:
    assert names(environment, platform) == expected


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


async def test_the_first_program_that_works_gets_the_text(tmp_path: Path) -> None:
    program(tmp_path, "wl-copy", "exit 1")
    program(tmp_path, "xsel", f"cat > {tmp_path}/copied")
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "DISPLAY": ":9", "WAYLAND_DISPLAY": "w"}
    assert await clipboard.copy("schön 日本", environment, "linux") == "the clipboard"
    assert (tmp_path / "copied").read_text(encoding="utf-8") == "schön 日本"


async def test_a_program_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat_tui.tui.terminal.desktop.TOOL_SECONDS", 0.05)
    program(tmp_path, "xclip", "exec sleep 60")
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "DISPLAY": ":9"}
    assert await clipboard.copy("text", environment, "linux") is None


def test_what_a_terminal_is_asked_for() -> None:
    sequence = osc52("schön")
    assert sequence is not None
    assert sequence.startswith("\x1b]52;c;")
    assert base64.b64decode(sequence[7:-1]).decode() == "schön"
    assert osc52("x" * OSC52_BYTES) is not None
    assert osc52("x" * (OSC52_BYTES + 1)) is None
