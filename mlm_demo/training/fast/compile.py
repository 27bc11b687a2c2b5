"""Compile parts of a model, for runs on a GPU long enough to earn back the seconds that compilation takes.

Between the matrix products of a layer (sums, norms, GELU, casts) lie a dozen kernels that each read and write
everything; compiled, they are a few. The layers of a model share one piece of code, which is compiled once for all of
them ("regional compilation", docs.pytorch.org/tutorials/recipes/regional_compilation.html); compiling a whole model
takes several times as long.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import nn


class Compiled:
    """Methods that run compiled within `in_use` and as usual elsewhere.

    The first call compiles a method, once for each shape; if compilation fails, that call raises.
    """

    def __init__(self, methods: Iterable[tuple[object, str]]):
        """methods: pairs of an object and the name of a method of its class."""
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
    """List the identical layers of a model's encoder: its longest list of modules, without hooked layers.

    A compiler does not look through a hook; models/head.py hooks the last layer of BERT and its relatives.
    """
    lists = [module for module in model.base_model.modules() if isinstance(module, nn.ModuleList)]
    longest = max(lists, key=len, default=())
    return [layer for layer in longest if not any(module._forward_pre_hooks for module in layer.modules())]
