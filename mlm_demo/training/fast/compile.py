"""Parts of a model compiled, for a run on a GPU that is long enough to earn back the seconds that this takes.

What lies between the matrix products of a layer (sums, norms, GELU, roundings) is a dozen kernels that each read and
write everything; compiled they are a few. The layers of a model are one piece of code, compiled once for all of them
("regional compilation", docs.pytorch.org/tutorials/recipes/regional_compilation.html); a whole model takes several
times as long.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import nn


class Compiled:
    """Methods in place of which, within `in_use`, the compiled ones run; elsewhere everything is as it was.

    Each is compiled when it is first called, for each shape anew; where that fails, that call raises.
    """

    def __init__(self, methods: Iterable[tuple[object, str]]):
        """methods: an object and the name of a method of its class."""
        self.methods = [
            (owner, name, torch.compile(getattr(owner, name), dynamic=False, fullgraph=True))
            for owner, name in methods
        ]

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Within this context the compiled methods run."""
        for owner, name, compiled in self.methods:
            setattr(owner, name, compiled)
        try:
            yield
        finally:
            for owner, name, _ in self.methods:
                delattr(owner, name)


def layers_to_compile(model: nn.Module) -> list[nn.Module]:
    """The layers of a model's encoder that are alike: its longest list of modules, less those with a hook before a part
    of them (the last one of BERT's kin, `positions.py`), which a compiler does not look through."""
    lists = [module for module in model.base_model.modules() if isinstance(module, nn.ModuleList)]
    longest = max(lists, key=len, default=())
    return [layer for layer in longest if not any(module._forward_pre_hooks for module in layer.modules())]
