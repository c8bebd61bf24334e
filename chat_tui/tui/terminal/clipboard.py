"""Getting text into the clipboard of the computer that a person sits at, and saying how it went.

No way works everywhere. In tmux its own buffer is the surest: tmux hands it on to the terminal it runs in,
over ssh too. Where this computer has a desktop, that desktop's tool. Else the terminal is asked (OSC 52):
most obey, none answers. Knows the environment and the desktop's programs; what `osc52` makes, somebody else
writes.
"""

import base64
from collections.abc import Iterator, Mapping

import msgspec

from chat_tui.tui.terminal import desktop

OSC52_BYTES = 74_994
"""What fits into 100,000 characters of base64, which is where xterm and others stop reading."""


class Tool(msgspec.Struct, frozen=True):
    """A program that takes text on its standard input. `place` is where the text is then, for a person."""

    command: tuple[str, ...]
    place: str = "the clipboard"
    encoding: str = "utf-8"


_TMUX = Tool(("tmux", "load-buffer", "-w", "-"), "tmux's buffer and the clipboard")
_DESKTOP = (
    ("WAYLAND_DISPLAY", Tool(("wl-copy",))),
    ("DISPLAY", Tool(("xclip", "-selection", "clipboard"))),
    ("DISPLAY", Tool(("xsel", "--clipboard", "--input"))),
)


def tools(environment: Mapping[str, str], platform: str) -> Iterator[Tool]:
    """The programs worth trying, the surest first. `platform` as in `sys.platform`."""
    if "TMUX" in environment:
        yield _TMUX
    if desktop.is_remote(environment):
        return  # a tool here would fill the clipboard of a computer where nobody sits
    if platform == "darwin":
        yield Tool(("pbcopy",))
    elif platform == "win32" or "WSL_DISTRO_NAME" in environment:
        yield Tool(("clip.exe",), encoding="utf-16")  # else it takes its console's code page
    for variable, tool in _DESKTOP:
        if variable in environment:
            yield tool


async def copy(text: str, environment: Mapping[str, str], platform: str) -> str | None:
    """Copy by the first tool that works: where the text is now, or None if there is no such tool."""
    for tool in tools(environment, platform):
        if await desktop.run(tool.command, environment, text.encode(tool.encoding)):
            return tool.place
    return None


def osc52(text: str) -> str | None:
    """What asks the terminal to copy, or None if the text is longer than terminals take."""
    data = text.encode()
    return f"\x1b]52;c;{base64.b64encode(data).decode()}\x07" if len(data) <= OSC52_BYTES else None
