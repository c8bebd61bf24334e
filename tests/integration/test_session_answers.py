"""Whatever comes of a handler, its request has one answer, and the session goes on."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from protocol import errors, frames
from protocol.frames import Result
from server.errors import RefusedError
from server.features.registry import HANDLERS, FinalResult, RequestContext
from server.state.entries import Draft
from server.state.model import State
from server.state.operation import DONE, Operation, Plan, Stored
from tests.support.inprocess import RunningServer

TABLE: dict[Any, Any] = HANDLERS
DENIED = RefusedError(errors.DENIED, "no")


class Broken(Operation[Result], frozen=True):
    """An operation with a bug: in its plan, its entries or its result."""

    where: str

    def plan(self, state: State) -> Plan[Result]:  # noqa: ARG002
        if self.where == "plan":
            raise ZeroDivisionError
        if self.where == "refused":
            raise DENIED
        entries = (Draft("#general", 999, "nobody", frames.JOIN, 0),) if self.where == "entries" else ()
        return Plan(entries, DONE)

    def result(self, planned: Result, stored: Stored) -> Result:  # noqa: ARG002
        if self.where == "result":
            raise ZeroDivisionError
        return planned


def raising(error: Exception) -> Callable[..., Any]:
    def handle(*_: object) -> Result:
        raise error

    return handle


def later(outcome: Result | Exception, steps: int) -> Callable[..., Any]:
    async def handle(*_: object) -> Result:
        for _step in range(steps):
            await asyncio.sleep(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return handle


def reading(work: Callable[[], Any]) -> Callable[..., Any]:
    async def handle(context: RequestContext, _: object) -> Result:
        await context.read(work)
        return DONE

    return handle


def dividing() -> int:
    return 1 // 0


WAYS: dict[str, tuple[Callable[..., Any], str]] = {
    "a result": (lambda *_: DONE, ""),
    "nothing": (lambda *_: None, errors.INTERNAL),
    "something else": (lambda *_: 5, errors.INTERNAL),
    "a refusal": (raising(DENIED), errors.DENIED),
    "a bug": (raising(ZeroDivisionError()), errors.INTERNAL),
    "a coroutine that waits for nothing": (later(DONE, 0), ""),
    "a coroutine that waits": (later(DONE, 3), ""),
    "a coroutine that refuses at once": (later(DENIED, 0), errors.DENIED),
    "a coroutine that refuses later": (later(DENIED, 3), errors.DENIED),
    "a coroutine with a bug": (later(ZeroDivisionError(), 3), errors.INTERNAL),
    "a coroutine that gives nothing": (later(None, 1), errors.INTERNAL),  # type: ignore[arg-type]
    "a read": (reading(lambda: 1), ""),
    "a read with a bug": (reading(dividing), errors.INTERNAL),
    "an operation": (lambda *_: Broken(1, where=""), ""),
    "an operation that is refused": (lambda *_: Broken(1, where="refused"), errors.DENIED),
    "a bug in a plan": (lambda *_: Broken(1, where="plan"), errors.INTERNAL),
    "entries that can't be applied": (lambda *_: Broken(1, where="entries"), errors.INTERNAL),
    "a bug in a result": (lambda *_: Broken(1, where="result"), errors.INTERNAL),
}


@pytest.mark.parametrize("way", WAYS)
async def test_a_request_has_one_answer(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    handle, code = WAYS[way]
    wire = await server.connect()
    await wire.log_in("ann")
    monkeypatch.setitem(TABLE, frames.Online, replace(HANDLERS[frames.Online], handle=handle))
    with caplog.at_level(logging.CRITICAL, "server"):
        wire.send(frames.Online(50), frames.Ping(1))
        found = [await wire.next()]
        while not any(isinstance(one, frames.Ok | frames.Error) for one in found):
            found.append(await wire.next())
        wire.send(frames.Ping(2))
        while frames.Pong(2) not in found:
            found.append(await wire.next())
    answers = [one for one in found if isinstance(one, frames.Ok | frames.Error)]
    assert [(one.re, getattr(one, "code", "")) for one in answers] == [(50, code)]
    (session,) = server.sessions
    assert session._open == 0


async def test_who_is_ended_by_their_request_has_the_answer_first(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = await server.connect()
    await wire.log_in("ann")
    ended = FinalResult(DONE, errors.LOGGED_OUT, "log in again")
    monkeypatch.setitem(
        TABLE,
        frames.Online,
        replace(HANDLERS[frames.Online], handle=later(ended, 2)),  # type: ignore[arg-type]
    )
    wire.send(frames.Online(50))
    assert await wire.next() == frames.Ok(50, {})
    assert await wire.next() == frames.Bye(errors.LOGGED_OUT, "log in again", reconnect=False)


async def test_what_comes_first_is_begun_first(server: RunningServer) -> None:
    """Also where a handler waits for something: a send right behind a join is one of a member."""
    wire = await server.connect()
    await wire.log_in("ann")
    for number in range(5):
        join, send = frames.Join(2 * number + 50, f"#r{number}", 0), 2 * number + 51
        wire.send(join, frames.Send(send, f"#r{number}", f"c{number}", b"x"))
    answers = [await wire.next() for _ in range(10)]
    assert all(isinstance(one, frames.Ok) for one in answers)
