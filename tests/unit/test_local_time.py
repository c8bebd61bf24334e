"""Times where the reader is, also when that changes."""

import shutil
import time
from pathlib import Path
from zoneinfo import TZPATH

import pytest

from chat_tui import local_time
from chat_tui.local_time import LocalTime, Zone, moment

NOON = 1_795_435_200_000
"""2026-11-23, 12:00 UTC."""


def clock(zone: Zone) -> str:
    return LocalTime(zone.info).clock(NOON)


def zone_file(name: str) -> Path:
    return next(path for folder in TZPATH if (path := Path(folder) / name).exists())


def test_the_zone_file_may_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TZ", raising=False)
    file = tmp_path / "localtime"
    shutil.copy(zone_file("Asia/Tokyo"), file)
    zone = Zone(file)
    assert clock(zone) == "21:00"
    assert not zone.look_again()
    file.unlink()
    file.symlink_to(zone_file("Europe/Berlin"))
    assert zone.look_again()
    assert clock(zone) == "13:00"


@pytest.mark.parametrize(
    ("tz", "shown"),
    [
        ("Asia/Tokyo", "21:00"),
        (":Asia/Tokyo", "21:00"),
        ("", "12:00"),
        ("XYZ-3", "15:00"),
        ("No/Such", "12:00"),
        ("../../etc/passwd", "12:00"),
    ],
)
def test_the_variable_may_change(tz: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_time, "ZONE", zone := Zone())
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        times = LocalTime(None)
        assert times.clock(NOON) == "13:00"
        assert f"{times.day(NOON - 13 * 3_600_000)}" == "2026-11-23"
        patch.setenv("TZ", tz)
        zone.look_again()
        assert times.clock(NOON) == shown
        day = "2026-11-22" if shown == "12:00" else "2026-11-23"
        assert f"{times.day(NOON - 13 * 3_600_000)}" == day
        assert moment(NOON) == f"2026-11-23 {shown}"
    time.tzset()
