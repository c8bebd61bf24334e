"""Changing what was said, by the real client: offline, after a restart, seen by who comes later, refused."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from chat_tui.cli.actions import as_line
from chat_tui.client.cache import Cache
from chat_tui.client.changes import message, newest
from chat_tui.client.errors import ClientError
from chat_tui.timeline.timeline import Timeline
from protocol import codec, frames
from server.config import Address
from tests.support.cast import do
from tests.support.clients import Person
from tests.support.inprocess import RunningServer
from tests.support.waiting import until
from tests.support.wire import text_body

ROOM = "#general"
NOWHERE = Address("127.0.0.1", 1, tls=False)


@pytest.fixture
async def meet(server: RunningServer, tmp_path: Path) -> AsyncIterator[Callable[..., Person]]:
    """Makes people whose outbox and cache stay where they are."""
    people: list[Person] = []

    def make(name: str, where: Address | None = None) -> Person:
        files = (tmp_path / f"{name}.outbox", tmp_path / f"{name}.cache")
        people.append(Person(where or server.address, name, files[0], cache=files[1]))
        return people[-1]

    yield make
    for person in people:
        await person.stop()


def everything(folder: Path, pattern: str) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob(pattern))


def reaction(emoji: str) -> bytes:
    return codec.pack(frames.ReactionBody(emoji))


def now(person: Person) -> list[tuple[str, str | None, dict[str, int]]]:
    """What a log shows of the room: author, text (None: deleted), reactions and how many."""
    client = person.client
    made = Timeline(ROOM, client.user, client.name)
    made.append(client.rooms[ROOM].events)
    said = (made.message(event.seq) for event in client.rooms[ROOM].events if event.spoken)
    return [
        (
            row.name,
            None if row.deleted else row.text,
            {one: len(who) for one, who in (row.reactions or {}).items()},
        )
        for row in said
        if row is not None
    ]


async def test_what_is_changed_offline_is_so_for_everybody(
    server: RunningServer, meet: Callable[..., Person], tmp_path: Path
) -> None:
    bob = meet("bob")
    await bob.start()
    ann = meet("ann")
    await ann.start()
    for text in ("teh first", "the secret", "the third"):
        ann.client.say(ROOM, text)
    await bob.said(ROOM, 3)
    await ann.settled()
    await ann.said(ROOM, 3)
    room, changes = ann.client.rooms[ROOM], ann.client.changes
    first, secret, third = (event.seq for event in room.events if event.spoken)
    bob.client.changes.react(bob.client.rooms[ROOM], third, "👍")
    await bob.settled()
    await ann.reaches(ROOM, third + 1)
    assert (room.unread, bob.client.rooms[ROOM].unread) == (0, 3)
    await ann.stop()

    ann = meet("ann", NOWHERE)
    room, changes = ann.client.rooms[ROOM], ann.client.changes
    changes.edit(room, first, "the first")
    changes.edit(room, secret, "the other secret")
    changes.delete(room, secret)
    changes.react(room, third, "👍")
    changes.react(room, third, "🎉")
    changes.react(room, third, "🎉", on=False)
    ann.client.say(ROOM, "so it is", reply=first)
    waiting = [(one.kind, one.target, one.reply, one.off) for one in ann.client.sender.pending.values()]
    assert waiting == [
        ("edit", first, None, False), ("edit", secret, None, False), ("delete", secret, None, False),
        ("reaction", third, None, False), ("reaction", third, None, False),
        ("reaction", third, None, True), ("message", None, first, False),
    ]  # fmt: skip
    ann.kill()
    ann = meet("ann")
    assert len(ann.client.sender.pending) == 7, "they are on the disk"
    await ann.start()
    await ann.settled()
    wanted = [
        ("ann", "the first", {}), ("ann", None, {}), ("ann", "the third", {"👍": 2}), ("ann", "so it is", {}),
    ]  # fmt: skip
    head = server.context.state.rooms[ROOM].head
    eve = meet("eve")
    await eve.start()
    for person in (ann, bob, eve):
        await person.reaches(ROOM, head + 1)  # eve's `join`
        assert now(person) == wanted
    assert message(eve.client.rooms[ROOM], secret) is None
    last = newest(eve.client.rooms[ROOM])
    assert last is not None
    assert (last.text, last.reply) == ("so it is", first)
    for person in (ann, bob):
        await person.stop()
    for name in ("ann", "bob"):
        cache = Cache(tmp_path / f"{name}.cache")
        found = {}
        for word in ("teh", "first", "secret"):
            hits = await cache.search(lambda text, _, word=word: word in text, "", [ROOM], 9)  # type: ignore[misc]
            found[word] = [one.text for one in hits]
        assert found == {"teh": [], "first": ["the first"], "secret": []}
        cache.close()
    assert b"the secret" not in everything(tmp_path, "bob.cache*")
    again = meet("bob", NOWHERE)
    assert now(again) == wanted, "from the cache alone"


async def test_what_is_refused_says_so_and_is_given_up(
    server: RunningServer, meet: Callable[..., Person]
) -> None:
    ann, bob = meet("ann"), await server.enter("bob")
    await ann.start()
    ann.client.say(ROOM, "mine")
    await ann.settled()
    room, changes = ann.client.rooms[ROOM], ann.client.changes
    theirs = (await bob.tell(ROOM, "theirs")).seq
    await ann.reaches(ROOM, theirs)
    mine = newest(room, mine=True)
    assert mine is not None
    refused: list[tuple[Callable[[], object], str]] = [
        (lambda: changes.edit(room, theirs, "x"), "only bob can edit"),
        (lambda: changes.edit(room, mine.seq, " "), "needs a text"),
        (lambda: changes.delete(room, theirs), "only they and moderators"),
        (lambda: changes.delete(room, 1), "no such message"),
        (lambda: changes.edit(room, 999, "x"), "no such message"),
        *(
            (lambda emoji=emoji: changes.react(room, mine.seq, emoji), "16 char")
            for emoji in ("👍" * 17, "\a", "")
        ),
    ]
    for act, why in refused:
        with pytest.raises(ClientError, match=why):
            act()
    assert not ann.client.sender.pending
    # What only the server knew: a moderator was faster.
    bob_ = server.context.state.user_called("bob")
    assert bob_ is not None
    bob_.admin = True
    await do(bob, frames.Send, ROOM, "gone", b"", frames.DELETE, mine.seq)
    entry = ann.client.sender.send(ROOM, "too late", frames.EDIT, target=mine.seq)
    await until(lambda: ann.client.sender.pending[entry.cid].state == "failed")
    assert f"no message {mine.seq}" in ann.client.sender.pending[entry.cid].error
    assert ann.client.sender.retry(ROOM) == 1
    await until(lambda: ann.client.sender.pending[entry.cid].state == "failed")
    assert [one.text for one in ann.client.sender.discard(ROOM)] == ["too late"]
    await until(lambda: message(room, mine.seq) is None)


async def test_what_other_clients_send_does_no_harm(
    server: RunningServer, meet: Callable[..., Person]
) -> None:
    ann, eve = meet("ann"), await server.enter("eve")
    await ann.start()
    said = (await eve.tell(ROOM, "hello")).seq
    emojis = ("\x1b]0;x\x07", "a\nb", "👍" * 17, "\u202e", "")
    for kind, body in (
        *((frames.REACTION, reaction(emoji)) for emoji in emojis),
        (frames.REACTION, b"\xc1"),
        (frames.EDIT, text_body("\x1b[2Jbetter")),
    ):
        number = eve.new_id
        await eve.ask(frames.Send(number, ROOM, f"c{number}", body, kind, said), frames.SendResult)
    await eve.ask(frames.Send(eve.new_id, ROOM, "e", text_body("\0")), frames.SendResult)
    await ann.reaches(ROOM, server.context.state.rooms[ROOM].head)
    assert now(ann) == [("eve", "better", {}), ("eve", " ", {})]


async def test_an_answer_finds_what_it_answers(server: RunningServer, meet: Callable[..., Person]) -> None:
    bob = await server.enter("bob")
    asked = (await bob.tell(ROOM, "who?")).seq
    gone = (await bob.tell(ROOM, "why?")).seq
    await do(bob, frames.Send, ROOM, "gone", b"", frames.DELETE, gone)
    for number in range(60):
        await bob.tell(ROOM, f"filler {number}")
    ann = meet("ann")
    await ann.start()
    room, changes = ann.client.rooms[ROOM], ann.client.changes
    assert room.base > gone
    found = await changes.fetch(room, asked)
    assert found is not None
    assert (found.sender, found.text) == ("bob", "who?")
    assert await changes.fetch(room, gone) is None
    assert await changes.fetch(room, 1) is None, "that is no message"
    await ann.client.load_older(room)
    await ann.stop()
    later = meet("ann", NOWHERE)
    found = await later.client.changes.fetch(later.client.rooms[ROOM], asked)
    assert found is not None, "the cache has it, without a connection"


async def test_followers_are_told(meet: Callable[..., Person]) -> None:
    ann = meet("ann")
    await ann.start()
    ann.client.say(ROOM, "hello")
    await ann.settled()
    room = ann.client.rooms[ROOM]
    await until(lambda: newest(room) is not None)
    said = room.last
    ann.client.changes.edit(room, said, "hello\nyou")
    ann.client.changes.react(room, said, "👍")
    ann.client.changes.react(room, said, "👍", on=False)
    ann.client.say(ROOM, "well?", reply=said)
    ann.client.changes.delete(room, said)
    await ann.reaches(ROOM, said + 5)
    lines = [
        as_line(event, ROOM, as_json=False).partition(f" {ROOM} ")[2] for event in room.events[said - 1 :]
    ]
    assert lines == [
        "<ann> hello", f"-- ann edited {said}: hello\n    you", f"-- ann reacts with 👍 to {said}",
        f"-- ann takes back 👍 to {said}", f"<ann> (to {said}) well?", f"-- ann deleted {said}",
    ]  # fmt: skip
