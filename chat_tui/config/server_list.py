"""The servers that the settings remember: the first one, which is `server` there, and those beside it.

Knows the settings, and nothing of connections.
"""

from chat_tui import config
from chat_tui.config import LOCAL, Place, Settings
from protocol import links
from protocol.links import LinkError


def beside(settings: Settings) -> list[Place]:
    """All but the first one."""
    return [Place(one) if isinstance(one, str) else one for one in settings.servers]


def first(place: str) -> None:
    """This is the first one from now on; the one that was stays, unless it is the chat on this computer.

    Raises `ConfigError`.
    """
    settings = config.load()
    others = [one for one in beside(settings) if not _same(one.place, place)]
    if settings.server not in ("", LOCAL) and not _same(settings.server, place):
        others.insert(0, Place(settings.server))
    config.remember(server=place)
    _keep(settings, others)


def add(place: str, name: str = "") -> None:
    """Remember a server, and who one is there, if that is another `name` than elsewhere.

    Raises `ConfigError`.
    """
    settings = config.load()
    if _same(place, settings.server):
        if name:
            config.remember(name=name)
        return
    others = beside(settings)
    at = next((at for at, one in enumerate(others) if _same(one.place, place)), len(others))
    others[at : at + 1] = [Place(place, "" if name == settings.name else name)]
    _keep(settings, others)


def forget(place: str) -> None:
    """Remember it no longer; if it was the first one, the next one is that. Raises `ConfigError`."""
    settings = config.load()
    others = [one for one in beside(settings) if not _same(one.place, place)]
    if _same(place, settings.server) and others:
        config.remember(server=others.pop(0).place)
    _keep(settings, others)


def _keep(settings: Settings, others: list[Place]) -> None:
    if others != beside(settings):
        config.remember(
            servers=[{"place": one.place, "name": one.name} if one.name else one.place for one in others]
        )


def _same(one: str, other: str) -> bool:
    """Whether two places, as people write them, are one."""
    return _short(one) == _short(other)


def _short(place: str) -> str:
    try:
        return links.parse(place).place if place not in ("", LOCAL) else LOCAL
    except LinkError:
        return place  # somebody's typing error is like nothing else
