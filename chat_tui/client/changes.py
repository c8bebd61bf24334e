"""Changing what was said: editing, deleting, reacting; and what a message says now.

All of it goes through the outbox like what is said: it is shown as pending, works offline, is stored once.
What a message says now follows from the events that a room holds behind it. Knows rooms, and how to send and
ask; nothing of screens.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from chat_tui.client.cache import Cache
from chat_tui.client.errors import ClientError
from chat_tui.client.events import Pending, RoomEvent, from_wire, is_emoji
from chat_tui.client.identity import Identity
from chat_tui.client.requests import Ask
from chat_tui.client.room import Room
from chat_tui.client.sender import Sender
from protocol import frames, limits


class Changes:
    """See the module. Messages are named by their `seq`. What raises `ClientError` has changed nothing."""

    def __init__(self, sender: Sender, ask: Ask, who: Identity, cache: Cache | None) -> None:
        self._sender = sender
        self._ask = ask
        self._who = who
        self._cache = cache

    # --- changing

    def edit(self, room: Room, seq: int, text: str) -> Pending:
        """Have a message of one's own say something else. Raises `ClientError`."""
        said = self._held(room, seq)
        if said is not None and said.user != room.me:
            raise ClientError(f"That is what {said.sender} said: only {said.sender} can edit it.")
        if not text.strip():
            raise ClientError("An edit needs a text; /delete removes the message.")
        return self._sender.send(room.name, text, frames.EDIT, target=seq)

    def delete(self, room: Room, seq: int) -> Pending:
        """Remove a message for good: one's own, or as a moderator anybody's. Raises `ClientError`."""
        self.check_delete(room, seq)
        return self._sender.send(room.name, "", frames.DELETE, target=seq)

    def check_delete(self, room: Room, seq: int) -> None:
        """Whether it can be deleted, as far as is known here. Raises `ClientError`."""
        said = self._held(room, seq)
        if said is not None and not self.may_delete(room, said):
            raise ClientError(f"That is what {said.sender} said: only they and moderators can delete it.")

    def may_delete(self, room: Room, said: RoomEvent) -> bool:
        """Whether it is one's own, or one moderates the room."""
        moderates = not room.direct and (room.role != frames.MEMBER or self._who.admin)
        return said.user == room.me or moderates

    def react(self, room: Room, seq: int, emoji: str, *, on: bool = True) -> Pending:
        """React to a message, or take that back. Raises `ClientError`."""
        self._held(room, seq)
        if not is_emoji(emoji):
            raise ClientError(f"A reaction is an emoji, or up to {limits.EMOJI} characters.")
        return self._sender.send(room.name, emoji, frames.REACTION, target=seq, off=not on)

    def toggle(self, room: Room, seq: int, emoji: str) -> Pending:
        """React, or take it back if one has reacted so before. Raises `ClientError`."""
        return self.react(room, seq, emoji, on=not self._has_reacted(room, seq, emoji))

    def _has_reacted(self, room: Room, seq: int, emoji: str) -> bool:
        meant = (frames.REACTION, seq, emoji)
        stored = (one.off for one in room.events if one.user == room.me and _of(one) == meant)
        waiting = self._sender.in_room(room.name)
        on_its_way = (one.off for one in waiting if one.state == "pending" and _of(one) == meant)
        *_, off = (True, *stored, *on_its_way)  # the last one counts
        return not off

    def _held(self, room: Room, seq: int) -> RoomEvent | None:
        """The message as it is now; None if it is not held here, and only the server knows."""
        if seq <= room.base:
            return None
        said = message(room, seq)
        if said is None:
            raise ClientError("There is no such message (any more).")
        return said

    # --- what was said

    async def fetch(self, room: Room, seq: int) -> RoomEvent | None:
        """A message as far as it can be had, from here or from the server; None if it is gone.

        Raises `ClientError`.
        """
        if seq > room.base:
            return message(room, seq)
        found = self._cache.older(room.name, seq + 1, 1) if self._cache is not None else []
        if not found or found[0].seq != seq:
            page = await self._ask(frames.History(1, room.name, before=seq + 1, after=seq - 1, limit=1))
            found = [from_wire(event) for event in page.events]
        return found[0] if found and found[0].spoken and found[0].text else None


def _of(one: RoomEvent | Pending) -> tuple[str, int | None, str]:
    return one.kind, one.target, one.text


def message(room: Room, seq: int) -> RoomEvent | None:
    """What was said there, with the text that it has now; None if it is deleted, not held, or no message."""
    at = seq - room.base - 1
    if not 0 <= at < len(room.events) or not room.events[at].spoken:
        return None
    return _now(room.events[at], room.about.get(seq, ()))


def _now(said: RoomEvent, later: Iterable[RoomEvent]) -> RoomEvent | None:
    for event in later:
        if event.target == said.seq:
            if event.kind == frames.DELETE:
                return None
            if event.kind == frames.EDIT and event.user == said.user and event.text:
                said = replace(said, text=event.text)
    return said if said.text else None


def reactions(room: Room, seq: int) -> dict[str, list[str]]:
    """Who reacted to a message with what, as they were called then, in the order in which they did."""
    found: dict[str, dict[int, str]] = {}
    for event in room.about.get(seq, ()):
        if (event.kind, event.target) == (frames.REACTION, seq) and event.user not in room.ignored:
            who = found.setdefault(event.text, {})
            who.pop(event.user, None)
            if not event.off:
                who[event.user] = event.sender
    return {emoji: list(who.values()) for emoji, who in found.items() if who}


def newest(room: Room, *, mine: bool | None = None) -> RoomEvent | None:
    """The newest message that is there to be read: of one's own, of somebody else, or (None) of anybody."""
    for event in reversed(room.events):
        wanted = event.spoken and mine in (None, event.user == room.me) and not room.hides(event)
        if wanted and event.text and (said := message(room, event.seq)) is not None:
            return said
    return None
