"""The command line where there is no terminal, or where a stream is closed or full: one line and a status."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from protocol import frames
from tests.support.commands import home
from tests.support.inprocess import RunningServer
from tests.support.waiting import SECONDS
from tests.support.wire import text_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a shell of Unix closes them")

CLOSED = {"input": "<&-", "output": ">&-", "errors": "2>&-", "all": "<&- >&- 2>&-"}


async def run(
    folder: Path, redirected: str, *arguments: str, given: str = "", **environment: str
) -> tuple[int, str, str]:
    """Status, output and errors of `chat-tui` run by a shell that redirects its streams so."""
    shell = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        f'exec "$@" {redirected}',
        "sh",
        sys.executable,
        "-m",
        "chat_tui",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**_without_driver(os.environ), **home(folder), **environment},
    )
    async with asyncio.timeout(SECONDS):
        output, told = await shell.communicate(given.encode())
    assert shell.returncode is not None
    assert b"Traceback" not in told
    assert b"Exception" not in told
    return shell.returncode, output.decode(), told.decode()


def _without_driver(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name != "TEXTUAL_DRIVER"}


@pytest.mark.parametrize("redirected", ["</dev/null", "<&-", "<&- >&- 2>&1", "</dev/null | head"])
async def test_the_screen_without_a_terminal_is_one_line(tmp_path: Path, redirected: str) -> None:
    status, output, told = await run(tmp_path, redirected, "--name", "alice")
    assert status == (0 if "head" in redirected else 2)  # that is what head ends with
    assert output == ""
    if "2>&1" not in redirected:
        assert told.startswith("chat-tui: the screen needs a terminal")
        assert told.count("\n") == 1


@pytest.mark.parametrize("closed", CLOSED)
async def test_a_closed_stream_ends_no_command(tmp_path: Path, server: RunningServer, closed: str) -> None:
    bob = await server.enter("bob", "#general")
    who = ("--server", str(server.address), "--name", "alice")
    status, _, _ = await run(tmp_path, CLOSED[closed], "send", "#general", "-", *who, given="it came")
    if closed in ("output", "errors"):  # its text was there
        while (come := await bob.event()).kind != frames.MESSAGE:
            assert come.kind == frames.JOIN
        assert text_of(come) == "it came"
    assert status == (0 if closed in ("output", "errors") else 2)
    status, output, told = await run(tmp_path, CLOSED[closed], "login", *who)
    assert status == (1 if closed in ("output", "all") else 0)
    assert bool(output) == (status == 0)
    assert told == ("chat-tui: cannot go on: Bad file descriptor\n" if closed == "output" else "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
@pytest.mark.parametrize("question", ["--version", "check-config", "--help", "send --help"])
async def test_an_answer_that_can_not_be_written_is_no_success(tmp_path: Path, question: str) -> None:
    asked = question.split()
    for unbuffered in ("", "1"):
        status, _, told = await run(tmp_path, ">/dev/full", *asked, PYTHONUNBUFFERED=unbuffered)
        assert (status, told) == (1, "chat-tui: cannot go on: No space left on device\n")
    status, _, told = await run(tmp_path, ">&-", *asked)
    assert (status, told) == (1, "chat-tui: cannot go on: Bad file descriptor\n")
