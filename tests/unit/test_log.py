"""One contract for every log, and what only the one on disk can show."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common import database
from protocol import codec, frames, limits
from protocol.frames import Event
from server.errors import StartError, StorageError
from server.state.apply import apply
from server.state.entries import GONE, AuditRecord, Draft, Entry, StoredReadMarker
from server.state.model import SERVER_LOG, USER, NetworkBody, State
from server.store import schema
from server.store.base import AuditFilter, Log, RepeatedError, Unread
from server.store.memory import MemoryLog
from server.store.sqlite import FILE_NAME, SqliteLog
from tests.support.sql import query
from tests.support.work import instructions

ANN, BOB = 1, 2
COUNT = itertools.count()
PLENTY = 10**9


@pytest.fixture(params=["memory", "sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    """Each log in turn: what is tested with it is the port's promise."""
    log: Log = MemoryLog() if request.param == "memory" else SqliteLog(tmp_path)
    yield log
    log.close()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[], SqliteLog]]:
    """Opens the log in the test's folder; again when called again."""
    opened: list[SqliteLog] = []

    def reopen() -> SqliteLog:
        if opened:
            opened.pop().close()
        opened.append(SqliteLog(tmp_path))
        return opened[0]

    yield reopen
    for last in opened:
        last.close()


def user(name: str) -> Draft:
    return Draft(SERVER_LOG, 0, name, USER, 0, codec.pack(frames.NickBody(name)))


def say(room: str, text: str, cid: str | None = None, number: int = ANN) -> Draft:
    return Draft(room, number, "ann", frames.MESSAGE, 1000, text.encode(), cid)


def plain(room: str, kind: str, number: int = ANN, body: bytes = b"") -> Draft:
    return Draft(room, number, "ann", kind, 1000, body)


def added(log: Log, *batch: Entry) -> list[Event]:
    return [event for event in log.append(batch) if event is not None]


def known(log: Log, *batch: Entry) -> dict[tuple[int, str], Event]:
    """What is stored already of a batch that is not stored therefore."""
    with pytest.raises(RepeatedError) as repeated:
        log.append(batch)
    return repeated.value.known


def seqs(log: Log, room: str, **bounds: Any) -> list[int]:
    return [event.seq for event in log.read(room, **{"limit": 1000, "size": PLENTY, **bounds})]


# --- the contract


def test_an_event_comes_back_as_it_was_given(log: Log) -> None:
    draft = Draft("#a", 7, "Zoë", frames.ACTION, 1_700_000_000_123, b"\x00\xff", "cid-1")
    (event,) = added(log, draft)
    assert event == Event("#a", 1, 7, "Zoë", frames.ACTION, 1_700_000_000_123, b"\x00\xff", "cid-1")
    assert log.read("#a", limit=10, size=PLENTY) == [event]


def test_every_room_counts_for_itself_without_a_gap(log: Log) -> None:
    first = added(log, say("#a", "1"), say("#b", "1"), say("#a", "2"))
    second = added(log, say("#a", "3"), say("#b", "2"))
    assert [(event.room, event.seq) for event in first + second] == [
        ("#a", 1), ("#b", 1), ("#a", 2), ("#a", 3), ("#b", 2),
    ]  # fmt: skip
    assert seqs(log, "#a") == [1, 2, 3]
    assert seqs(log, "#b") == [1, 2]


def change(kind: str, target: int, text: str = "", number: int = ANN) -> Draft:
    return Draft("#a", number, "ann", kind, 1000, text.encode(), f"change {next(COUNT)}", target)


def bodies(log: Log) -> list[bytes]:
    return [event.body for event in log.read("#a", limit=1000, size=PLENTY)]


def test_what_changes_and_what_answers_comes_back_as_it_was_given(log: Log) -> None:
    answer = Draft("#a", BOB, "bob", frames.MESSAGE, 1000, b"yes", "c2", None, 1)
    stored = added(log, say("#a", "1"), answer, change(frames.EDIT, 1, "one"))
    assert [(event.target, event.reply) for event in stored] == [(None, None), (None, 1), (1, None)]
    assert log.read("#a", limit=10, size=PLENTY) == stored
    assert log.find(BOB, "c2") == stored[1]


def test_what_is_deleted_is_gone_with_its_edits_and_nothing_else(log: Log) -> None:
    added(log, say("#a", "1", "c1"), say("#a", "2", "c2"), change(frames.EDIT, 1, "one"))
    added(log, change(frames.EDIT, 2, "two"), change(frames.REACTION, 1, "+"))
    assert [log.get_message("#a", seq) is not None for seq in range(8)] == [False, True, True] + 5 * [False]
    assert log.get_message("#b", 1) is None
    # In one batch, and an edit behind it that was checked before.
    added(log, change(frames.EDIT, 1, "uno"), change(frames.DELETE, 1), change(frames.EDIT, 1, "eins"))
    assert bodies(log) == [b"", b"2", b"", b"two", b"+", b"", b"", b""]
    added(log, change(frames.EDIT, 1, "un"))
    assert bodies(log)[-1] == b""
    assert [log.get_message("#a", seq) is not None for seq in (1, 2)] == [False, True]
    found = log.find(ANN, "c1")
    assert found is not None
    assert (found.kind, found.body) == (frames.MESSAGE, b"")


def test_a_change_takes_no_longer_in_a_long_room_or_with_many_reactions(tmp_path: Path) -> None:
    """Each once had the whole room looked through, with everybody's sends waiting behind it."""

    def change(kind: str, target: int, number: int = ANN) -> Draft:
        return Draft("#a", number, "ann", kind, 1000, b"x" * (kind != frames.DELETE), target=target)

    def work(name: str, said: int, reactions: int) -> int:
        (tmp_path / name).mkdir()
        log = SqliteLog(tmp_path / name)
        log.append([say("#a", "text") for _ in range(said)])
        log.append([change(frames.REACTION, 1) for _ in range(reactions)])
        done = instructions(log._writing, lambda: log.append([change(frames.EDIT, 1)]))
        done += instructions(log._reading, lambda: log.get_message("#a", 1))
        done += instructions(log._writing, lambda: log.append([change(frames.DELETE, 1)]))
        log.close()
        return done

    short = work("short", 100, 1)
    assert work("long", 4_000, 1) < 2 * short
    assert work("liked", 100, 4_000) < 2 * short


def test_what_is_deleted_is_in_no_file(disk: Callable[[], SqliteLog], tmp_path: Path) -> None:
    log = disk()
    added(log, say("#a", "the first secret"), change(frames.EDIT, 1, "the second secret"))
    added(log, change(frames.DELETE, 1))
    log.close()
    assert b"secret" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_changes_are_pruned_like_what_was_said(log: Log) -> None:
    stored = added(log, say("#a", "1", "c1"), change(frames.EDIT, 1, "one"), change(frames.DELETE, 1))
    assert log.prune("#a", 2000, 2) == 2
    assert log.get_message("#a", 1) is None
    found = log.find(ANN, stored[1].cid or "")
    assert found is not None
    assert (found.kind, found.target) == (GONE, None)


def test_a_mark_is_answered_with_none(log: Log) -> None:
    answers = log.append([plain("#a", frames.JOIN), StoredReadMarker("#a", ANN, 1), say("#a", "x")])
    assert [answer is None for answer in answers] == [False, True, False]


def test_an_empty_batch_is_one(log: Log) -> None:
    assert log.append([]) == []


def test_a_batch_with_a_known_cid_is_not_stored_and_all_known_ones_are_told(log: Log) -> None:
    first, second = added(log, say("#a", "one", "c1"), say("#a", "two", "c2"))
    assert known(log, say("#a", "new", "c3"), say("#a", "one", "c1")) == {(ANN, "c1"): first}
    batch = say("#b", "other", "c1"), plain("#b", frames.JOIN), say("#b", "other", "c2")
    assert known(log, *batch) == {(ANN, "c1"): first, (ANN, "c2"): second}
    assert seqs(log, "#a") == [1, 2]
    assert seqs(log, "#b") == []
    assert [event.seq for event in added(log, say("#a", "new", "c3"))] == [3]


def test_a_cid_belongs_to_its_user(log: Log) -> None:
    answers = added(log, say("#a", "1", "c1", ANN), say("#a", "2", "c1", BOB))
    assert [event.seq for event in answers] == [1, 2]


def test_events_without_cid_are_never_the_same(log: Log) -> None:
    assert len(added(log, plain("#a", frames.JOIN), plain("#a", frames.JOIN))) == 2


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ({"limit": 3}, [1, 2, 3]),
        ({"after": 0, "limit": 3}, [1, 2, 3]),
        ({"after": 4}, [5, 6, 7, 8, 9, 10]),
        ({"after": 4, "limit": 2}, [5, 6]),
        ({"after": 10}, []),
        ({"after": 2**53}, []),
        ({"before": 4}, [1, 2, 3]),
        ({"before": 4, "limit": 2}, [2, 3]),
        ({"before": 1}, []),
        ({"before": 0}, []),
        ({"before": 2**53, "limit": 2}, [9, 10]),
        ({"after": 2, "before": 8}, [3, 4, 5, 6, 7]),
        ({"after": 2, "before": 8, "limit": 2}, [6, 7]),
        ({"after": 7, "before": 8}, []),
        ({"after": 8, "before": 2}, []),
    ],
)
def test_a_page_is_what_was_asked_for(log: Log, bounds: dict[str, int], expected: list[int]) -> None:
    log.append([say("#a", "x") for _ in range(10)])
    assert seqs(log, "#a", **bounds) == expected


def test_a_page_ends_at_its_size_but_has_one_event(log: Log) -> None:
    log.append([say("#a", "x" * 100) for _ in range(5)])
    one = 100 + limits.EVENT_BYTES
    for size, count in ((0, 1), (one - 1, 1), (one, 1), (2 * one - 1, 1), (2 * one, 2), (5 * one, 5)):
        assert seqs(log, "#a", size=size) == list(range(1, count + 1))
        assert seqs(log, "#a", size=size, before=6) == list(range(6 - count, 6))


def test_a_room_that_is_not_there_is_empty(log: Log) -> None:
    assert seqs(log, "#none") == []
    assert log.unread(Unread("#none", ANN, 0, 9), 10) == 0


def test_unread_counts_what_others_said(log: Log) -> None:
    log.append(
        [
            plain("#a", frames.JOIN, BOB),
            say("#a", "1", number=BOB),
            say("#a", "2", number=ANN),
            plain("#a", frames.TOPIC, BOB, codec.pack(frames.TopicBody("t"))),
            Draft("#a", BOB, "bob", frames.ACTION, 0, b"3"),
            say("#b", "elsewhere", number=BOB),
        ]
    )
    assert [log.unread(Unread("#a", ANN, seq, 9), 10) for seq in range(7)] == [2, 2, 1, 1, 1, 0, 0]
    assert log.unread(Unread("#a", BOB, 0, 9), 10) == 1
    assert log.unread(Unread("#a", ANN, 0, 9), 1) == 1
    assert [log.unread(Unread("#a", ANN, 0, head), 10) for head in range(1, 6)] == [0, 1, 1, 1, 2]


def aged(room: str, *times: int) -> list[Draft | StoredReadMarker]:
    """Events of these times; each third has no cid."""
    return [
        Draft(room, BOB, "bob", frames.JOIN, time)
        if number % 3 == 0
        else Draft(room, BOB, "bob", frames.MESSAGE, time, b"text", f"{room}-{number}")
        for number, time in enumerate(times)
    ]


def test_pruning_removes_what_is_older_and_nothing_else(log: Log) -> None:
    log.append([*aged("#a", 1, 2, 3, 4, 5, 6), *aged("#b", 1, 2)])
    assert log.prune("#a", 4, 100) == 3
    assert log.prune("#a", 4, 100) == 0
    assert [log.floor(room) for room in ("#a", "#b", "#none")] == [3, 0, 0]
    assert seqs(log, "#a") == seqs(log, "#a", before=100) == seqs(log, "#a", after=1) == [4, 5, 6]
    assert seqs(log, "#a", before=4) == []
    assert seqs(log, "#b") == [1, 2]
    assert log.unread(Unread("#a", ANN, 0, 9), 10) == 2
    assert log.prune("#none", 4, 100) == 0


def test_pruning_goes_in_steps_and_in_order(log: Log) -> None:
    log.append(aged("#a", 1, 1, 9, 1, 1))
    assert [log.prune("#a", 5, 1) for _ in range(3)] == [1, 1, 0]
    assert seqs(log, "#a") == [3, 4, 5], "what lies behind a younger one stays"


def test_a_room_of_which_all_is_pruned_goes_on_counting(log: Log) -> None:
    log.append(aged("#a", 1, 2, 3))
    assert log.prune("#a", 10, 100) == 3
    assert seqs(log, "#a") == []
    assert [event.seq for event in added(log, say("#a", "next"))] == [4]
    assert seqs(log, "#a") == [4]


def test_the_cid_of_a_pruned_event_is_never_stored_again(log: Log) -> None:
    (first,) = added(log, Draft("#a", ANN, "ann", frames.MESSAGE, 7, b"secret", "c1"))
    log.prune("#a", 10, 100)
    gone = Event("#a", first.seq, ANN, "", GONE, 7, b"", "c1")
    assert known(log, say("#a", "secret", "c1"), say("#a", "new", "c2")) == {(ANN, "c1"): gone}
    assert added(log, say("#a", "new", "c2")) == [
        Event("#a", 2, ANN, "ann", frames.MESSAGE, 1000, b"new", "c2")
    ]
    assert seqs(log, "#a") == [2]


def test_a_new_log_has_an_empty_state_and_its_own_epoch(log: Log) -> None:
    assert log.load() == State()
    assert log.epoch
    assert log.epoch != MemoryLog().epoch


DRAFTS = st.one_of(
    st.builds(say, st.sampled_from(["#a", "#b"]), st.text(max_size=3), st.sampled_from(["c1", "c2", "c3"])),
    st.builds(plain, st.sampled_from(["#a", "#b"]), st.sampled_from([frames.JOIN, frames.CREATE])),
)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.lists(DRAFTS, max_size=5, unique_by=lambda one: one.cid or id(one)), max_size=5),
    st.integers(0, 2000),
    st.integers(0, 4),
)
def test_both_logs_answer_alike(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[Draft]], size: int, pruned: int
) -> None:
    memory, disk = MemoryLog(), SqliteLog(tmp_path_factory.mktemp("log"))
    try:
        for batch in batches:
            answers: list[object] = []
            for log in (memory, disk):
                try:
                    answers.append(log.append(batch))
                except RepeatedError as error:
                    answers.append(error.known)
            assert answers[0] == answers[1]
            before = 1000 + pruned % 2  # none, or all
            assert memory.prune("#a", before, pruned) == disk.prune("#a", before, pruned)
            assert memory.floor("#a") == disk.floor("#a")
        for room in ("#a", "#b"):
            for bounds in ({}, {"before": 4}, {"after": 1}, {"after": 1, "before": 5}):
                wanted: dict[str, int] = {"limit": 3, "size": size, **bounds}
                assert memory.read(room, **wanted) == disk.read(room, **wanted)
            for seq, head in itertools.product(range(4), range(1, 9, 3)):
                question = Unread(room, BOB, seq, head)
                assert memory.unread(question, 3) == disk.unread(question, 3)
    finally:
        disk.close()


# --- deleted rooms


def test_small_deleted_rooms_are_removed_some_at_once(log: Log) -> None:
    for number in range(20):
        log.append(
            [say(f"#r{number}", "one"), say(f"#r{number}", "two"), plain(f"#r{number}", frames.DELETE_ROOM)]
        )
    purges = 0
    while log.purge(30):
        purges += 1
    assert purges <= 2
    assert not log.purge(30)


def test_a_deleted_room_is_empty_and_its_cids_stay(log: Log) -> None:
    (first,) = added(log, say("#a", "one", "c1"))
    added(log, say("#a", "two"), plain("#a", frames.DELETE_ROOM), say("#b", "kept", "c2"))
    gone = Event("#a", 1, ANN, "", GONE, first.time, b"", "c1")
    for purged in (False, True):
        if purged:
            while log.purge(1):
                pass
        assert seqs(log, "#a") == []
        assert log.find(ANN, "c1") == gone
        assert known(log, say("#a", "one", "c1")) == {(ANN, "c1"): gone}
    assert log.find(ANN, "c3") is None
    found = log.find(ANN, "c2")
    assert found is not None
    assert (found.room, found.body) == ("#b", b"kept")
    assert [event.seq for event in added(log, say("#a", "anew", "c4"), say("#a", "x"))] == [1, 2]
    assert seqs(log, "#a") == [1, 2]
    assert not log.purge(100)


def test_records_are_kept_in_order(log: Log) -> None:
    answers = log.append(
        [AuditRecord(5, 1, "kick", "bob", "#a", "why"), say("#a", "x"), AuditRecord(7, 0, "ban")]
    )
    assert [answer is None for answer in answers] == [True, False, True]
    log.append([AuditRecord(9, 2, "mute")])
    assert [one.audit.action for one in log.audit(AuditFilter(), 100)] == ["kick", "ban", "mute"]
    ((number, newest),) = log.audit(AuditFilter(), 1)
    assert newest == AuditRecord(9, 2, "mute")
    for searched, actions in (
        (AuditFilter(since=7), ["ban", "mute"]),
        (AuditFilter(before=number), ["kick", "ban"]),
        (AuditFilter(user=(1, "ann")), ["kick"]),
        (AuditFilter(user=(7, "bob")), ["kick"]),
        (AuditFilter(user=(-1, "nobody")), []),
        (AuditFilter(room="#a"), ["kick"]),
        (AuditFilter(action="ban", room="#a"), []),
    ):
        assert [one.audit.action for one in log.audit(searched, 100)] == actions, searched


def test_how_much_is_stored_of_a_room(log: Log) -> None:
    log.append([say("#a", "12345", "c1"), say("#a", "123"), say("#b", "1")])
    assert log.size("#a") == (2, 8)
    log.prune("#a", 10**6, 1)
    assert (log.size("#a"), log.size("#c")) == ((1, 3), (0, 0))


# --- what stays on disk

VERBS = [
    "join", "leave", "say", "topic", "mark", "nick", "role", "private", "delete", "decline", "direct",
    "server ban", "server unban", *sorted(frames.ABOUT_SOMEBODY),
]  # fmt: skip

STEPS = st.lists(
    st.tuples(
        st.sampled_from(VERBS),
        st.sampled_from([ANN, BOB]),
        st.sampled_from(["#a", "#b"]),
        st.integers(1, 9),
    ),
    max_size=40,
)


def possible(state: State, step: tuple[str, int, str, int]) -> list[Entry]:
    """What the server would store for a step, as things are."""
    what, number, name, choice = step
    room = state.rooms.get(name)
    inside = room is not None and number in room.members
    if what == "join" and not inside:
        head = 0 if room is None else room.head
        return [plain(name, frames.JOIN, number), StoredReadMarker(name, number, head + 1)]
    if what == "nick":
        body = codec.pack(frames.NickBody(f"user{number}-{choice}"))
        return [plain(place, frames.NICK, number, body) for place in (SERVER_LOG, *state.users[number].rooms)]
    if what.startswith("server"):
        return [server_ban(what.removeprefix("server "), number, choice)]
    if what == "direct":
        return [] if "@1:2" in state.rooms else [plain("@1:2", frames.CREATE, number)]
    if room is None or not inside:
        return []
    if (moderated := moderating(what, number, name, choice)) is not None:
        return [moderated]
    if what == "leave":
        return [plain(name, frames.LEAVE, number)]
    if what == "topic":
        return [plain(name, frames.TOPIC, number, codec.pack(frames.TopicBody(f"topic {choice}")))]
    if what == "mark":
        return [StoredReadMarker(name, number, min(choice, room.head))]
    return [say(name, "x", f"cid {next(COUNT)}", number)]


def moderating(what: str, number: int, name: str, choice: int) -> Draft | None:
    """The event of a step that concerns who may do what."""
    other = ANN + BOB - number
    match what:
        case "role":
            body = codec.pack(frames.RoleBody(other, "x", frames.ROLES[choice % 3]))
            return plain(name, frames.ROLE, number, body)
        case "private":
            return plain(name, frames.VISIBILITY, number, codec.pack(frames.VisibilityBody(choice > 4)))
        case "delete":
            return plain(name, frames.DELETE_ROOM, number)
        case "decline":
            return plain(name, frames.DECLINE, other)
        case kind if kind in frames.ABOUT_SOMEBODY:
            about = frames.AboutBody(other, "x", f"reason {choice}", choice if choice > 4 else None)
            return plain(name, kind, number, codec.pack(about))
    return None


def server_ban(kind: str, number: int, choice: int) -> Draft:
    """Of a user or of a network."""
    body: frames.Body = frames.AboutBody(ANN + BOB - number, "x")
    if choice > 4:
        body = NetworkBody(f"192.0.2.{choice}/32", "reason", choice)
    return plain(SERVER_LOG, kind, number, codec.pack(body))


@settings(max_examples=150, deadline=None)
@given(steps=STEPS)
def test_reopening_gives_the_sum_of_all_events(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("log")
    log = SqliteLog(folder)
    state = log.load()
    for event in added(log, user("ann"), user("bob")):
        apply(state, event)
    for step in steps:
        entries = possible(state, step)
        for entry, answer in zip(entries, log.append(entries), strict=True):
            if isinstance(entry, StoredReadMarker):
                state.mark(entry.user, entry.room, entry.seq)
            elif answer is not None:
                apply(state, answer)
    log.close()
    again = SqliteLog(folder)
    assert again.load() == state
    again.close()


def test_everything_is_there_after_reopening(disk: Callable[[], SqliteLog]) -> None:
    log = disk()
    stored = added(log, say("#a", "1", "c1"), say("#a", "2", "c2"))
    epoch = log.epoch
    log = disk()
    assert log.epoch == epoch
    assert log.read("#a", limit=10, size=PLENTY) == stored
    assert known(log, say("#a", "1", "c1"), say("#a", "3", "c3")) == {(ANN, "c1"): stored[0]}
    assert [event.seq for event in added(log, say("#a", "3", "c3"))] == [3]


def test_what_is_pruned_is_gone_from_the_disk(disk: Callable[[], SqliteLog], tmp_path: Path) -> None:
    log = disk()
    log.append([say("#a", f"secret {number} " * 50, f"c{number}") for number in range(200)])
    log.append([user("ann"), plain("#a", frames.JOIN), say("#a", "kept"), StoredReadMarker("#a", ANN, 150)])
    log.append([Draft("#a", ANN, "ann", frames.TOPIC, 0, codec.pack(frames.TopicBody("topic")))])
    before = log.load()
    log.prune("#a", 1001, 201)
    log = disk()
    assert [event.kind for event in log.read("#a", limit=9, size=PLENTY)] == [frames.MESSAGE, frames.TOPIC]
    assert log.load() == before, "the sums stay: heads, members, topics, read markers"
    assert b"secret" not in (tmp_path / FILE_NAME).read_bytes()


def test_marks_only_rise_and_stay(disk: Callable[[], SqliteLog]) -> None:
    log = disk()
    log.append([user("ann"), plain("#a", frames.JOIN), *(say("#a", "x") for _ in range(8))])
    for seq, expected in ((5, 5), (3, 5), (8, 8)):
        log.append([StoredReadMarker("#a", ANN, seq)])
        log = disk()
        assert log.load().users[ANN].reads == {"#a": expected}


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    SqliteLog(tmp_path).close()
    query(tmp_path / FILE_NAME, f"PRAGMA user_version = {schema.VERSION + 1}")
    before = (tmp_path / FILE_NAME).read_bytes()
    with pytest.raises(StartError, match="newer"):
        SqliteLog(tmp_path)
    assert (tmp_path / FILE_NAME).read_bytes() == before


def test_a_file_that_is_no_database_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"this is a diary, not a database\n" * 100)
    with pytest.raises(StartError, match="cannot open"):
        SqliteLog(tmp_path)


def test_a_damaged_database_is_a_clear_error(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path)
    log.append([user("ann"), plain("#a", frames.JOIN)])
    log.close()
    path = tmp_path / FILE_NAME
    ((page,),) = query(path, "SELECT rootpage FROM sqlite_schema WHERE name = 'rooms'")
    ((page_size,),) = query(path, "PRAGMA page_size")
    data = bytearray(path.read_bytes())
    data[(page - 1) * page_size : page * page_size] = b"\xa5" * page_size
    path.write_bytes(data)
    log = SqliteLog(tmp_path)
    with pytest.raises(StartError, match="cannot read"):
        log.load()
    log.close()


# --- a disk that fails


def test_a_full_disk_stores_nothing_of_a_batch(disk: Callable[[], SqliteLog]) -> None:
    log = disk()
    log.append([user("ann"), plain("#a", frames.JOIN), say("#a", "before", "c0")])
    (pages,) = log._writing.execute("PRAGMA page_count").fetchone()
    log._writing.execute(f"PRAGMA max_page_count = {pages}")
    batch: list[Entry] = [
        plain("#new", frames.JOIN),
        StoredReadMarker("#new", ANN, 1),
        *(say("#a", "x" * 10_000, f"c{number}") for number in range(1, 9)),
    ]
    for _ in range(3):
        with pytest.raises(StorageError, match="full"):
            log.append(batch)
    assert seqs(log, "#a") == [1, 2]
    assert seqs(log, "#new") == []
    log._writing.execute("PRAGMA max_page_count = 1000000")
    answers = added(log, *batch, say("#a", "after"))
    assert [(event.room, event.seq) for event in answers] == [
        ("#new", 1),
        *(("#a", seq) for seq in range(3, 12)),
    ]
    log = disk()
    assert seqs(log, "#a") == list(range(1, 12))
    assert {name: room.head for name, room in log.load().rooms.items()} == {"#a": 11, "#new": 1}


def test_a_disk_that_can_be_neither_written_nor_read_leaves_no_gap(disk: Callable[[], SqliteLog]) -> None:
    log = disk()
    log.append([say("#a", "1", "c1")])

    def broken(action: int, table: str | None, *_: str | None) -> int:
        fails = (apsw.SQLITE_UPDATE, apsw.SQLITE_READ)
        return apsw.SQLITE_DENY if action in fails and table == "rooms" else apsw.SQLITE_OK

    log._writing.set_authorizer(broken)
    for _ in range(2):
        with pytest.raises(StorageError):
            log.append([say("#a", "2", "c2"), say("#a", "3", "c3")])
    log._writing.set_authorizer(None)
    assert [event.seq for event in added(log, say("#a", "2", "c2"))] == [2]
    assert seqs(log, "#a") == [1, 2]


def test_a_store_locked_by_another_program_is_a_storage_error(
    disk: Callable[[], SqliteLog], tmp_path: Path
) -> None:
    log = disk()
    log._writing.execute("PRAGMA busy_timeout = 0")
    other = database.connect(tmp_path / FILE_NAME)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError):
        log.append([say("#a", "1")])
    other.execute("ROLLBACK")
    other.close()
    assert [event.seq for event in added(log, say("#a", "1"))] == [1]


def test_a_probe_leaves_no_trace_in_what_is_read(log: Log) -> None:
    added(log, say("#a", "1"))
    log.probe()
    log.probe()
    assert [event.seq for event in added(log, say("#a", "2"))] == [2]
    assert seqs(log, "#a") == [1, 2]


def test_a_probe_is_written_each_time(disk: Callable[[], SqliteLog]) -> None:
    log = disk()
    versions = set()
    for _ in range(3):
        log.probe()
        versions.add(log._reading.execute("PRAGMA data_version").fetchone())
    assert len(versions) == 3


def test_a_probe_fails_where_an_append_would(disk: Callable[[], SqliteLog]) -> None:
    log = disk()
    epoch = log.epoch
    log._writing.execute("PRAGMA query_only = ON")
    with pytest.raises(StorageError, match="readonly"):
        log.probe()
    log._writing.execute("PRAGMA query_only = OFF")
    log.probe()
    assert [event.seq for event in added(log, say("#a", "1"))] == [1]
    assert disk().epoch == epoch


def test_a_log_that_cannot_be_read_is_a_storage_error(disk: Callable[[], SqliteLog]) -> None:
    log = disk()
    log.append([say("#a", "1")])
    log._writing.execute("DROP TABLE events")
    with pytest.raises(StorageError):
        log.read("#a", limit=1, size=PLENTY)
    with pytest.raises(StorageError):
        log.unread(Unread("#a", ANN, 0, 9), 1)


def test_old_records_of_the_audit_are_removed_and_no_number_is_given_twice(log: Log) -> None:
    """The first ones that are old, some at a time; what a wrong clock has put behind others stays."""

    def times() -> list[tuple[int, int]]:
        return [(number, one.time) for number, one in log.audit(AuditFilter(), PLENTY)]

    log.append([AuditRecord(time, ANN, "topic") for time in (10, 20, 30, 90, 15, 95)])
    assert log.prune_audit(10, 2) == 0
    assert log.prune_audit(50, 2) == 2
    assert log.prune_audit(50, 2) == 1
    assert log.prune_audit(50, 2) == 0
    assert times() == [(4, 90), (5, 15), (6, 95)]
    assert log.prune_audit(100, 10) == 3
    assert times() == []
    log.append([AuditRecord(110, ANN, "topic")])
    assert times() == [(7, 110)]
