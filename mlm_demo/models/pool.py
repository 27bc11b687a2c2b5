"""The models in memory that answer, each in the precision asked for, laid out for it (`fast_layers.py`).

torch is imported when the first one is needed, transformers when one needs it.
"""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from mlm_demo.errors import ParameterError, shown
from mlm_demo.models.catalogue import ModelRef
from mlm_demo.settings import Settings

if TYPE_CHECKING:
    from mlm_demo.models.masked_lm import MaskedLM

PRECISIONS = ("auto", "exact", "int8")


class ModelPool:
    """Models by ref and precision, the last few kept. Safe to share between threads."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self._cache = None
        self._starting = threading.Lock()

    def names(self) -> list[str]:
        """The refs in memory, one that is there in two precisions twice."""
        return [name for name, _, _ in self._keys()]

    def holds(self, ref: ModelRef, precision: str) -> bool:
        """Whether a model is in memory, in the version that lies on the disk now."""
        return _key(ref, precision) in self._keys()

    def precision(self, asked: str, *, plain: bool) -> str:
        """exact or int8; plain: nothing but the most probable words of one model is asked for.

        Raises ParameterError for an unknown one, and for int8 where the device has none.
        """
        if asked not in PRECISIONS:
            raise ParameterError(f"The precision is {shown(asked)}; it is one of {', '.join(PRECISIONS)}.")
        if asked == "exact" or (asked == "auto" and not plain):
            return "exact"
        from mlm_demo.models.cpu.optimize import takes_int8
        from mlm_demo.models.device import find_device

        there = takes_int8(find_device(self.settings.device))
        if asked == "int8" and not there:
            raise ParameterError(
                "The precision is int8, which needs a processor of the x86 kind and no GPU; use auto or exact."
            )
        return "int8" if there else "exact"

    def get(self, ref: ModelRef, precision: str, on_progress: Callable[[float, str], None]) -> "MaskedLM":
        """The model, downloaded and loaded if it has to be; raises as `loader.load` does."""
        with self._starting:
            if self._cache is None:
                on_progress(0.0, "Starting torch")
                from mlm_demo.models.model_cache import ModelCache

                self._cache = ModelCache(self.settings.models_in_memory)

        def fresh() -> "MaskedLM":
            from mlm_demo.models.cpu.optimize import optimize_for_cpu
            from mlm_demo.models.native_bert.loader import load_native

            if ref.folder:  # else its download is told
                on_progress(1.0, f"Loading {ref.title}")
            mlm = load_native(ref, self.settings.device)
            if mlm is None:
                from mlm_demo.models.hub import Rules
                from mlm_demo.models.loader import load

                rules = Rules.of(self.settings)
                mlm = load(ref, device=self.settings.device, rules=rules, on_progress=on_progress)
            optimize_for_cpu(mlm, precision)
            return mlm

        return self._cache.get(_key(ref, precision), fresh)

    def _keys(self) -> list[tuple[str, str, str]]:
        return self._cache.in_memory() if self._cache else []


def _key(ref: ModelRef, precision: str) -> tuple[str, str, str]:
    """Under which a model is kept: another version is another model."""
    return ref.name, ref.version, precision
