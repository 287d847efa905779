"""What was worked out and may be wanted again: a dictionary of bounded size that forgets what was longest not used."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Kept = TypeVar("Kept")

#: What is larger is not kept: working it out again costs little beside asking a framework a tensor of that size.
LARGE = 4 * 2**20


class Shelf(Generic[Kept]):
    """Values by key, of ``room`` bytes in all as far as those who put them there can tell."""

    def __init__(self, room: int) -> None:
        self.room, self.size = room, 0
        self._kept: OrderedDict[Hashable, tuple[Kept, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable) -> Kept | None:
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def put(self, key: Hashable, value: Kept, size: int) -> None:
        """Keep the value, in place of one of the same key; not where it is ``LARGE``."""
        self.drop(key)
        if size > LARGE:
            return
        self._kept[key] = value, size
        self.size += size
        while self.size > self.room:
            self.size -= self._kept.popitem(last=False)[1][1]

    def drop(self, key: Hashable) -> None:
        found = self._kept.pop(key, None)
        if found is not None:
            self.size -= found[1]

    def clear(self) -> None:
        self._kept.clear()
        self.size = 0
