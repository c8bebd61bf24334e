"""Fixtures of the tests of the screen: a home of its own for each test, and a chat to be opened."""

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet

from tests.support.inprocess import RunningServer
from tests.support.screen import Place

_parsed: dict[tuple[object, ...], list[RuleSet]] = {}
_parse = Stylesheet._parse_rules


def _parse_once(sheet: Stylesheet, *what: object, **more: object) -> list[RuleSet]:
    """Textual parses its style sheets anew for each program; here a thousand programs have the same ones."""
    key = (*what, *sorted(more.items()), *sorted(sheet._variables.items()))
    if key not in _parsed:
        _parsed[key] = _parse(sheet, *what, **more)  # type: ignore[arg-type]
    return _parsed[key]


Stylesheet._parse_rules = _parse_once  # type: ignore[assignment]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Settings, outbox and embedded server in the test's own folder; all times in UTC."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    path = tmp_path / "home"
    for variable in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        folder = path / variable.lower()
        folder.mkdir(mode=0o700, parents=True)
        monkeypatch.setenv(variable, str(folder))
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield path
    time.tzset()


@pytest.fixture
async def place(server: RunningServer) -> AsyncIterator[Place]:
    """Where the server in this process is; it can go and come back."""
    place = Place(server)
    yield place
    await place.close()
