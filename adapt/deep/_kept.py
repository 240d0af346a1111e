"""What was compiled, kept for the next fit or prediction of the same structure."""

import threading
from collections import OrderedDict

__all__ = ["LARGEST", "Kept", "kept"]

LARGEST = 5_000_000  # parameters: larger networks are neither copied nor kept


class Kept:
    """A small store of compiled things by key; the one used longest ago leaves first.

    Parameters
    ----------
    size : int
        How many are kept.
    """

    def __init__(self, size):
        self.size = size
        self._lock = threading.Lock()
        self._items = OrderedDict()

    def get(self, key):
        """Return what is kept under a key, or None; others may get it too."""
        with self._lock:
            if key in self._items:
                self._items.move_to_end(key)
            return self._items.get(key)

    def take(self, key):
        """Return what is kept under a key, or None; nobody else gets it until `put`."""
        with self._lock:
            return self._items.pop(key, None)

    def put(self, key, value):
        """Keep something under a key."""
        with self._lock:
            self._items[key] = value
            while len(self._items) > self.size:
                self._items.popitem(last=False)

    def clear(self):
        """Forget everything."""
        with self._lock:
            self._items.clear()


kept = Kept(8)
