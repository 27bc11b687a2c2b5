"""Keep the last few models in memory; the least recently used one leaves."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from mlm_demo.models.masked_lm import MaskedLM


class ModelCache:
    """At most `size` models by their key; people who ask for the same one at once wait for one load.

    A load that fails is not remembered, and leaves the models that are there alone.
    """

    def __init__(self, size: int):
        self.size = size
        self._models: OrderedDict[Hashable, MaskedLM] = OrderedDict()
        self._loading: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, load: Callable[[], MaskedLM]) -> MaskedLM:
        """Return the model of this key, calling `load` if it is not in memory."""
        with self._lock:
            if model := self._used(key):
                return model
            loading = self._loading.setdefault(key, threading.Lock())
        with loading:  # those who waited find the model; the first of them to find none loads it
            with self._lock:
                if model := self._used(key):
                    return model
            model = load()
            with self._lock:
                self._models[key] = model
                self._loading.pop(key, None)
                while len(self._models) > self.size:
                    self._models.popitem(last=False)
            return model

    def in_memory(self) -> list[Hashable]:
        """What is in memory, the least recently used first."""
        with self._lock:
            return list(self._models)

    def _used(self, key: Hashable) -> MaskedLM | None:
        if key in self._models:
            self._models.move_to_end(key)
        return self._models.get(key)
