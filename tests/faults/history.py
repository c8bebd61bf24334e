"""What the clients of one history did and saw, and what the store held in the end.

Each client writes its records down as they happen, one line of JSON each, flushed at once: what stands in the
file was so, also if the client was killed a moment later. Knows files and the store's tables; judges nothing
(see `checker`).
"""

import hashlib
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from chat_tui.client.acts import act_of, words
from common import database
from protocol import codec, frames
from server.state import model
from server.state.model import SERVER_LOG
from server.store.sqlite import FILE_NAME

SHORT = 64
"""Characters of a text that records keep; of a longer one they keep the start and a hash."""


def brief(text: str) -> str:
    """The text as it stands in records: equal for equal texts, and never long."""
    if len(text) <= SHORT:
        return text
    return f"{text[:32]}…{hashlib.blake2b(text.encode(), digest_size=8).hexdigest()}"


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """One event, as a client shows it or as the store holds it."""

    seq: int
    user: int
    kind: str
    text: str
    cid: str | None = None


class Record(msgspec.Struct, tag_field="is", omit_defaults=True, frozen=True):
    """One thing that a client did or was told."""


class Said(Record, tag="said", frozen=True):
    """A message under its cid. `kept`: it is in an outbox on disk, so it has to arrive. `link`: the
    connection on which it was sent (raw clients; a repetition is one more record)."""

    cid: str
    room: str
    text: str
    kept: bool = False
    link: int = 0


class Began(Record, tag="began", frozen=True):
    """A new run of the client: nothing is shown yet. `waiting` is what its outbox held. With more than `fill`
    missed events a room may start anew."""

    waiting: list[Said] = []
    fill: int = 0


class Entered(Record, tag="entered", frozen=True):
    """It came in as this user."""

    user: int


class Meant(Record, tag="meant", frozen=True):
    """It was told to say this (or to set this topic); it may have died before it did."""

    room: str
    text: str
    kind: str = frames.MESSAGE


class Forged(Record, tag="forged", frozen=True):
    """It sent this under a cid that stands for another message; it must be refused."""

    cid: str
    room: str
    text: str


class Acked(Record, tag="acked", frozen=True):
    """`ok` came for this cid."""

    cid: str
    seq: int
    dup: bool = False


class Refused(Record, tag="refused", frozen=True):
    """`error` came for this cid."""

    cid: str
    code: str


class Shown(Record, tag="shown", frozen=True):
    """These events were shown at the end of the room."""

    room: str
    events: list[Seen]


class Older(Record, tag="older", frozen=True):
    """These events were shown before the first one."""

    room: str
    events: list[Seen]


class Restarted(Record, tag="restarted", frozen=True):
    """What was shown of the room is void; these are shown, and the next will be `last` + 1."""

    room: str
    last: int
    events: list[Seen]


class Gone(Record, tag="gone", frozen=True):
    """The room is shown no longer: it was left."""

    room: str


class Leaked(Record, tag="leaked", frozen=True):
    """It was removed from the room, has not joined again on this connection, and got this event."""

    room: str
    seq: int


class Jumped(Record, tag="jumped", frozen=True):
    """On one connection event `seq` came right after event `last`, without a word about what was left out."""

    room: str
    last: int
    seq: int


AnyRecord = (
    Began
    | Entered
    | Meant
    | Said
    | Forged
    | Acked
    | Refused
    | Shown
    | Older
    | Restarted
    | Gone
    | Leaked
    | Jumped
)

_decoder = msgspec.json.Decoder(AnyRecord)


class Book:
    """Where one client's records are written down."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)

    def write(self, record: Record) -> None:
        """Add a record; when this returns no kill can undo it."""
        self._file.write(msgspec.json.encode(record) + b"\n")

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def read_book(path: Path) -> list[AnyRecord]:
    """The records of one client. A last line that was cut off by a kill is none."""
    whole, _, _ = path.read_bytes().rpartition(b"\n")
    return [_decoder.decode(line) for line in whole.splitlines()]


History = dict[str, list[AnyRecord]]
"""The records of each client, by its name in the history."""


def read_history(paths: Iterable[Path]) -> History:
    """The books `NAME.jsonl`, and `NAME.meant.jsonl` for what that client was told."""
    history: History = {}
    for path in sorted(paths):
        history.setdefault(path.name.split(".")[0], []).extend(read_book(path))
    return history


@dataclass(slots=True)
class Store:
    """The final store: the events of each room as the rows say, and the sums beside them. `removed`: whom the
    event at that place has removed."""

    events: dict[str, list[Seen]] = field(default_factory=dict)
    heads: dict[str, int] = field(default_factory=dict)
    members: dict[str, set[int]] = field(default_factory=dict)
    owners: dict[str, set[int]] = field(default_factory=dict)
    removed: dict[tuple[str, int], int] = field(default_factory=dict)
    users: dict[int, str] = field(default_factory=dict)


def read_heads(data: Path) -> dict[str, int]:
    """The head of each room that clients can see; the server may be running."""
    with closing(open_store(data)) as database:
        rows = database.execute("SELECT name, head FROM rooms WHERE name <> ?", (SERVER_LOG,)).fetchall()
    return dict(rows)


def read_store(data: Path) -> Store:
    """All that the SQLite file holds."""
    store = Store()
    with closing(open_store(data)) as database:
        run = database.execute
        rooms = dict(run("SELECT id, name FROM rooms"))
        store.heads = dict(run("SELECT name, head FROM rooms"))
        store.users = dict(run("SELECT id, name FROM users"))
        store.events = {name: [] for name in rooms.values()}
        store.members = {name: set() for name in rooms.values()}
        store.owners = {name: set() for name in rooms.values()}
        for room, user, role in run("SELECT room, user, role FROM members"):
            store.members[rooms[room]].add(user)
            if role == frames.OWNER:
                store.owners[rooms[room]].add(user)
        sql = "SELECT room, seq, user, kind, body, cid FROM events ORDER BY room, seq"
        for room, seq, user, kind, body, cid in run(sql):
            store.events[rooms[room]].append(Seen(seq, user, kind, text_of(kind, body), cid))
            about = codec.unpack_body(body, frames.AboutBody) if kind == frames.KICK else None
            if about is not None and about.removed:
                store.removed[rooms[room], seq] = about.user
    return store


def open_store(data: Path) -> database.Connection:
    """The store's file; the server may be running."""
    return database.connect(data / FILE_NAME)


def text_of(kind: str, packed: bytes) -> str:
    """What the body of an event says, as it stands in records."""
    match kind:
        case frames.MESSAGE | frames.ACTION:
            said = codec.unpack_body(packed, frames.TextBody)
            return brief(said.text) if said is not None else "(unreadable)"
        case frames.TOPIC:
            topic = codec.unpack_body(packed, frames.TopicBody)
            return brief(topic.topic) if topic is not None else "(unreadable)"
        case frames.NICK | model.USER:
            nick = codec.unpack_body(packed, frames.NickBody)
            return nick.name if nick is not None else "(unreadable)"
    return brief(words(kind, act_of(frames.Event("", 1, 0, "", kind, 0, packed))))
