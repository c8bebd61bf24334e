"""PROTOCOL.md tells the truth: its example runs, and it names every frame, field, code and limit there is."""

import asyncio
import re
import sys
from typing import Any

import msgspec
import pytest

from protocol import errors, frames
from protocol.frames import Frame
from protocol.limits import Limits
from server.limits.quotas import COSTS
from tests.conformance import page
from tests.conftest import Dial, StartServer
from tests.support.waiting import SECONDS
from tests.support.wire import text_of

PAGE = page.PAGE
(EXAMPLE,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

FRAMES = sorted({*frames.FROM_CLIENT, *frames.FROM_SERVER}, key=lambda kind: kind.__name__)


def fields_of(kind: type[Any]) -> list[str]:
    return [field.encode_name for field in msgspec.structs.fields(kind)]


@pytest.mark.parametrize("kind", FRAMES, ids=lambda kind: kind.__name__)
def test_the_page_lists_the_fields_of_every_frame_and_no_other(kind: type[Frame]) -> None:
    tag = str(kind.__struct_config__.tag)
    assert set(page.FRAMES[tag]) == set(fields_of(kind))
    if issubclass(kind, frames.Request):
        assert set(page.RESULTS[tag]) == set(fields_of(kind.result))


@pytest.mark.parametrize("kind", FRAMES, ids=lambda kind: kind.__name__)
def test_the_page_gives_every_field_its_default(kind: type[Frame]) -> None:
    tag = str(kind.__struct_config__.tag)
    for field in msgspec.structs.fields(kind):
        told = page.FRAMES[tag][field.encode_name]
        assert told.required == field.required, field
        default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        if not field.required:
            assert told.default == (default if default != Limits() else {}), field


def test_the_page_has_no_frame_that_is_not_there() -> None:
    assert set(page.FRAMES) == {str(kind.__struct_config__.tag) for kind in FRAMES}


SHAPES = {
    "room state": frames.RoomState, "channel": frames.RoomInfo, "room invitation": frames.Invitation,
    "person online": frames.PersonInfo, "person": frames.Person, "count": frames.Count,
    "member": frames.MemberInfo, "sanctioned": frames.Punished, "restriction": frames.Term,
    "server ban": frames.Banned, "record": frames.AuditInfo, "limits": Limits, "device": frames.DeviceInfo,
    "invitation": frames.InviteInfo, "account": frames.UserInfo, "account data": frames.MineResult,
    "event": frames.Event,
}  # fmt: skip
BODIES = [
    frames.TextBody, frames.TopicBody, frames.NickBody, frames.CreateBody, frames.AboutBody, frames.RoleBody,
    frames.VisibilityBody, frames.ReactionBody,
]  # fmt: skip


@pytest.mark.parametrize("kind", BODIES, ids=lambda kind: kind.__name__)
def test_the_page_names_every_field_of_every_body(kind: type[Any]) -> None:
    start = PAGE.index("## Events")
    section = PAGE[start : PAGE.index("\n## ", start)]
    assert [name for name in fields_of(kind) if not re.search(rf"\b{name}\b", section)] == []


@pytest.mark.parametrize("name", page.SHAPES)
def test_the_page_lists_the_fields_of_every_map(name: str) -> None:
    assert set(page.SHAPES[name]) == set(fields_of(SHAPES[name]))


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
