"""What the main screen does about writing: sending what was composed, keeping drafts.

A part of the main screen, in a module of its own; knows the composer and the client, and no other pane.
"""

from pathlib import Path

from textual import on
from textual.widgets import Static

from chat_tui.client.errors import ClientError
from chat_tui.commands.parser import Call, CommandError, Say, parse
from chat_tui.tui.screens.part import Part
from chat_tui.tui.terminal import editor
from chat_tui.tui.timers import call_after
from chat_tui.tui.widgets.composer.composer import LONGEST, Composer
from chat_tui.tui.widgets.composer.drafts import Drafts
from protocol.text import clean_text

LINES, ABOVE = 10, 4
"""The composer grows to so many lines, where there are that many and some others above and below."""

DRAFT_SECONDS = 1.0
"""What is being written is on the disk so long after it was typed."""


class Writing(Part):
    """See the module."""

    _drafts: Drafts
    _keeping = False
    _lent: Path | None = None  # the file for which the terminal is lent to an editor

    def _submit(self, line: str) -> None:
        try:
            meant = parse(line)
            if isinstance(meant, Say):
                self._say(meant.text)
        except (CommandError, ClientError) as error:
            self.complain(str(error))
            return
        self._composer.remember(line)
        self._composer.put(self._after(meant))
        self._keep_draft()
        if isinstance(meant, Call):
            self._do(meant)

    @on(Composer.Changed)
    def _written(self) -> None:
        if not self._keeping:
            self._keeping = True
            call_after(self, DRAFT_SECONDS, self._keep_draft)

    def _keep_draft(self) -> None:
        """Write what is in the composer to the disk, if that has changed."""
        self._keeping = False
        try:
            self._drafts.keep(self._room, self._draft())
        except ClientError as error:
            self.complain(str(error))

    def _fit(self, height: int) -> None:
        """What is being written shall not push itself off a screen of that height."""
        self._composer.styles.max_height = max(1, min(LINES, height - ABOVE))

    def _draft(self) -> str:
        """What is being written for this room, and shall be there again after a restart."""
        if self._lent is not None:
            return clean_text(editor.text_of(self._lent))
        return self._composer.written

    def _after(self, meant: Say | Call | None) -> str:  # noqa: ARG002  # for who knows more
        """What is in the composer after this was submitted."""
        return ""

    @on(Composer.Changed)
    def _measured(self) -> None:
        """Say that the server won't take this, while there is time to make it shorter."""
        excess = self.client.sender.excess(self._composer.text, self.client.body_limit)
        line = self.query_one("#excess", Static)
        line.display = excess > 0
        if excess:
            line.update(f"{excess:,} bytes too long for one message: make it shorter, or send it in parts")

    @on(Composer.Long)
    def _long(self, message: Composer.Long) -> None:
        self.app.notify(f"{message.lines} lines: {self.keys.first('send')} again sends them", timeout=5)

    @on(Composer.TooLong)
    def _too_long(self, message: Composer.TooLong) -> None:
        if message.characters == 1:
            self.app.bell()
            return
        self.app.notify(
            f"{message.characters:,} characters are too many: a message is written in up to {LONGEST:,}. "
            "Nothing was put in.",
            severity="error",
            markup=False,
        )

    def _say(self, text: str) -> None:
        if self.current is None:
            raise ClientError("You are in no room. /join #name enters one, /rooms lists them.")
        self.client.say(self.current.name, text)
        self._escaped()

    @on(Composer.Changed)
    def _typed(self) -> None:
        text = self._composer.text
        if (
            self._room is not None
            and self._settings.send_typing
            and (not text or text != self._composer.given)
        ):
            self.client.company.typing.typed(self._room, text)

    async def edit_draft(self) -> None:
        """See `View`."""
        if self._lent is not None:  # the key was pressed twice
            return
        with editor.text_file(self._composer.text) as self._lent:
            try:
                text = await editor.edit(self.app, self._lent)
            finally:
                self._lent = None
                self.redraw()
        self._put(clean_text(text))

    def _put(self, text: str) -> None:
        """Go on writing this, if that can be."""
        if len(text) <= LONGEST:
            self._composer.put(text)
            return
        kept = editor.keep(text)
        self.complain(f"{len(text):,} characters are too many to write a message of: they are in {kept}")

    def set_draft(self, text: str) -> None:
        """See `View`."""
        self._composer.put(text)
