"""What waits for one peer whose socket takes no more for now: whole frames, in order.

Of these events, presence and the like can be dropped, for their reader can fetch or ask anew; answers can't.
"""

from collections import deque


class OutputQueue:
    """See the module; `size` is in bytes."""

    def __init__(self) -> None:
        self._blocks: deque[tuple[bytes | memoryview, bool]] = deque()
        self.size = 0

    def add(self, block: bytes | memoryview, *, keep: bool) -> None:
        """Wait with these frames. `keep`: there are answers among them, or it is the rest of a begun one."""
        self._blocks.append((block, keep))
        self.size += len(block)

    def put_back(self, block: memoryview) -> None:
        """The rest of what was taken last: its beginning is on its way."""
        self._blocks.appendleft((block, True))
        self.size += len(block)

    def pop(self) -> bytes | memoryview:
        """Take the oldest."""
        block, _ = self._blocks.popleft()
        self.size -= len(block)
        return block

    def drop(self) -> None:
        """Forget what can be fetched anew."""
        self._blocks = deque(one for one in self._blocks if one[1])
        self.size = sum(len(block) for block, _ in self._blocks)
