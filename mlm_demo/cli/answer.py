"""The command `answer`: serve the models alone, for pages that set `MLM_DEMO_ENGINE`."""

import argparse

from mlm_demo.inference.engine import Engine
from mlm_demo.inference.served.server import answering
from mlm_demo.runs.adapted_models import catalogue_of
from mlm_demo.settings import Settings


def answer_command(options: argparse.Namespace, settings: Settings) -> None:
    """Load the default model and serve until Ctrl+C."""
    import uvicorn

    engine = Engine(settings, catalogue_of(settings))
    engine.warm()
    print(f"The models are at http://{settings.host}:{options.port}/", flush=True)
    uvicorn.run(answering(engine), host=settings.host, port=options.port, log_level="warning")
