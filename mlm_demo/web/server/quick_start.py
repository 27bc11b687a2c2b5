"""A faster start of the page: work that only Gradio's developers need is skipped, garbage is collected later."""

import gc
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


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Collect no garbage in this context, and never look again at the objects that it leaves.

    A start makes some 300,000 objects that live as long as the page, and 5,000 that do not. Each full collection would
    walk through all of them: 0.3 s of the start, and 0.1 s of an answer now and then.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def without_early_applications() -> Iterator[None]:
    """Keep Gradio (6.31) from making a web application for a page that is still being built.

    It makes one at the beginning of a page, one at its end and one for its queue, each with the eighty routes of the
    API and all components as JSON, and `launch` replaces the last: 0.7 s of a start. In this context they are None.
    """
    from gradio.routes import App  # imported here because the other two are wanted before Gradio is imported

    stock = App.create_app
    App.create_app = staticmethod(lambda *arguments, **named: None)
    try:
        yield
    finally:
        App.create_app = staticmethod(stock)
