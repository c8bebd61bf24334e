"""Messages: saying, finding, changing, what the server refused."""

from chat_tui.client.changes import message, newest, reactions
from chat_tui.client.errors import ClientError
from chat_tui.client.room import Room
from chat_tui.commands.actions.base import Base
from chat_tui.markup.shortcodes import reaction_of
from protocol import frames
from protocol.names import fold
from protocol.text import clean_line


class MessageActions(Base):
    """Commands about messages."""

    async def do_me(self, text: str) -> None:
        """`/me text`."""
        self._client.say(self._here().name, text, frames.ACTION, self._view.answering)

    async def do_search(self, text: str) -> None:
        """`/search [words]`."""
        self._view.search(text)

    async def do_searchnext(self) -> None:
        """`/searchnext`."""
        self._view.step_hit(1)

    async def do_searchprevious(self) -> None:
        """`/searchprevious`."""
        self._view.step_hit(-1)

    async def do_editor(self) -> None:
        """`/editor`."""
        await self._view.edit_draft()

    async def do_retry(self, room: str) -> None:
        """`/retry [#room]`."""
        count = self._client.sender.retry(self._refused_in(room))
        self._view.tell(
            f"Trying {count} message{'s' * (count != 1)} again" if count else "Nothing has failed here"
        )

    async def do_discard(self, room: str) -> None:
        """`/discard [#room]`: the last one comes back into the composer, so nothing is lost by mistake."""
        given_up = self._client.sender.discard(self._refused_in(room))
        if not given_up:
            self._view.tell("Nothing has failed here")
            return
        texts = [entry.text for entry in given_up if entry.kind in (*frames.SPOKEN, frames.EDIT)]
        if texts:
            self._view.set_draft(texts[-1])
        self._view.tell(
            f"Discarded {len(given_up)}" + ("; the last text is in the input line" if texts else "")
        )

    def _refused_in(self, text: str) -> str:
        """The name of the room that is meant, here or one that need not be open (any more)."""
        if not text:
            return self._here().name
        stranded = self._client.sender.stranded(self._client.rooms)
        found = next((entry.room for entry in stranded if fold(entry.title) == fold(text)), None)
        return found or self._named(text)

    # --- one message

    async def do_select(self) -> None:
        """`/select`."""
        self._here()
        self._view.choose_message()

    async def do_edit(self, text: str) -> None:
        """`/edit [text]`."""
        room = self._here()
        seq = self._meant(room, mine=True)
        if text:
            self._client.changes.edit(room, seq, text)
            self._view.choose_none()
        else:
            self._view.write(frames.EDIT, seq)

    async def do_reply(self, text: str) -> None:
        """`/reply [text]`."""
        room = self._here()
        seq = self._meant(room, mine=False)
        if text:
            self._client.say(room.name, text, reply=seq)
            self._view.choose_none()
        else:
            self._view.write("reply", seq)

    async def do_react(self, emoji: str) -> None:
        """`/react [emoji]`."""
        room = self._here()
        seq = self._meant(room)
        if emoji:
            self._client.changes.toggle(room, seq, meant_emoji(emoji))
            self._view.choose_none()
        else:
            self._view.write("react", seq)

    async def do_reactions(self) -> None:
        """`/reactions`."""
        room, chosen = self._here(), self._view.chosen
        for seq in [chosen] if chosen is not None else [event.seq for event in reversed(room.events)]:
            said, found = message(room, seq), reactions(room, seq)
            if said is not None and found:
                told = (f"{emoji} {', '.join(names)}" for emoji, names in found.items())
                self._view.tell(f"To {said.sender}: {clean_line(said.text, 40)}\n" + "\n".join(told))
                return
        raise ClientError(f"Nobody has reacted {'here yet' if chosen is None else 'to that'}")

    async def do_delete(self) -> None:
        """`/delete`."""
        self._view.ask_to_delete(self._meant(self._here(), mine=True))

    async def do_copy(self) -> None:
        """`/copy`."""
        room = self._here()
        said = message(room, self._meant(room))
        if said is not None:
            self._view.copy(said.text)
        self._view.choose_none()

    def _meant(self, room: Room, *, mine: bool | None = None) -> int:
        """The chosen message, or the newest: of one's own, or not, or whosever. Raises `ClientError`."""
        if self._view.chosen is not None:
            return self._view.chosen
        said = newest(room, mine=mine)
        if said is None:
            whose = {True: " of yours", False: " of somebody else", None: ""}[mine]
            key = self._view.keys.first("select") or "/select"
            raise ClientError(f"There is no message{whose} here. {key} or a click chooses one.")
        return said.seq


def meant_emoji(text: str) -> str:
    """The emoji that a person has typed, or its name. Raises `ClientError`."""
    emoji = reaction_of(text)
    if emoji is None:
        raise ClientError(f"{text} is no emoji, and none has that name. As in :thumbsup: - Tab completes.")
    return emoji
