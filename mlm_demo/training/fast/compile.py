"""Compile parts of a model, for runs on a GPU long enough to earn back the seconds that compilation takes.

Between the matrix products of a layer (sums, norms, GELU, casts) lie a dozen kernels that each read and write
everything; compiled, they are a few. The layers of a model share one piece of code, which accelerate's
`compile_regions` compiles once for all of them; compiling a whole model takes several times as long.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from accelerate.utils import compile_regions
from torch import nn


class Compiled:
    """Layers and methods that run compiled within `in_use` and as usual elsewhere.

    The first call compiles one, once for each shape; if compilation fails, that call raises.
    """

    def __init__(self, layers: nn.ModuleList | None = None, methods: Iterable[tuple[object, str]] = ()):
        """layers: some of them are compiled, see `layers_to_compile`.

        methods: pairs of an object and the name of a method of its class.
        """
        names = layers_to_compile(layers) if layers is not None else []
        self.layers, self.compiled = layers, {}
        if names:
            originals = nn.ModuleList(layers[int(name)] for name in names)
            compiled = compile_regions(originals, dynamic=False, fullgraph=True)
            self.compiled = dict(zip(names, compiled, strict=True))
        self.methods = [
            (owner, name, torch.compile(getattr(owner, name), dynamic=False, fullgraph=True))
            for owner, name in methods
        ]

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Within this context the compiled layers and methods run.

        Only here do the layers have the wrappers, which change the names of the weights.
        """
        originals = {name: self.layers[int(name)] for name in self.compiled}
        for name, layer in self.compiled.items():
            self.layers[int(name)] = layer
        for owner, name, compiled in self.methods:
            setattr(owner, name, compiled)
        try:
            yield
        finally:
            for name, layer in originals.items():
                self.layers[int(name)] = layer
            for owner, name, _ in self.methods:
                delattr(owner, name)


def layers_of(model: nn.Module) -> nn.ModuleList:
    """Return the layers of a model's encoder: its longest list of modules."""
    lists = [module for module in model.base_model.modules() if isinstance(module, nn.ModuleList)]
    return max(lists, key=len, default=nn.ModuleList())


def layers_to_compile(layers: nn.ModuleList) -> list[str]:
    """Return the names of the layers that a compiler can take, without hooked ones.

    It does not look through a hook; models/head.py hooks the last layer of BERT and its relatives.
    """
    return [
        name
        for name, layer in layers.named_children()
        if not any(module._forward_pre_hooks for module in layer.modules())
    ]
