"""How a line of the log looks, and what never gets into one."""

import asyncio
import io
import json
import logging
from typing import Any

import pytest

from server import logs
from server.logs import JsonFormatter, TextFormatter

MARK = b"what-somebody-wrote"


class Written:
    """A logger that writes in both ways."""

    def __init__(self) -> None:
        self.logger = logging.Logger("server.test")  # noqa: LOG001  # nobody else's
        self.text, self.json = io.StringIO(), io.StringIO()
        for stream, formatter in ((self.text, TextFormatter()), (self.json, JsonFormatter())):
            handler = logging.StreamHandler(stream)
            handler.setFormatter(formatter)
            self.logger.addHandler(handler)

    @property
    def line(self) -> str:
        """The one line of text, without its time."""
        (line,) = self.text.getvalue().splitlines()
        return line.partition(",")[2][4:]

    @property
    def fields(self) -> dict[str, Any]:
        """The one JSON object."""
        (line,) = self.json.getvalue().splitlines()
        read: dict[str, Any] = json.loads(line)
        return read


@pytest.fixture
def written() -> Written:
    return Written()


@pytest.fixture
def caught(monkeypatch: pytest.MonkeyPatch, written: Written) -> Written:
    """What the handler for a loop writes."""
    monkeypatch.setattr(logs, "logger", written.logger)
    return written


def test_fields_come_behind_the_words(written: Written) -> None:
    written.logger.info("login", extra={"user": "Zoë", "address": "192.0.2.1", "tries": 2})
    assert written.line == "INFO server.test: login user=Zoë address=192.0.2.1 tries=2"
    fields = written.fields
    assert fields.pop("time").endswith("+00:00")
    assert fields == {
        "level": "info",
        "logger": "server.test",
        "event": "login",
        "user": "Zoë",
        "address": "192.0.2.1",
        "tries": 2,
    }


def test_what_could_be_taken_for_something_else_is_quoted(written: Written) -> None:
    written.logger.info("it %s", "ends", extra={"why": 'a "b" =c', "empty": "", "list": ["a", "b"]})
    assert written.line == 'INFO server.test: it ends why="a \\"b\\" =c" empty="" list="a b"'
    assert written.fields["list"] == ["a", "b"]


def test_what_came_from_outside_makes_no_line_and_no_colour(written: Written) -> None:
    evil = "\x1b[31mred\nINFO server: forged\r\u202e\x00"
    written.logger.warning("said %s", evil, extra={"name_": evil, "many": [evil]})
    assert "\x1b" not in written.text.getvalue() + written.json.getvalue()
    assert written.line == (
        "WARNING server.test: said red INFO server: forged "
        'name_="red INFO server: forged" many="red INFO server: forged"'
    )
    assert written.fields["many"] == ["red INFO server: forged"]


def test_an_exception_brings_its_trace(written: Written) -> None:
    def fail() -> None:
        raise ValueError("why\x1b[31m")

    try:
        fail()
    except ValueError:
        written.logger.exception("a plan failed")
    first, *trace = written.text.getvalue().splitlines()
    assert first.endswith("ERROR server.test: a plan failed")
    assert (trace[0], trace[-1]) == ("Traceback (most recent call last):", "ValueError: why")
    assert written.fields["trace"].endswith("ValueError: why")


async def test_an_error_that_nobody_caught_is_told_without_what_it_was_called_with(caught: Written) -> None:
    def fail(_: bytes) -> None:
        raise ValueError("a bug")

    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(logs.uncaught)
    try:
        loop.call_soon(fail, MARK)
        await asyncio.sleep(0)
        loop.call_exception_handler({"message": "something odd"})
    finally:
        loop.set_exception_handler(before)
    told = caught.text.getvalue()
    assert "ERROR server.test: an error that nobody caught\nTraceback" in told
    assert "ValueError: a bug" in told
    assert "an error that nobody caught: something odd" in told
    assert MARK.decode() not in told + caught.json.getvalue()
