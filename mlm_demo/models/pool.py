"""Models in memory, one per name, version and precision, optimized for the CPU if they run there.

torch is imported when the first model is needed, and transformers when a model needs it.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlm_demo.errors import ParameterError, shown
from mlm_demo.models.catalogue import ModelRef
from mlm_demo.settings import Settings

if TYPE_CHECKING:
    from mlm_demo.models.extractor import Extractor
    from mlm_demo.models.masked_lm import MaskedLM

PRECISIONS = ("auto", "exact", "int8")
PLAIN = "plain"  # exact, on layers that have a backward pass; the fast ones have none


class ModelPool:
    """Load models on demand and keep the last few. Safe to share between threads."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self._cache = ModelCache(settings.models_in_memory)
        self._torch_imported = False
        self._import_lock = threading.Lock()

    def names(self) -> list[str]:
        """Return the names of the models in memory; a model loaded in two precisions appears twice."""
        return [name for name, _, _ in self._cache.in_memory()]

    def holds(self, ref: ModelRef, precision: str) -> bool:
        """Return whether a model is in memory in the version that is on disk now."""
        return _key(ref, precision) in self._cache.in_memory()

    def precision(self, requested: str, *, plain: bool) -> str:
        """Return the precision to compute in, exact or int8.

        plain: the question asks for the most probable words of one model only, so `auto` may choose int8. Raises
        ParameterError for an unknown precision, and for int8 on a device that does not support it.
        """
        if requested not in PRECISIONS:
            raise ParameterError(
                f"The precision is {shown(requested)}; choose one of {', '.join(PRECISIONS)}."
            )
        if requested == "exact" or (requested == "auto" and not plain):
            return "exact"
        from mlm_demo.models.cpu.optimize import takes_int8
        from mlm_demo.models.device import find_device

        supported = takes_int8(find_device(self.settings.device))
        if requested == "int8" and not supported:
            raise ParameterError(
                "The precision is int8, which needs an x86 CPU and no GPU; choose auto or exact."
            )
        return "int8" if supported else "exact"

    def get(self, ref: ModelRef, precision: str, on_progress: Callable[[float, str], None]) -> "MaskedLM":
        """Return a model, downloading and loading it if necessary; raises as `loader.load` does.

        precision: exact, int8 or PLAIN.
        """
        self._import_torch(on_progress)
        return self._cache.get(_key(ref, precision), lambda: self._load(ref, precision, on_progress))

    def get_extractor(
        self, folder: Path, name: str, on_progress: Callable[[float, str], None]
    ) -> "Extractor":
        """Return the models of an extractor's folder, loading them if necessary; raises as `load_extractor` does."""
        from mlm_demo.models.extractor import BUILT_IN, load_extractor, version_of

        self._import_torch(on_progress)

        def load() -> "Extractor":
            on_progress(1.0, f"Loading {name}")
            settings, built_in = self.settings, name == BUILT_IN
            return load_extractor(
                folder, name, device=settings.device, allow_pickle=settings.allow_pickle, mapped=built_in
            )

        return self._cache.get((name, version_of(folder), "extractor"), load)

    def _import_torch(self, on_progress: Callable[[float, str], None]) -> None:
        with self._import_lock:
            if not self._torch_imported:
                on_progress(0.0, "Starting torch")
                import torch  # noqa: F401

                self._torch_imported = True

    def _load(self, ref: ModelRef, precision: str, on_progress: Callable[[float, str], None]) -> "MaskedLM":
        from mlm_demo.models.cpu.optimize import optimize_for_cpu
        from mlm_demo.models.native_bert.loader import load_native

        if ref.folder:  # otherwise `load` reports its download
            on_progress(1.0, f"Loading {ref.title}")
        mlm = load_native(ref, self.settings.device)
        if mlm is None:
            from mlm_demo.models.hub import DownloadPolicy
            from mlm_demo.models.loader import load

            policy = DownloadPolicy.of(self.settings)
            mlm = load(ref, device=self.settings.device, policy=policy, on_progress=on_progress)
        if precision != PLAIN:
            optimize_for_cpu(mlm, precision)
        return mlm


class ModelCache:
    """The `size` most recently used models by key. Threads that ask for the same key wait for one load.

    A load that fails is not remembered and evicts nothing.
    """

    def __init__(self, size: int):
        self.size = size
        self._models: OrderedDict[Hashable, Any] = OrderedDict()
        self._loading: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, load: Callable[[], Any]) -> Any:
        """Return the model of a key; call `load` if it is not in memory."""
        with self._lock:
            if model := self._use(key):
                return model
            loading = self._loading.setdefault(key, threading.Lock())
        with loading:  # a thread that waited finds the model here, or loads it if the load before it failed
            with self._lock:
                if model := self._use(key):
                    return model
            model = load()
            with self._lock:
                self._models[key] = model
                self._loading.pop(key, None)
                while len(self._models) > self.size:
                    self._models.popitem(last=False)
            return model

    def in_memory(self) -> list[Hashable]:
        """Return the keys in memory, the least recently used first."""
        with self._lock:
            return list(self._models)

    def _use(self, key: Hashable) -> Any:
        if key in self._models:
            self._models.move_to_end(key)
        return self._models.get(key)


def _key(ref: ModelRef, precision: str) -> tuple[str, str, str]:
    return ref.name, ref.version, precision
