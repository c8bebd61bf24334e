"""Names in rising order, for lists that are told a page at a time: a page costs what it holds, however many
there are."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator


class SortedNames:
    """See the module. To add or remove one moves those behind it, which takes some µs for 50,000."""

    def __init__(self) -> None:
        self._names: list[str] = []

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: str) -> bool:
        place = bisect_left(self._names, name)
        return self._names[place : place + 1] == [name]

    def add(self, name: str) -> None:
        """Put a name in its place, if it is not there yet."""
        if name not in self:
            self._names.insert(bisect_left(self._names, name), name)

    def discard(self, name: str) -> None:
        """Take a name out, if it is there."""
        place = bisect_left(self._names, name)
        if self._names[place : place + 1] == [name]:
            del self._names[place]

    def after(self, name: str) -> Iterator[str]:
        """Those that come after this name. Nothing may be added or removed meanwhile."""
        for place in range(bisect_right(self._names, name), len(self._names)):
            yield self._names[place]
