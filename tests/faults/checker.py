"""Judges a history against the final store: the promises of the chat, one function each.

Pure: records and rows in, sentences out; no sentence means that all was kept. Texts of messages are unique
in a history, so a text that is stored twice is a message that was doubled, whatever its cid.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from protocol import errors, frames
from protocol.names import FIRST_ROOM
from server.state.model import SERVER_LOG
from tests.faults.history import (
    Acked,
    AnyRecord,
    Began,
    Entered,
    Forged,
    Gone,
    History,
    Jumped,
    Leaked,
    Meant,
    Older,
    Refused,
    Restarted,
    Said,
    Seen,
    Shown,
    Store,
)

ENOUGH = 40
"""Sentences given at most: one fault makes many, and the first ones tell it."""


@dataclass(slots=True)
class _Client:
    """What one client said and was answered, gathered from its records."""

    name: str
    records: list[AnyRecord]
    users: set[int] = field(default_factory=set)
    said: dict[str, Said] = field(default_factory=dict)
    times: Counter[str] = field(default_factory=Counter)
    meant: set[tuple[str, str, str]] = field(default_factory=set)
    forged: set[tuple[str, str]] = field(default_factory=set)
    acked: list[Acked] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    @property
    def user(self) -> int:
        """Its user's id; 0 if it never came in."""
        return next(iter(self.users), 0)


def check(history: History, store: Store) -> list[str]:
    """All that is wrong, as sentences."""
    clients = [_gather(name, records) for name, records in sorted(history.items())]
    found = [
        *_check_log(store),
        *_check_users(clients),
        *_check_answers(clients, store),
        *_check_origin(clients, store),
        *_check_kept(clients, store),
        *_check_order(clients, store),
    ]
    for client in clients:
        found += [*_check_told(client), *_check_view(client, store)]
    if len(found) > ENOUGH:
        found[ENOUGH:] = [f"… and {len(found) - ENOUGH} sentences more"]
    return found


def _gather(name: str, records: list[AnyRecord]) -> _Client:
    client = _Client(name, records)
    for record in records:
        match record:
            case Entered(user):
                client.users.add(user)
            case Said():
                client.said.setdefault(record.cid, record)
                client.times[record.cid] += 1
            case Began(waiting):
                for kept in waiting:
                    client.said.setdefault(kept.cid, kept)
            case Meant(room, text, kind):
                client.meant.add((room, kind, text))
            case Forged(cid, _, text):
                client.forged.add((cid, text))
            case Acked():
                client.acked.append(record)
            case Refused():
                client.refused.append(record)
    return client


# --- the store by itself


def _check_log(store: Store) -> Iterator[str]:
    """Each room counts 1, 2, 3 … up to its head, each cid is there once, the sums are the events' sums."""
    cids: defaultdict[tuple[int, str], list[str]] = defaultdict(list)
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for room, events in store.events.items():
        yield from _check_sums(room, events, store)
        for event in events:
            if event.cid is not None:
                cids[event.user, event.cid].append(f"{room} {event.seq}")
            if event.kind in frames.SPOKEN:
                texts[event.text].append(f"{room} {event.seq}")
    for (user, cid), places in cids.items():
        if len(places) > 1:
            yield f"Cid {cid} of user {user} is stored {len(places)} times: {', '.join(places)}."
    for text, places in texts.items():
        if len(places) > 1:
            yield f"The message {text!r} was doubled: it is stored at {', '.join(places)}."


def _check_sums(room: str, events: list[Seen], store: Store) -> Iterator[str]:
    last = 0
    members: set[int] = set()
    for event in events:
        if event.seq != last + 1:
            yield f"In the store {room} goes from {last} to {event.seq}: its seqs have a gap."
        last = event.seq
        if event.kind == frames.JOIN:
            members.add(event.user)
        elif event.kind == frames.LEAVE:
            members.discard(event.user)
        elif event.kind == frames.KICK:
            members.discard(store.removed.get((room, event.seq), 0))
    head, stored = store.heads.get(room), store.members.get(room, set())
    if head != last:
        yield f"In the store {room} says its head is {head}; its events end at {last}."
    if room != SERVER_LOG and members != stored:
        yield f"In the store {room} has members {stored}; its events say {members}."
    if room not in (SERVER_LOG, FIRST_ROOM) and stored and not store.owners.get(room, {0}):
        yield f"In the store nobody owns {room}, and {stored} are in it."


# --- what was said


def _check_users(clients: list[_Client]) -> Iterator[str]:
    """Who comes back is the same user as before."""
    for client in clients:
        if len(client.users) > 1:
            yield f"{client.name} came in as several users: {sorted(client.users)}."


def _stored_by_cid(store: Store) -> dict[tuple[int, str], tuple[str, Seen]]:
    return {
        (event.user, event.cid): (room, event)
        for room, events in store.events.items()
        for event in events
        if event.cid is not None
    }


def _check_answers(clients: list[_Client], store: Store) -> Iterator[str]:
    """What was acknowledged is stored there, with its text; no cid has two seqs; refusals have a reason."""
    stored = _stored_by_cid(store)
    for client in clients:
        seqs: dict[str, int] = {}
        firsts: set[str] = set()
        for acked in client.acked:
            cid = acked.cid
            if seqs.setdefault(cid, acked.seq) != acked.seq:
                yield f"{client.name} was told two seqs for cid {cid}: {seqs[cid]} and {acked.seq}."
            if not acked.dup and cid in firsts:
                yield f"{client.name} was told twice that cid {cid} was new."
            if not acked.dup:
                firsts.add(cid)
        for cid, seq in seqs.items():
            yield from _check_acked(client, cid, seq, stored)
        forged = {cid for cid, _ in client.forged}
        for refused in client.refused:
            if refused.code == errors.NOT_A_MEMBER or (
                refused.code == errors.CID_REUSED and refused.cid in forged
            ):
                continue
            yield f"{client.name} was refused cid {refused.cid} with {refused.code}, without a reason."


def _check_acked(
    client: _Client, cid: str, seq: int, stored: dict[tuple[int, str], tuple[str, Seen]]
) -> Iterator[str]:
    said = client.said.get(cid)
    if said is None:
        yield f"{client.name} got an ok for cid {cid}, which it never sent."
        return
    place = stored.get((client.user, cid))
    if place is None:
        yield (
            f"LOST: {client.name} got an ok for {said.text!r} (cid {cid}, {said.room} {seq}); "
            "it is not stored."
        )
    elif place[1].seq != seq or place[0] != said.room:
        yield (
            f"{client.name} was told that {said.text!r} is at {said.room} {seq}; it is at "
            f"{place[0]} {place[1].seq}."
        )


def _check_origin(clients: list[_Client], store: Store) -> Iterator[str]:
    """Nothing is stored that nobody said, and all of it with its text, in its room."""
    said = {(client.user, cid): one for client in clients for cid, one in client.said.items()}
    meant = {(client.user, *one) for client in clients for one in client.meant}
    for room, events in store.events.items():
        for event in events:
            place = f"{room} {event.seq}"
            asked = (event.user, room, event.kind, event.text) in meant
            if event.kind == frames.TOPIC and not asked:
                yield f"PHANTOM: nobody set the topic {event.text!r} that is stored at {place}."
            if event.kind not in frames.SPOKEN:
                continue
            one = said.get((event.user, event.cid or ""))
            if one is None and not asked:
                said_by = f"user {event.user} never said {event.text!r} (cid {event.cid})"
                yield f"PHANTOM: {said_by}, stored at {place}."
            elif one is not None and one.text != event.text:
                yield f"At {place} the text is {event.text!r}; under cid {event.cid} {one.text!r} was said."
            elif one is not None and one.room != room:
                yield f"{one.text!r} was said in {one.room}; it is stored at {place}."


def _check_kept(clients: list[_Client], store: Store) -> Iterator[str]:
    """What was in an outbox is stored in the end."""
    stored = _stored_by_cid(store)
    for client in clients:
        for cid, said in client.said.items():
            if said.kept and (client.user, cid) not in stored:
                where = f"{client.name}'s outbox (cid {cid}, {said.room})"
                yield f"LOST: {said.text!r} was in {where}; it never came."


def _check_order(clients: list[_Client], store: Store) -> Iterator[str]:
    """A room has one sender's messages in the order in which they were sent.

    Of an outbox all, but for those that were refused and sent anew. Of a raw client those that went once, on
    one connection.
    """
    stored = _stored_by_cid(store)
    for client in clients:
        refused = {one.cid for one in client.refused}
        last: dict[tuple[str, int], tuple[int, Said]] = {}
        for cid, said in client.said.items():
            place = stored.get((client.user, cid))
            if place is None or cid in refused or (not said.kept and client.times[cid] > 1):
                continue
            line = (said.room, said.link)
            seq, before = last.get(line, (0, said))
            if place[1].seq < seq:
                yield (
                    f"REORDERED: {client.name} said {before.text!r} before {said.text!r}; in {said.room} "
                    f"they are at {seq} and {place[1].seq}."
                )
            last[line] = (place[1].seq, said)


# --- what was shown


def _check_told(client: _Client) -> Iterator[str]:
    """What came on one connection: all of it or a word about it, and nothing for who has been removed."""
    for record in client.records:
        match record:
            case Leaked(room, seq):
                yield f"{client.name} was removed from {room} and saw {seq} after that."
            case Jumped(room, last, seq):
                yield f"{client.name} got {room} {seq} right after {last}, and no word of what was left out."


def _check_view(client: _Client, store: Store) -> Iterator[str]:
    """What a client showed is the store's log: no gap, nothing twice, nothing else, and in the end all."""
    views: dict[str, tuple[int, int]] = {}  # room: the seq before the first event shown, and the last one
    fill = 0
    for record in client.records:
        match record:
            case Began():
                views.clear()
                fill = record.fill
            case Gone(room):
                views.pop(room, None)
            case Restarted(room, last, events):
                yield from _check_restart(client, record, views.get(room), fill)
                views[room] = (last - len(events), last)
                yield from _check_shown(client, room, events, store)
            case Shown(room, events):
                base, last = views.get(room, (-1, -1))
                yield from _check_line(client, room, last, events)
                views[room] = (base, events[-1].seq)
                yield from _check_shown(client, room, events, store)
            case Older(room, events):
                base, last = views.get(room, (-1, -1))
                yield from _check_line(client, room, base - len(events), events)
                views[room] = (events[0].seq - 1, last)
                yield from _check_shown(client, room, events, store)
    for room, members in store.members.items():
        if client.user in members and views.get(room, (0, 0))[1] != store.heads.get(room):
            shown = f"up to {views[room][1]}" if room in views else "nothing"
            yield f"{client.name} is in {room}, which goes to {store.heads.get(room)}; it was shown {shown}."


def _check_restart(
    client: _Client, restart: Restarted, before: tuple[int, int] | None, fill: int
) -> Iterator[str]:
    """A room starts anew for who did not show it or missed much; it never goes back."""
    yield from _check_line(client, restart.room, restart.last - len(restart.events), restart.events)
    if before is not None and restart.last - before[1] <= fill:
        yield (
            f"{client.name} started {restart.room} anew at {restart.last}, though it had shown "
            f"up to {before[1]}."
        )


def _check_line(client: _Client, room: str, last: int, events: list[Seen]) -> Iterator[str]:
    for event in events:
        if event.seq != last + 1:
            what = "again" if event.seq <= last else "after a gap"
            yield f"{client.name} showed {room} {event.seq} {what}: {last} was shown before it."
        last = event.seq


def _check_shown(client: _Client, room: str, events: list[Seen], store: Store) -> Iterator[str]:
    stored = store.events.get(room, [])
    for event in events:
        there = stored[event.seq - 1] if 0 < event.seq <= len(stored) else None
        if there is None:
            yield f"PHANTOM: {client.name} showed {room} {event.seq}, {event.text!r}, which is not stored."
        elif there != event:
            yield f"{client.name} showed {room} {event.seq} as {event}; stored is {there}."
