"""What calls a person, and going where they are called."""

from typing import get_args

from chat_tui.client.errors import ClientError
from chat_tui.client.mentions import WORDS, good_word
from chat_tui.commands.actions.base import Base
from protocol import frames
from protocol.names import fold

SAID: dict[str, str] = {
    frames.EVERYTHING: "everything said in {room} calls you",
    frames.MENTIONS: "in {room} you are called when somebody names you",
    frames.MUTED: "{room} is muted: nothing in it calls you, but mentions are counted",
}


class AttentionActions(Base):
    """Commands about what wants attention."""

    async def do_attention(self) -> None:
        """`/attention`."""
        self._view.go_where_wanted()

    async def do_notify(self, level: str) -> None:
        """`/notify [level]`."""
        room = self._here()
        if level:
            chosen = next((one for one in get_args(frames.Level) if one == level.lower()), None)
            if chosen is None:
                raise ClientError(f"/notify takes all, mentions or none; {level} is none of them")
            await self._client.company.mine.choose(room, chosen)
        said = SAID.get(room.level, SAID[frames.MENTIONS]).format(room=room.title)
        self._view.tell(f"{said[0].upper()}{said[1:]}")

    async def do_highlight(self, word: str) -> None:
        """`/highlight [word]`."""
        words = self._client.company.calls.words
        if not word:
            self._view.tell(
                f"These words call you: {', '.join(words)}" if words else "Only your name calls you"
            )
            return
        try:
            word = good_word(word)
        except ValueError as error:
            raise ClientError(str(error)) from error
        if fold(word) in map(fold, words):
            self._view.tell(f"{word} calls you already")
            return
        if len(words) >= WORDS:
            raise ClientError(f"{WORDS} words call you: /unhighlight one of them first")
        self._view.set_settings(highlights=(*words, word))
        self._view.tell(f"{word} calls you from now on; /unhighlight {word} ends that")

    async def do_unhighlight(self, word: str) -> None:
        """`/unhighlight word`."""
        words = self._client.company.calls.words
        left = tuple(one for one in words if fold(one) != fold(word))
        if left == words:
            raise ClientError(f"{word} does not call you; /highlight lists the words that do")
        self._view.set_settings(highlights=left)
        self._view.tell(f"{word} calls you no longer")
