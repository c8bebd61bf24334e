"""Taking changes of the state back: what something was before it was changed.

Before the state changes anything while somebody tries something out (see `State.trial`), it has that noted
here. An object of a few fields is copied as a whole, once; of a large mapping only the entries that change
are kept. Knows nothing of users and rooms.
"""

from collections.abc import Callable, MutableMapping
from functools import partial
from typing import Any, TypeVar

K = TypeVar("K")
V = TypeVar("V")

_MISSING: Any = object()


class UndoLog:
    """See the module."""

    def __init__(self) -> None:
        self._steps: list[Callable[[], object]] = []
        self._copied: set[int] = set()
        self._noted: set[tuple[int, str]] = set()

    def copy(self, thing: Any, fields: tuple[str, ...]) -> None:  # noqa: ANN401  # whatever has these fields
        """These fields of `thing` may change. They are sets, dicts or values that don't change themselves."""
        if id(thing) in self._copied:
            return
        self._copied.add(id(thing))  # the step below keeps it alive: no other one gets its id
        values = [getattr(thing, field) for field in fields]
        kept = [value.copy() if isinstance(value, set | dict) else value for value in values]
        self._steps.append(partial(_restore, thing, fields, kept))

    def attribute(self, thing: object, name: str, value: object) -> None:
        """`thing` may have another value soon. For what changes too often to copy the rest each time."""
        if (id(thing), name) in self._noted:  # the step below keeps it alive, as in `copy`
            return
        self._noted.add((id(thing), name))
        self._steps.append(partial(setattr, thing, name, value))

    def entry(self, mapping: MutableMapping[K, V], key: K) -> None:
        """This entry may change, come or go. Its value must not be changed itself, or be copied too."""
        old = mapping.get(key, _MISSING)
        if old is _MISSING:
            self._steps.append(partial(mapping.pop, key, None))
        else:
            self._steps.append(partial(mapping.__setitem__, key, old))

    def step(self, undo: Callable[[], object]) -> None:
        """What is about to happen is undone by this."""
        self._steps.append(undo)

    def take_back(self) -> None:
        """Everything is as it was."""
        for step in reversed(self._steps):
            step()


def _restore(thing: object, fields: tuple[str, ...], values: list[object]) -> None:
    for field, value in zip(fields, values, strict=True):
        setattr(thing, field, value)
