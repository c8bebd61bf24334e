"""How the server's log looks: a line for people, or a JSON object a line, both with the same fields.

A call says what happened in a few fixed words and gives what varies as fields:
`logger.info("login", extra={"user": name, "address": host})`. Nothing that people write to each other and no
key may be given to a logger, at any level. What came from the network is cleaned here, for a log is read on
a terminal.
"""

import asyncio
import json
import logging
from datetime import UTC, datetime
from typing import Any

from protocol.text import clean_line, clean_text
from server.config import Log
from server.log_handler import BoundedHandler

_KNOWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""What every record has; the rest are the fields of one."""

logger = logging.getLogger(__name__)


def set_up(config: Log) -> None:
    """Log to standard error from here on."""
    handler = BoundedHandler()
    handler.setFormatter(JsonFormatter() if config.format == "json" else TextFormatter())
    logging.basicConfig(level=config.level.upper(), handlers=[handler])


def uncaught(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """For the loop: log an error that nobody caught. Its own way shows the arguments of callbacks, and those
    hold what people write."""
    error = context.get("exception")
    what = "" if error is not None else f": {context.get('message')}"
    logger.error("an error that nobody caught%s", what, exc_info=error)


class TextFormatter(logging.Formatter):
    """`2026-01-31 12:00:00,000 INFO server.session: login user=ann address=192.0.2.1`."""

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter`."""
        head = (
            f"{self.formatTime(record)} {record.levelname} {record.name}: {clean_line(record.getMessage())}"
        )
        fields = [f"{name}={_word(value)}" for name, value in _fields(record).items()]
        trace = _trace(self, record)
        return " ".join((head, *fields)) + (f"\n{trace}" if trace else "")


class JsonFormatter(logging.Formatter):
    """An object with `time`, `level`, `logger`, `event`, the fields, and `trace` of an exception."""

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter`."""
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": clean_line(record.getMessage()),
            **{name: _clean(value) for name, value in _fields(record).items()},
        }
        if trace := _trace(self, record):
            told["trace"] = trace
        return json.dumps(told, ensure_ascii=False)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _KNOWN}


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    return clean_text(formatter.formatException(record.exc_info)) if record.exc_info else ""


def _clean(value: object) -> object:
    if isinstance(value, list | tuple):
        return [_clean(one) for one in value]
    return value if isinstance(value, bool | int | float | None) else clean_line(str(value))


def _word(value: object) -> str:
    text = " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    text = clean_line(text)
    return text if text and not set(text) & set(' "=') else json.dumps(text, ensure_ascii=False)
