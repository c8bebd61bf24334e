"""Going back to a backup: clients drop what they held, show what the server has, and send what waits once."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from protocol import frames
from server.config import Address
from server.store.sqlite import FILE_NAME
from tests.conftest import Dial, StartServer
from tests.support.clients import Person
from tests.support.processes import ServerProcess, run_server
from tests.support.sql import query
from tests.support.waiting import until
from tests.support.wire import Wire

ROOM = "#general"
JOINED = 3
"""Where ann has joined, behind bob, who made the room."""


class Story:
    """Ann has seen everything, the server goes back to a backup, and others talk on before she is back."""

    def __init__(self, start_server: StartServer, dial: Dial, folder: Path) -> None:
        self.folder = folder
        self._start_server = start_server
        self.dial = dial
        self.server: ServerProcess
        self.address: Address
        self.people: list[Person] = []

    def ann(self) -> Person:
        """Her client, with what is on her disk."""
        self.people.append(Person(self.address, "ann", self.folder / "outbox", cache=self.folder / "cache"))
        return self.people[-1]

    async def start(self, *, at_anns: bool = True) -> Wire:
        """Start the server and come in as bob; where ann looks for it, or elsewhere."""
        known = hasattr(self, "address")
        listen = str(self.address) if known and at_anns else "127.0.0.1:0"
        self.server = await self._start_server(listen=(listen,), data=self.folder / "data")
        if not known:
            self.address = self.server.address
        bob = await self.dial(self.server.address)
        await bob.enter("bob")
        return bob

    async def run(self, command: str, *arguments: str) -> str:
        """Run a command of the operator that must succeed."""
        status, output, told = await run_server(command, *arguments, "--data", str(self.folder / "data"))
        assert (status, told) == (0, "")
        return output

    async def exported(self) -> list[dict[str, Any]]:
        """All events of the room, as the server has them."""
        return [json.loads(line) for line in (await self.run("export", "--room", ROOM)).splitlines()]

    async def go_back(self, *later: str) -> None:
        """Restore the backup and let bob say these things in the new store, out of ann's sight."""
        await self.run("restore", str(self.folder / "backup"))
        bob = await self.start(at_anns=False)
        for text in later:
            await bob.tell(ROOM, text)
        await bob.close()
        await self.server.stop()


@pytest.fixture
async def story(start_server: StartServer, dial: Dial, tmp_path: Path) -> AsyncIterator[Story]:
    told = Story(start_server, dial, tmp_path)
    yield told
    for person in told.people:
        await person.stop()


async def begin(story: Story) -> Person:
    """Bob says one to three, backup, four to eight; ann has seen all of it, and said something herself."""
    bob = await story.start()
    ann = story.ann()
    await ann.start()
    for text in ("one", "two", "three"):
        await bob.tell(ROOM, text)
    await story.run("backup", str(story.folder / "backup"))
    for text in ("four", "five", "six", "seven", "eight"):
        await bob.tell(ROOM, text)
    ann.client.say(ROOM, "mine, after the backup")
    await ann.said(ROOM, 9)
    await ann.settled()
    await bob.close()
    return ann


async def check(story: Story, ann: Person, *texts: str) -> None:
    """Ann shows exactly these, which is exactly what the server has."""
    await ann.sees(ROOM, *texts)
    stored = await story.exported()
    shown = [(event.seq, event.sender, event.kind, event.time, event.cid) for event in ann.shown[ROOM]]
    assert shown == [(e["seq"], e["from"], e["kind"], e["time"], e["cid"]) for e in stored]
    assert [event["text"] for event in stored if event["kind"] == "message"] == list(texts)


OTHERS = ("other four", "other five", "other six", "other seven", "other eight", "other nine", "other ten")


@pytest.mark.parametrize("others", [OTHERS, OTHERS[:2], ()], ids=["longer", "shorter", "none"])
@pytest.mark.parametrize("ended", [False, True], ids=["running", "begun again"])
async def test_who_has_seen_more_than_the_backup_shows_what_the_server_has(
    story: Story, others: tuple[str, ...], *, ended: bool
) -> None:
    ann = await begin(story)
    if ended:
        await ann.stop()
    await story.server.stop()
    await story.go_back(*others)
    if ended:
        ann = story.ann()
        assert len(ann.texts(ROOM)) == 9, "until it is connected, it shows what it had"
    ann.client.say(ROOM, "pending one")
    ann.client.say(ROOM, "pending two")
    bob = await story.start()
    if ended:
        ann.begin()
    await ann.phase("online")
    texts = ("one", "two", "three", *others, "pending one", "pending two")
    await ann.settled()
    await check(story, ann, *texts)
    await bob.tell(ROOM, "and on")
    await check(story, ann, *texts, "and on")

    # What is on her disk is the same; nothing is sent again.
    await ann.stop()
    ann = story.ann()
    assert ann.texts(ROOM) == [*texts, "and on"]
    await ann.start()
    await check(story, ann, *texts, "and on")
    for text in (*texts, "and on"):
        found = await ann.client.searching.search(f'"{text}"', ROOM)
        assert {event.text for event in found.hits} == {one for one in (*texts, "and on") if text in one}


async def test_a_room_that_is_not_in_the_backup_is_gone(story: Story) -> None:
    ann = await begin(story)
    await ann.client.join("#later")
    ann.client.say("#later", "hello?")
    await ann.settled()
    await story.server.stop()
    await story.go_back()
    await story.start()
    await ann.phase("online")
    await ann.sees(ROOM, "one", "two", "three")
    assert "#later" not in ann.client.rooms
    await ann.client.join("#later")
    assert ann.texts("#later") == []


async def test_a_marker_of_the_old_store_says_nothing_in_the_new_one(story: Story) -> None:
    """What was read there up to eight is not what stands there now."""
    ann = await begin(story)
    await story.server.stop()
    await ann.phase("waiting")
    ann.client.mark_read(ann.client.rooms[ROOM], ann.client.rooms[ROOM].head)
    await story.go_back(*OTHERS)
    await story.start()
    await ann.phase("online")
    await ann.sees(ROOM, "one", "two", "three", *OTHERS)
    await ann.client._reads.send()
    assert (ann.client.rooms[ROOM].read, ann.client.rooms[ROOM].unread) == (JOINED, 3 + len(OTHERS))
    device = await story.dial(story.address)  # her other one
    (state,) = (await device.enter("ann")).rooms
    assert (state.read, state.unread) == (JOINED, 3 + len(OTHERS))


async def test_a_user_that_is_not_in_the_backup_is_made_again(story: Story) -> None:
    """The number that was theirs is somebody else's then: nothing of theirs may show as one's own."""
    await story.start()
    await story.run("backup", str(story.folder / "backup"))
    ann = story.ann()
    await ann.start()
    ann.client.say(ROOM, "mine")
    await ann.said(ROOM, 1)
    await ann.settled()
    number = ann.client.user
    await story.server.stop()
    await story.run("restore", str(story.folder / "backup"))
    await story.start(at_anns=False)
    eve = await story.dial(story.server.address)
    await eve.enter("eve")
    await eve.tell(ROOM, "eve's")
    await story.server.stop()
    await story.start()
    await ann.phase("online")
    await ann.sees(ROOM, "eve's")
    assert ann.client.user == number + 1
    assert [event.user for event in ann.shown[ROOM] if event.spoken] == [number]


async def test_what_waits_reaches_no_other_message_and_no_other_person(story: Story) -> None:
    """A restored store gives the numbers of messages and people again."""
    bob = await story.start()
    ann = story.ann()
    await ann.start()
    to_bob = await ann.client.dm("bob")
    await story.run("backup", str(story.folder / "backup"))
    ann.client.say(ROOM, "a typo")
    await ann.said(ROOM, 1)
    await ann.settled()
    seq = ann.client.rooms[ROOM].last
    carl = await story.dial(story.address)
    await carl.enter("carl")
    to_carl = await ann.client.dm("carl")
    for wire in (bob, carl):
        await wire.close()
    await ann.stop()

    ann = story.ann()
    ann.client.changes.edit(ann.client.rooms[ROOM], seq, "no typo")
    ann.client.changes.react(ann.client.rooms[ROOM], seq, "🎉")
    ann.client.say(ROOM, "an answer", reply=seq)
    ann.client.say(ROOM, "to all")
    ann.client.say(to_carl.name, "for carl only")
    ann.client.say(to_bob.name, "for bob only")
    ann.kill()

    await story.server.stop()
    await story.run("restore", str(story.folder / "backup"))
    await story.start(at_anns=False)
    phone, eve = await story.dial(story.server.address), await story.dial(story.server.address)
    await phone.enter("ann")
    assert (await phone.tell(ROOM, "important")).seq == seq
    await eve.enter("eve")
    opened = await eve.ask(frames.Dm(1, "ann", 0), frames.JoinResult)
    assert opened.room.room == to_carl.name
    await story.server.stop()

    await story.start()
    ann = story.ann()
    await ann.start()
    sender = ann.client.sender
    left = {"no typo", "🎉", "an answer", "for carl only", "for bob only"}

    def failed() -> set[str]:
        return {entry.text for entry in sender.pending.values() if entry.state == "failed"}

    await until(lambda: failed() == left)
    await ann.sees(ROOM, "important", "to all")
    assert {entry.error for entry in sender.in_room(ROOM)} == {
        "the server went back to a backup: that message may be another one now"
    }
    (entry,) = sender.in_room(to_carl.name)
    assert entry.error == "the server went back to a backup: it was for @carl, and this is @eve now"

    # Who tries again has seen to whom it goes; but a change can't mean another message.
    for room in (ROOM, to_carl.name, to_bob.name):
        assert sender.retry(room)
    await ann.sees(to_bob.name, "for bob only")
    await until(lambda: failed() == left - {"for bob only"})
    assert [one.text for one in sender.discard(ROOM)] == ["no typo", "🎉", "an answer"]
    stored = [json.loads(line) for line in (await story.run("export")).splitlines()]
    said = [one["text"] for one in stored if one["kind"] not in (frames.CREATE, frames.JOIN)]
    assert sorted(said) == ["for bob only", "important", "to all"]


async def test_every_restore_is_another_epoch(story: Story) -> None:
    await begin(story)
    await story.server.stop()
    epochs = set()
    for _ in range(3):
        await story.run("restore", str(story.folder / "backup"))
        epochs |= set(query(story.folder / "data" / FILE_NAME, "SELECT value FROM meta WHERE key = 'epoch'"))
    assert len(epochs) == 3
