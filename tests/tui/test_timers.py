"""What was asked for after a while happens, however soon that is and however busy the program was."""

import asyncio
import time
from pathlib import Path

import pytest
from textual.app import App

import chat_tui
from chat_tui.tui.timers import call_after
from tests.support.screen import until


@pytest.mark.parametrize("seconds", [0.0, 1e-9, 1e-6, 0.01])
async def test_it_is_called_once_however_soon(seconds: float) -> None:
    called = []
    app: App[None] = App()
    async with app.run_test() as pilot:
        call_after(app, seconds, lambda: called.append(1))
        time.sleep(0.02)  # noqa: ASYNC251  # the program is busy, and late for it
        await until(pilot, lambda: called, "it was called")
        await asyncio.sleep(0)
        assert called == [1]


async def test_it_can_be_taken_back_and_ends_with_the_program() -> None:
    called = []
    app: App[None] = App()
    async with app.run_test() as pilot:
        call_after(app, 0, lambda: called.append("taken back")).cancel()
        call_after(app, 0, lambda: called.append("not taken back"))
        await until(pilot, lambda: called, "the other one was called")
    call_after(app, 0, lambda: called.append("too late"))
    await asyncio.sleep(0.01)
    assert called == ["not taken back"]


def test_nobody_uses_the_timer_that_may_never_call() -> None:
    sources = Path(chat_tui.__file__).parent.rglob("*.py")
    assert [path.name for path in sources if ".set_timer(" in path.read_text(encoding="utf-8")] == []
