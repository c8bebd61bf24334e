"""The settings screen: each setting with what it means; themes are shown while one moves over them.

Knows the settings and what they can be. It gives back what was changed; who opened it keeps and uses that.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Input, Label, OptionList, Static
from textual.widgets.option_list import Option as Line

from chat_tui import config
from chat_tui.config import Settings
from chat_tui.config.fields import SETTINGS, Setting, SettingError, Value
from chat_tui.tui.screens.choices import Choices, Option, Tick
from chat_tui.tui.timers import call_after

REST_SECONDS = 0.1
"""A theme is shown after so long on it: all styles are made anew for it, and keys repeat faster than that."""


class SettingsScreen(ModalScreen[dict[str, Value] | None]):
    """Gives what was changed, or None. `preview` shows a theme for now; of `themes` the first is shown."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "undo", "Leave all as it was", priority=True),
        Binding("f2", "undo", "Leave all as it was", id="settings", priority=True),
        Binding("ctrl+s", "save", "Save", priority=True),
        Binding("enter", "save", "Save", show=False),
        Binding("ctrl+q", "app.quit", "Quit", id="quit"),
    ]

    def __init__(self, settings: Settings, themes: Sequence[str], preview: Callable[[str], None]) -> None:
        super().__init__()
        self._settings = settings
        self._themes = sorted(themes)
        # The one of the settings may be missing: then another is shown, which nobody has chosen.
        self._theme = settings.theme if settings.theme in themes else themes[0]
        self._preview = preview
        self._shown: asyncio.TimerHandle | None = None

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with Vertical(id="settings", classes="dialog") as box:
            box.border_title = "Settings"
            box.border_subtitle = "Enter saves, Esc undoes"
            with VerticalScroll(can_focus=False, classes="scroll"):
                for one in SETTINGS.values():
                    with Vertical(classes="setting"):
                        with Horizontal(classes="value"):
                            yield Label(one.name, markup=False, classes="name")
                            yield self._field(one)
                        yield Static(one.help, markup=False, classes="help")
                        yield Static("", markup=False, classes="problem", id=f"problem-{one.name}")
                yield Static(f"All this and your own [keys] is in {config.config_file()}", markup=False)
            yield Button("Save", variant="primary", compact=True)

    def _field(self, one: Setting) -> Widget:
        value, name = getattr(self._settings, one.name), f"set-{one.name}"
        match one.kind:
            case "switch":
                return Tick("on" if value else "off", value, id=name, compact=True)
            case "choice":
                options = [Option(choice, value == choice) for choice in one.choices]
                return Choices(*options, id=name, compact=True)
            case "theme":
                return OptionList(*(Line(theme, theme) for theme in self._themes), id=name, compact=True)
        return Input(one.shown(value), id=name, compact=True)

    def on_mount(self) -> None:
        """Begin with the themes, for they are what most people come for."""
        themes = self.query_one(OptionList)
        themes.highlighted = self._themes.index(self._theme)
        themes.focus()

    @on(OptionList.OptionHighlighted)
    def _highlighted(self) -> None:
        if self._shown is not None:
            self._shown.cancel()
        self._shown = call_after(self, REST_SECONDS, self._show)

    def _show(self) -> None:
        at = self.query_one(OptionList).highlighted
        if at is not None:
            self._preview(self._themes[at])

    @on(Tick.Changed)
    def _ticked(self, event: Tick.Changed) -> None:
        event.checkbox.label = "on" if event.value else "off"

    @on(Input.Submitted)
    @on(Button.Pressed)
    @on(OptionList.OptionSelected)
    def action_save(self) -> None:
        """Give back what is other than before, if all of it can be."""
        changes: dict[str, Value] = {}
        wrong: Widget | None = None
        for one in SETTINGS.values():
            field, problem = self.query_one(f"#set-{one.name}"), ""
            try:
                value = self._value(one, field)
                if value != getattr(self._settings, one.name):
                    changes[one.name] = value
            except SettingError as error:
                problem, wrong = str(error), wrong or field
            below = self.query_one(f"#problem-{one.name}", Static)
            below.update(problem)
            below.set_class(bool(problem), "-shown")
        if wrong is not None:
            wrong.focus()
            if (whole := self._setting_of(wrong)) is not None:
                self.call_after_refresh(whole.scroll_visible, animate=False)
        else:
            self.dismiss(changes)

    @staticmethod
    def _setting_of(field: Widget) -> Widget | None:
        """With what it means and what is wrong."""
        return next(
            (one for one in field.ancestors if isinstance(one, Widget) and one.has_class("setting")), None
        )

    def _value(self, one: Setting, field: Widget) -> Value:
        if isinstance(field, Tick):
            return field.value
        if isinstance(field, Choices):
            return one.choices[field.pressed_index]
        if isinstance(field, OptionList):
            at = field.highlighted
            chosen = self._theme if at is None else self._themes[at]
            return self._settings.theme if chosen == self._theme else chosen
        assert isinstance(field, Input)  # noqa: S101  # there are no others
        now: Value = getattr(self._settings, one.name)
        # What is in the file and can't be must not keep the rest from being saved.
        return now if field.value == one.shown(now) else one.value(field.value)

    def action_undo(self) -> None:
        """Go, and leave all as it was."""
        if self._shown is not None:
            self._shown.cancel()
        self._preview(self._theme)
        self.dismiss(None)
