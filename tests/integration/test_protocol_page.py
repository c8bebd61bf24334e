"""PROTOCOL.md tells the truth: its example runs, and it names every frame, field, code and limit there is."""

import asyncio
import re
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

import protocol
from protocol import errors, frames
from protocol.frames import Frame
from protocol.limits import Limits
from server.limits.quotas import COSTS
from tests.conftest import Dial, StartServer
from tests.support.waiting import SECONDS
from tests.support.wire import text_of

PAGE = (Path(protocol.__file__).parent / "PROTOCOL.md").read_text("utf-8")
(EXAMPLE,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

FRAMES = sorted({*frames.FROM_CLIENT, *frames.FROM_SERVER}, key=lambda kind: kind.__name__)


def section_of(tag: str) -> str:
    """What the page says of one frame: its own section, or the one it shares."""
    own = re.search(rf"^### `{tag}`.*?(?=^##)", PAGE, re.DOTALL | re.MULTILINE)
    if own is not None:
        return own[0]
    shared = "## Requests and answers" if tag in {"ok", "error"} else "## Frames both ways"
    start = PAGE.index(shared)
    section = PAGE[start : PAGE.index("\n## ", start)]
    assert f"`{tag}`" in section
    return section


def fields_of(kind: type[Any]) -> list[str]:
    return [field.encode_name for field in msgspec.structs.fields(kind)]


@pytest.mark.parametrize("kind", FRAMES, ids=lambda kind: kind.__name__)
def test_the_page_names_every_field_of_every_frame(kind: type[Frame]) -> None:
    section = section_of(str(kind.__struct_config__.tag))
    wanted = fields_of(kind)
    if issubclass(kind, frames.Request):
        wanted += fields_of(kind.result)
    assert [name for name in wanted if f"`{name}`" not in section] == []


INSIDE = [
    frames.RoomState, frames.RoomInfo, frames.Invitation, frames.PersonInfo, frames.Person, frames.Count,
    frames.MemberInfo, frames.Punished, frames.Term, frames.Banned, frames.AuditInfo, Limits,
]  # fmt: skip
BODIES = [
    frames.TextBody, frames.TopicBody, frames.NickBody, frames.CreateBody, frames.AboutBody, frames.RoleBody,
    frames.VisibilityBody, frames.ReactionBody,
]  # fmt: skip


@pytest.mark.parametrize("kind", BODIES, ids=lambda kind: kind.__name__)
def test_the_page_names_every_field_of_every_body(kind: type[Any]) -> None:
    start = PAGE.index("## Events")
    section = PAGE[start : PAGE.index("\n## ", start)]
    assert [name for name in fields_of(kind) if not re.search(rf"\b{name}\b", section)] == []


@pytest.mark.parametrize("kind", INSIDE, ids=lambda kind: kind.__name__)
def test_the_page_names_every_field_inside(kind: type[Any]) -> None:
    assert [name for name in fields_of(kind) if f"`{name}`" not in PAGE] == []


def test_the_page_has_every_code_and_no_other() -> None:
    codes = {value for name, value in vars(errors).items() if name.isupper() and isinstance(value, str)}
    start = PAGE.index("## Error codes")
    table = PAGE[start : PAGE.index("\n## ", start)]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == codes


def test_the_page_has_the_limits_that_are() -> None:
    start = PAGE.index("| in `limits` |")
    rows = dict(
        re.findall(r"^\| `(\w+)` \| (\d+) \|", PAGE[start : PAGE.index("### `event`", start)], re.MULTILINE)
    )
    assert {name: int(value) for name, value in rows.items()} == msgspec.structs.asdict(Limits())


def test_the_page_has_what_each_request_counts_for() -> None:
    start = PAGE.index("| counts for |")
    told: dict[str, tuple[float, str]] = {}
    for amount, unit, kinds in re.findall(
        r"^\| ([\d.]+) (change|message)s? \| (.*) \|$", PAGE[start : PAGE.index("\n\n", start)], re.MULTILINE
    ):
        told |= dict.fromkeys(re.findall(r"`(\w+)`", kinds), (float(amount), unit))
    counted = {
        str(kind.__struct_config__.tag): (cost.changes, "change")
        if cost.changes
        else (cost.messages, "message")
        for kind, cost in COSTS.items()
    }
    assert told == counted


async def test_the_example_runs(start_server: StartServer, dial: Dial) -> None:
    server = await start_server()
    bob = await dial(server.address)
    await bob.enter("bob", "#lunch")
    example = await asyncio.create_subprocess_exec(
        sys.executable, "-c", EXAMPLE, server.address.host, str(server.address.port),
        "ann", "LUNCH", "Hello, all!",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert example.stdout is not None
    try:
        async with asyncio.timeout(SECONDS):
            while (event := await bob.event("#lunch")).kind != frames.MESSAGE:
                pass
            assert (event.sender, text_of(event)) == ("ann", "Hello, all!")
            assert event.cid is not None
            await bob.tell("#lunch", "Hi \x1b[31mann")
            assert await example.stdout.readline() == b"#lunch ann 'Hello, all!'\n"
            assert await example.stdout.readline() == b"#lunch bob 'Hi \\x1b[31mann'\n"
            await server.stop()
            output, errors_ = await example.communicate()
        assert (output, errors_.strip(), example.returncode) == (b"", b"the server stops", 1)
    finally:
        if example.returncode is None:
            example.kill()
            await example.communicate()
