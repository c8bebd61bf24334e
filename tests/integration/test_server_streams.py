"""`chat-server` and its commands where a stream is closed or full: no traceback, and a status that tells."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from common.arguments import Parser
from server.__main__ import COMMANDS, _load
from tests.support.processes import ENVIRONMENT
from tests.support.waiting import SECONDS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/dev/full, and a shell that closes streams")


async def start(redirected: str, *arguments: str | Path) -> asyncio.subprocess.Process:
    """`chat-server` started by a shell that redirects its streams so."""
    return await asyncio.create_subprocess_exec(
        *("sh", "-c", f'exec "$@" {redirected}', "sh", sys.executable, "-m", "server"),
        *map(str, arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **ENVIRONMENT},
    )


async def run(redirected: str, *arguments: str | Path) -> tuple[int, str, str]:
    """Its status, output and errors."""
    process = await start(redirected, *arguments)
    async with asyncio.timeout(SECONDS):
        output, told = await process.communicate()
    assert process.returncode is not None
    assert b"Traceback" not in told
    assert b"Exception" not in told
    return process.returncode, output.decode(), told.decode()


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    """A data folder with something in it."""
    folder = tmp_path / "data"
    process = await start("", "--data", folder, "--listen", "127.0.0.1:0", "--registration", "closed")
    assert process.stdout is not None
    assert (await process.stdout.readline()).startswith(b"listening on ")
    process.send_signal(signal.SIGTERM)
    await process.communicate()
    assert (await run("", "room", "create", "lunch", "--data", folder))[0] == 0
    return folder


@pytest.mark.parametrize("closed", ["<&-", "<&- 2>&-", "2>&-"])
async def test_a_server_ends_in_order_whatever_is_closed(tmp_path: Path, closed: str) -> None:
    process = await start(closed, "--data", tmp_path / "data", "--listen", "127.0.0.1:0")
    assert process.stdout is not None
    assert (await process.stdout.readline()).startswith(b"listening on ")
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(SECONDS):
        _, told = await process.communicate()
    assert (process.returncode, told) == (0, b"")


async def test_help_that_can_not_be_written_is_no_success() -> None:
    for command in ("--help", "--version", "pin --help", "user list --help"):
        status, _, told = await run(">/dev/full", *command.split())
        assert (status, told) == (1, "chat-server: cannot go on: No space left on device\n"), command


def test_every_command_has_a_parser_that_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    helped = []
    monkeypatch.setattr(Parser, "print_help", lambda parser: helped.append(parser.prog))
    for command, place in COMMANDS.items():
        with pytest.raises(SystemExit):
            _load(*place.split(":"))(["--help"])
        assert helped.pop() == f"chat-server {command}"
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("redirected", [">/dev/full", ">&-"])
async def test_an_answer_that_can_not_be_written_is_no_success(data: Path, redirected: str) -> None:
    for arguments in (("--print-config",), ("user", "list"), ("export",), ("room", "list")):
        of_data = () if arguments == ("--print-config",) else ("--data", data)
        status, _, told = await run(redirected, *arguments, *of_data)
        assert status == 1, arguments
        assert told.startswith("chat-server: "), arguments
        assert told.count("\n") == 1


async def test_a_full_disk_under_the_line_that_it_listens_is_one_line(tmp_path: Path) -> None:
    status, _, told = await run(">/dev/full", "--data", tmp_path / "data", "--listen", "127.0.0.1:0")
    assert status == 1
    assert "No space left on device" in told
