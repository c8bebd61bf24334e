"""What the SQLite store keeps beside events: members, roles, invitations, penalties and levels of rooms, who
was there, and the audit.

The SQL twin of `state.apply`: `project` changes the tables by one event, in the transaction that stores it;
`load` makes the state of them. Knows SQL and the events that change rooms.
"""

from collections.abc import Callable
from typing import Any

from common import database
from protocol import frames, names
from protocol.frames import Event
from server.state.apply import first_role, read
from server.state.entries import AuditRecord, AwayRecord, Ignored, LastSeen, Presence, gone
from server.state.model import (
    ROLE,
    SERVER_LOG,
    USER,
    AccountRoleBody,
    NetworkBody,
    Penalty,
    Room,
    RoomInvitation,
    State,
    UserBody,
)
from server.store.base import AuditFilter, Recorded, Size

Run = Callable[..., database.Cursor]

_COLUMNS = "seq, user, sender, kind, time, body, cid, target, reply"


def load(run: Run, state: State, rooms: dict[int, Room]) -> None:
    """Enter makers, members, invitations and penalties into a state that has users and `rooms`, by their
    ids."""
    for room, maker in run("SELECT id, maker FROM rooms"):
        if room in rooms:
            state.set_maker(rooms[room], maker)
    for room, user, role in run("SELECT room, user, role FROM members ORDER BY room, since, user"):
        state.add_member(rooms[room], state.users[user], role)
    for room, user, by, time in run("SELECT room, user, by, time FROM invitations"):
        state.invite(rooms[room], state.users[user], RoomInvitation(by, time))
    for room, user, kind, *term in run("SELECT room, user, kind, by, time, until, reason FROM penalties"):
        if room not in rooms:
            state.banned_users[user] = Penalty(*term)
        else:
            (rooms[room].bans if kind == frames.BAN else rooms[room].mutes)[user] = Penalty(*term)
    for network, *term in run("SELECT network, by, time, until, reason FROM networks"):
        state.banned_networks[network] = Penalty(*term)


def project(run: Run, room: int, event: Event) -> None:
    """Change the tables by an event of a room, whose id is `room`."""
    match event.kind:
        case frames.CREATE:
            _create(run, room, event)
        case frames.JOIN:
            ((there,),) = run("SELECT EXISTS (SELECT 1 FROM members WHERE room = ?)", (room,)).fetchall()
            _add(run, room, event, event.user, first_role(event.room, empty=not there))
        case frames.LEAVE:
            _remove(run, room, event.user)
        case frames.TOPIC:
            topic = read(event, frames.TopicBody).topic
            run("UPDATE rooms SET topic = ? WHERE id = ?", (topic, room))
        case frames.VISIBILITY:
            private = read(event, frames.VisibilityBody).private
            run("UPDATE rooms SET private = ? WHERE id = ?", (private, room))
        case frames.ROLE:
            body = read(event, frames.RoleBody)
            run("UPDATE members SET role = ? WHERE room = ? AND user = ?", (body.role, room, body.user))
        case frames.DECLINE:
            _uninvite(run, room, event.user)
        case kind if kind in frames.ABOUT_SOMEBODY:
            _project_about_somebody(run, room, event, read(event, frames.AboutBody))


def project_server_ban(run: Run, room: int, event: Event, body: frames.AboutBody | NetworkBody) -> None:
    """Change the tables by a `ban` or `unban` in the server's own log, whose id is `room`."""
    if isinstance(body, frames.AboutBody):
        _project_about_somebody(run, room, event, body)
    elif event.kind == frames.BAN:
        row = (body.network, event.user, event.time, body.until, body.reason)
        run("INSERT OR REPLACE INTO networks VALUES (?, ?, ?, ?, ?)", row)
    else:
        run("DELETE FROM networks WHERE network = ?", (body.network,))


def project_user(run: Run, event: Event) -> None:
    """Change the tables by what the server's own log says of a user; their id is the seq of the first."""
    match event.kind:
        case kind if kind == USER:
            user = read(event, UserBody)
            sql = "INSERT INTO users (id, name, folded, admin) VALUES (?, ?, ?, ?)"
            run(sql, (event.seq, user.name, names.fold(user.name), user.admin))
        case kind if kind == ROLE:
            role = read(event, AccountRoleBody)
            run(
                "UPDATE users SET admin = ?, disabled = ? WHERE id = ?",
                (role.admin, role.disabled, event.user),
            )
        case frames.NICK:
            name = read(event, frames.NickBody).name
            run("UPDATE users SET name = ?, folded = ? WHERE id = ?", (name, names.fold(name), event.user))


def choose_level(run: Run, room: int, user: int, level: str) -> None:
    """Keep how much of a room calls a user."""
    run("DELETE FROM levels WHERE user = ? AND room = ?", (user, room))
    if level:
        run("INSERT INTO levels VALUES (?, ?, ?)", (user, room, level))


def keep_presence(run: Run, record: Presence) -> None:
    """Keep who was there, and whom they want to read."""
    match record:
        case LastSeen(user, time):
            run(
                "INSERT INTO people (user, seen) VALUES (?, ?) "
                "ON CONFLICT DO UPDATE SET seen = excluded.seen",
                (user, time),
            )
        case AwayRecord(user, text):
            run(
                "INSERT INTO people (user, away) VALUES (?, ?) "
                "ON CONFLICT DO UPDATE SET away = excluded.away",
                (user, text),
            )
        case Ignored(user, other, True):
            run("INSERT OR IGNORE INTO ignored VALUES (?, ?)", (user, other))
        case Ignored(user, other, False):
            run("DELETE FROM ignored WHERE user = ? AND other = ?", (user, other))


def bury(run: Run, room: int, name: str) -> None:
    """Take a deleted room out of all tables but that of the events, which are removed later."""
    for table in ("members", "reads", "levels", "invitations", "penalties"):
        run(f"DELETE FROM {table} WHERE room = ?", (room,))  # noqa: S608  # our own names
    run("DELETE FROM rooms WHERE id = ?", (room,))
    run("INSERT INTO graves VALUES (?, ?, 0)", (room, name))


def _create(run: Run, room: int, event: Event) -> None:
    body = read(event, frames.CreateBody) if event.body else frames.CreateBody()  # rooms of old have none
    row = (body.private, body.born, event.user, room)
    run("UPDATE rooms SET private = ?, born = ?, maker = ? WHERE id = ?", row)
    for user in sorted(set(names.direct_pair(event.room) or ())):
        _add(run, room, event, user, frames.MEMBER)


def _add(run: Run, room: int, event: Event, user: int, role: str) -> None:
    row = (room, user, role, event.seq)
    run("INSERT OR IGNORE INTO members (room, user, role, since) VALUES (?, ?, ?, ?)", row)
    _uninvite(run, room, user)


def _remove(run: Run, room: int, user: int) -> None:
    run("DELETE FROM members WHERE room = ? AND user = ?", (room, user))
    run("DELETE FROM reads WHERE room = ? AND user = ?", (room, user))
    run("DELETE FROM levels WHERE room = ? AND user = ?", (room, user))


def _uninvite(run: Run, room: int, user: int) -> None:
    run("DELETE FROM invitations WHERE room = ? AND user = ?", (room, user))


def _project_about_somebody(run: Run, room: int, event: Event, body: frames.AboutBody) -> None:
    user = body.user
    if event.kind == frames.INVITE:
        row: tuple[Any, ...] = (room, user, event.user, event.time)
        run("INSERT OR REPLACE INTO invitations VALUES (?, ?, ?, ?)", row)
    if event.kind in (frames.KICK, frames.BAN) and event.room != SERVER_LOG:
        _remove(run, room, user)
        _uninvite(run, room, user)
    if event.kind in (frames.BAN, frames.MUTE):
        row = (room, user, event.kind, event.user, event.time, body.until, body.reason)
        run("INSERT OR REPLACE INTO penalties VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    elif event.kind in (frames.UNBAN, frames.UNMUTE):
        lifted = frames.BAN if event.kind == frames.UNBAN else frames.MUTE
        run("DELETE FROM penalties WHERE room = ? AND user = ? AND kind = ?", (room, user, lifted))


def audit(run: Run, searched: AuditFilter, limit: int) -> list[Recorded]:
    """See `base.Log`."""
    user, name = searched.user or (None, None)
    sql = (
        "SELECT id, time, actor, action, target, room, detail FROM audit "
        "WHERE time >= ? AND id < ? AND (? IS NULL OR actor = ? OR target = ?) "
        "AND ? IN ('', room) AND ? IN ('', action) ORDER BY id DESC LIMIT ?"
    )
    before = 2**62 if searched.before is None else searched.before
    bounds = (searched.since, before, user, user, name, searched.room, searched.action, limit)
    return [Recorded(number, AuditRecord(*row)) for number, *row in reversed(run(sql, bounds).fetchall())]


def prune_audit(run: Run, before: int, limit: int) -> int:
    """See `base.Log`."""
    oldest = "SELECT id, time FROM audit ORDER BY id LIMIT ?"
    sql = f"SELECT min(id) FROM ({oldest}) WHERE time >= ?"  # noqa: S608
    ((kept,),) = run(sql, (limit, before)).fetchall()
    if kept is None:
        removing = f"DELETE FROM audit WHERE id IN (SELECT id FROM ({oldest})) RETURNING id"  # noqa: S608
        return len(run(removing, (limit,)).fetchall())
    return len(run("DELETE FROM audit WHERE id < ? RETURNING id", (kept,)).fetchall())


def size(run: Run, room: str) -> Size:
    """See `base.Log`."""
    sql = (
        "SELECT count(*), coalesce(sum(length(body)), 0) FROM events JOIN rooms ON rooms.id = room "
        "WHERE name = ? AND seq > floor"
    )
    ((events, size),) = run(sql, (room,)).fetchall()
    return Size(events, size)


def find(run: Run, user: int, cid: str) -> Event | None:
    """The event that this user has stored under that cid; of one that was removed what is left."""
    sql = (
        f"SELECT rooms.name, graves.name, {_COLUMNS} FROM events "  # noqa: S608
        "LEFT JOIN rooms ON rooms.id = room LEFT JOIN graves ON graves.id = room WHERE user = ? AND cid = ?"
    )
    row = run(sql, (user, cid)).fetchone()
    if row is None:
        return None
    name, grave, *columns = row
    event = Event(name if grave is None else grave, *columns)
    # The last ones of a deleted room may not be removed yet; they are gone all the same.
    return event if grave is None else gone(event)
