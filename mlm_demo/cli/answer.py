"""The command `answer`: serve the models alone, for pages that set `MLM_DEMO_ENGINE`."""

import argparse

from fastapi import FastAPI

from mlm_demo.inference.engine import Engine
from mlm_demo.inference.served.server import answering
from mlm_demo.runs.adapted_models import catalogue_of
from mlm_demo.settings import Settings


def answer_command(options: argparse.Namespace, settings: Settings) -> None:
    """Load the default model and serve until Ctrl+C."""
    import uvicorn

    app = warm_application(settings)
    print(f"The models are at http://{settings.host}:{options.port}/", flush=True)
    uvicorn.run(app, host=settings.host, port=options.port, log_level="warning")


def warm_application(settings: Settings) -> FastAPI:
    """Return the application that answers questions, with the default model in memory."""
    engine = Engine(settings, catalogue_of(settings))
    engine.warm()
    return answering(engine)
