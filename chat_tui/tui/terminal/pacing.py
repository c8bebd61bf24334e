"""Hands what was typed to the program, each key when the one before it has done what it does.

Textual gives a key to whatever has the focus when it arrives, but runs a key's binding later, when the key
has come back up through all widgets. In a burst the letters behind a Tab would land in the field before it.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from typing import Any

from textual import events
from textual.app import App
from textual.message import Message
from textual.message_pump import MessagePump
from textual.widgets import Input, TextArea

SETTLE_SECONDS = 1.0
"""So long the next key waits for the one before; what takes longer is not about keys."""

WAITING = 100_000
"""So many keys may wait; what is typed beyond that, by a machine, is lost."""

TOGETHER = 256
"""So many letters are handed over before it is waited for what they do: nobody else would get a turn."""

_LEADING = (events.Key, events.Paste, events.MouseDown, events.MouseUp)
"""What may move the focus or open something; letters behind one that was written into a field don't."""


class InputQueue:
    """See the module."""

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._waiting: deque[Message] = deque()
        self._task: asyncio.Task[None] | None = None
        self._led = False  # what was handed over last may move the focus
        self._field: Input | TextArea | None = None  # it has got a letter, and had this text then
        self._text = ""
        self._letters = 0  # got one behind the other, since that is known to write them

    def put(self, message: Message) -> None:
        """Hand this over: at once, if nothing is on its way."""
        if self._task is None and (not self._led or self._is_idle()):
            self._post(message)
        elif len(self._waiting) < WAITING:
            self._waiting.append(message)
            if self._task is None:
                self._task = asyncio.create_task(self._hand_over())

    def _post(self, message: Message) -> None:
        field = self._field_for(message)
        written = field is not None and field is self._field and (self._letters or _text(field) != self._text)
        self._letters = self._letters + 1 if written else 0
        if not written:
            self._field, self._text = field, _text(field) if field is not None else ""
        self._led = isinstance(message, _LEADING) and self._letters % TOGETHER == 0
        self._app.post_message(message)

    def _field_for(self, message: Message) -> Input | TextArea | None:
        """Where this letter goes, if it is one: it may still be a command there, which the one before was not
        if it was written."""
        focused = self._app.focused
        letter = isinstance(message, events.Key) and message.is_printable
        return focused if letter and isinstance(focused, Input | TextArea) else None

    def clear(self) -> None:
        """Forget what was not handed over."""
        self._waiting.clear()

    async def _hand_over(self) -> None:
        try:
            while self._waiting:
                if self._led:
                    await self._settled()
                if self._waiting:  # they may have been forgotten meanwhile
                    self._post(self._waiting.popleft())
        finally:
            self._task = None

    def _is_idle(self) -> bool:
        """Whether what was handed over last has been through all; keys of people find it so, and cost
        nothing."""
        return not any(pump.message_queue_size for pump in (self._app, *self._path()))

    async def _settled(self) -> None:
        """Wait until what was handed over last has been through all that may act on it."""
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                await _reached(self._app)
                for pump in list(self._path()):
                    await _reached(pump)
                await _reached(self._app)
                if self._app.is_running and self._app.screen_stack:
                    await _reached(self._app.screen)  # it may be another one now, which finds its focus
        except TimeoutError:
            return

    def _path(self) -> Iterator[MessagePump]:
        """Where a key goes: from the focus up to the screen."""
        if not self._app.is_running or not self._app.screen_stack:
            return
        pump: MessagePump | None = self._app.focused or self._app.screen
        while pump is not None and pump is not self._app:
            yield pump
            pump = pump._parent  # noqa: SLF001  # `parent` is a node's only


def _text(field: Input | TextArea) -> str:
    return field.value if isinstance(field, Input) else field.text


async def _reached(pump: MessagePump) -> None:
    """Wait until a part of the screen has done all that has come to it."""
    done = asyncio.Event()
    if pump.is_running and pump.call_later(done.set):
        await done.wait()
