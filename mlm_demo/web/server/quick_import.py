"""Gradio imported without what only its developers need, which is two fifths of the time that its import takes."""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_stubs() -> Iterator[None]:
    """Within this context Gradio (6.31) writes no stub file (.pyi) for a component that is defined.

    It reads and parses the source of each of some eighty for that, at each start, and compares what is there. It goes
    without where a component is of no file, so that is what `inspect.getfile` says of components meanwhile.
    """
    stock = inspect.getfile

    def no_file_of_components(thing: object) -> str:
        if type(thing).__name__ == "ComponentMeta":
            raise OSError("not asked for")
        return stock(thing)

    inspect.getfile = no_file_of_components
    try:
        yield
    finally:
        inspect.getfile = stock
