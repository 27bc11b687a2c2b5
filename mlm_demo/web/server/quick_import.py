"""A faster import of Gradio, which skips work that only Gradio's developers need (40 % of the import time)."""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_stubs() -> Iterator[None]:
    """Keep Gradio (6.31) from writing a stub file (.pyi) for each component class defined in this context.

    At every start it reads and parses the source of about eighty components and compares their stubs. It skips a
    component that has no source file, so `inspect.getfile` reports that for components in this context.
    """
    stock = inspect.getfile

    def getfile(thing: object) -> str:
        if type(thing).__name__ == "ComponentMeta":
            raise OSError("no stub file wanted")
        return stock(thing)

    inspect.getfile = getfile
    try:
        yield
    finally:
        inspect.getfile = stock
