"""What calls a user: levels on the server, mentions counted by real clients, alike on all devices."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from chat_tui.client import updates
from chat_tui.client.catching_up import CatchingUp
from chat_tui.client.errors import LostError
from protocol import errors, frames, limits
from protocol.frames import EVERYTHING, MENTIONS, MUTED
from tests.support.cast import do
from tests.support.clients import Person
from tests.support.inprocess import RunningServer
from tests.support.waiting import until
from tests.support.wire import Wire

ROOM = "#room"

Meet = Callable[..., Person]


@pytest.fixture
async def meet(server: RunningServer, tmp_path: Path) -> AsyncIterator[Meet]:
    """People whose caches stay, and who are stopped when the test ends."""
    people: list[Person] = []

    def person(name: str, device: str = "", **options: int) -> Person:
        cache = tmp_path / device if device else None
        people.append(Person(server.address, name, cache=cache, **options))  # type: ignore[arg-type]  # `fill`
        return people[-1]

    yield person
    for one in people:
        await one.stop()


async def levels(wire: Wire) -> dict[str, str]:
    return (await wire.ask(frames.Mine(wire.new_id), frames.MineResult)).levels


async def test_a_level_is_kept_until_one_leaves(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await server.enter("ann", ROOM, "#gone", "#left")
    phone = await server.enter("ann")
    await server.enter("bob", ROOM)
    direct = (await ann.ask(frames.Dm(ann.new_id, "bob"), frames.JoinResult)).room.room
    for room, level in ((ROOM, MUTED), ("#gone", EVERYTHING), ("#left", MUTED), (direct, MENTIONS)):
        await do(ann, frames.SetLevel, room, level)
        assert (await phone.next_of(frames.MineChanged)).levels[room] == level
    await do(ann, frames.SetLevel, "#left", MUTED)  # again: nothing new
    await do(ann, frames.Leave, "#left")
    await do(ann, frames.DeleteRoom, "#gone")
    for room in ("#left", "#gone"):
        await ann.join(room)
    kept = {ROOM: MUTED, direct: MENTIONS}
    assert await levels(ann) == await levels(phone) == kept
    assert (await ann.sync()).mine.levels == kept
    await server.stop()
    later = RunningServer(server.data)
    await later.start()
    ann = await later.enter("ann")
    assert await levels(ann) == kept
    await do(ann, frames.SetLevel, direct, EVERYTHING)  # what is usual is not kept
    assert await levels(ann) == {ROOM: MUTED}
    assert await ann.refused(frames.SetLevel(90, "#nowhere", MUTED)) == errors.NO_SUCH_ROOM
    await later.enter("bob", "#other")
    assert await ann.refused(frames.SetLevel(91, "#other", MUTED)) == errors.NOT_A_MEMBER
    monkeypatch.setattr(limits, "LEVELS", 1)
    assert await ann.refused(frames.SetLevel(92, "#left", MUTED)) == errors.TOO_MANY
    await do(ann, frames.SetLevel, ROOM, EVERYTHING)
    await later.stop()


async def test_mentions_and_levels_are_the_same_on_all_devices(meet: Meet) -> None:
    ann, phone, bob = meet("ann", "desk"), meet("ann", "phone"), meet("bob")
    for person in (ann, phone, bob):
        await person.start(ROOM)
    here, there = ann.client.rooms[ROOM], phone.client.rooms[ROOM]
    for text in ("all: lunch?", "ann: lunch?", "ann, now!", "what about zoe"):
        bob.client.say(ROOM, text)
    await phone.unread(ROOM, 4)
    await ann.unread(ROOM, 4)
    assert here.mentions == there.mentions == 2
    ann.client.mark_read(here, here.last - 2)
    await phone.unread(ROOM, 2)
    assert here.mentions == there.mentions == 1
    await phone.client.nick("zoe")
    await until(lambda: ann.client.name == "zoe")
    assert [here.events[seq - here.base - 1].text for seq in here.called] == ["what about zoe"]
    assert here.called == there.called
    await ann.client.company.mine.ignore("bob", on=True)
    await phone.unread(ROOM, 0)
    assert here.mentions == there.mentions == 0
    await ann.client.company.mine.ignore("bob", on=False)
    await phone.unread(ROOM, 2)
    assert here.mentions == there.mentions == 1

    await ann.client.company.mine.choose(here, MUTED)
    await until(lambda: there.muted)
    assert here.muted
    assert all(updates.LevelsChanged() in one.heard for one in (ann, phone))
    await phone.stop()
    again = meet("zoe", "phone")
    assert again.client.rooms[ROOM].muted, "its cache knows before there is a connection"
    assert again.client.rooms[ROOM].mentions == 1
    with pytest.raises(LostError, match="not connected"):
        await again.client.company.mine.choose(again.client.rooms[ROOM], EVERYTHING)
    await ann.client.leave(ROOM)
    await ann.client.join(ROOM)
    assert ann.client.rooms[ROOM].level == MENTIONS
    await again.start()
    assert again.client.rooms[ROOM].level == MENTIONS


async def test_what_was_missed_is_looked_through_for_mentions(server: RunningServer, meet: Meet) -> None:
    ann, bob = meet("ann"), meet("bob")
    await ann.start(ROOM, "#busy")
    await bob.start(ROOM, "#busy")
    await ann.stop()
    for room, count in ((ROOM, 300), ("#busy", 1_400)):
        wire = await server.enter("bot", room)
        wire.send(*(wire.say(room, f"{number}" + " ann!" * (number == 5)) for number in range(count)))
        await wire.tell(room, "that was all, ann")
    phone = meet("ann")
    catching_up = CatchingUp(phone.client, phone.client._later)
    await phone.start()
    quiet, busy = phone.client.rooms[ROOM], phone.client.rooms["#busy"]
    assert (quiet.unread, quiet.mentions, quiet.uncounted) == (301, 1, True)
    catching_up.hear(updates.StatusChanged(phone.client.status))
    await until(lambda: quiet.mentions == 2)
    assert not quiet.uncounted
    await until(lambda: not catching_up._busy)
    assert (len(busy.events), busy.unread, busy.mentions, busy.uncounted) == (1_050, 1_000, 1, True)
