"""Keys in a burst: each lands where the ones before it have led."""

import asyncio

import pytest
from textual.app import App, ComposeResult
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Input

from chat_tui.tui.terminal import pacing
from chat_tui.tui.terminal.pacing import InputQueue
from tests.support.waiting import until


class Asked(ModalScreen[None]):
    """Opened by a key."""

    def compose(self) -> ComposeResult:
        yield Input(id="answer")


class Fields(App[None]):
    """Two fields, and a dialog on Enter."""

    def compose(self) -> ComposeResult:
        yield Input(id="first")
        yield Input(id="second")

    def on_input_submitted(self) -> None:
        self.push_screen(Asked())


class Slow(App[None]):
    """Enter takes as long as it may."""

    def __init__(self) -> None:
        super().__init__()
        self.done = asyncio.Event()

    def compose(self) -> ComposeResult:
        yield Input()

    async def on_input_submitted(self) -> None:
        await self.done.wait()


def keys(text: str) -> list[Key]:
    names = {"\t": Key("tab", "\t"), "\r": Key("enter", "\r")}
    return [names.get(character, Key(character, character)) for character in text]


async def test_a_burst_goes_where_each_key_leads() -> None:
    app = Fields()
    async with app.run_test():
        queue = InputQueue(app)
        for key in keys("one\ttwo\rthree"):
            queue.put(key)
        await until(lambda: queue._task is None and not queue._waiting)
        await until(lambda: isinstance(app.screen, Asked) and app.screen.query_one(Input).value == "three")
        values = [field.value for field in app.screen_stack[0].query(Input)]
        assert values == ["one", "two"]


async def test_a_key_that_comes_alone_waits_for_nothing() -> None:
    app = Fields()
    async with app.run_test() as pilot:
        queue = InputQueue(app)
        for key in keys("ab\tc"):
            queue.put(key)
            assert queue._task is None
            await pilot.pause()
        assert [field.value for field in app.query(Input)] == ["ab", "c"]


async def test_letters_into_one_field_wait_for_none_but_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    settled = []
    settle = InputQueue._settled

    async def counted(queue: InputQueue) -> None:
        settled.append(queue)
        await settle(queue)

    monkeypatch.setattr(InputQueue, "_settled", counted)
    app = Fields()
    async with app.run_test():
        queue = InputQueue(app)
        for key in keys("x" * 600 + "\ty"):
            queue.put(key)
        await until(lambda: queue._task is None)
        await until(lambda: app.query_one("#second", Input).value == "y")
        assert app.query_one("#first", Input).value == "x" * 600
        assert len(settled) == 1 + 600 // pacing.TOGETHER + 1  # the first letter, those many, Tab


async def test_so_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "WAITING", 10)
    monkeypatch.setattr(pacing, "TOGETHER", 1)
    app = Fields()
    async with app.run_test():
        queue = InputQueue(app)
        for key in keys("x" * 50):
            queue.put(key)
        assert len(queue._waiting) == 10
        await until(lambda: app.query_one("#first", Input).value == "x" * 11)
        await until(lambda: queue._task is None and queue._is_idle())  # what comes now waits for nothing
        queue.put(Key("y", "y"))
        queue.put(Key("z", "z"))
        queue.clear()
        await until(lambda: queue._task is None and app.query_one("#first", Input).value == "x" * 11 + "y")


async def test_what_takes_long_holds_up_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "SETTLE_SECONDS", 0.01)
    app = Slow()
    async with app.run_test():
        queue = InputQueue(app)
        for key in keys("\rx"):
            queue.put(key)
        await until(lambda: queue._task is None)
        assert not queue._waiting
        assert not app.done.is_set()
        app.done.set()
        await until(lambda: app.query_one(Input).value == "x")
