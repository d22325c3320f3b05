"""What a vendor has counted before, so that a repeat can be told."""

from collections import OrderedDict
from collections.abc import Hashable

MAX_REMEMBERED = 200_000


class Repeats:
    """Keys seen, each with its time; the newest 200,000 are remembered."""

    def __init__(self) -> None:
        self._seen_at: OrderedDict[Hashable, float] = OrderedDict()

    def seen_before(self, key: Hashable, at: float, within_s: float = float("inf")) -> bool:
        """Whether the key was noted at most ``within_s`` earlier; it is noted if it wasn't."""
        first_at = self._seen_at.get(key)
        if first_at is not None and at - first_at <= within_s:
            return True
        self._seen_at[key] = at
        self._seen_at.move_to_end(key)
        if len(self._seen_at) > MAX_REMEMBERED:
            self._seen_at.popitem(last=False)
        return False

    def forget(self) -> None:
        """Nothing is remembered after this."""
        self._seen_at.clear()
