"""A process with models and nothing else: `python -m mlm_demo answer` serves it, and Ray Serve runs replicas of it."""

from typing import Any

from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse

from mlm_demo.inference.engine import Engine
from mlm_demo.inference.served.questions import QUESTIONS, answer


def answering(engine: Engine) -> FastAPI:
    """Return an application that answers `POST /ask/QUESTION`, and `GET /health` once it has answered a question.

    It knows neither visitors nor rate limits: only pages may reach it. Its questions are plain functions, which FastAPI
    calls in threads, so that those that wait at the same time share a pass (`models/dynamic_batching.py`).
    """
    app = FastAPI(title="mlm_demo: models", docs_url=None, redoc_url=None, openapi_url=None)

    @app.post("/ask/{name}")
    def ask(name: str, options: dict[str, Any]) -> JSONResponse:
        if name not in QUESTIONS:
            raise HTTPException(404, f"There is no question {name}; there are {', '.join(QUESTIONS)}.")
        try:
            status, found = answer(engine, name, options)
        except TypeError as error:
            raise HTTPException(400, str(error)) from error
        return JSONResponse(found, status)

    @app.get("/health")
    def health() -> dict[str, int]:
        return {"models_in_memory": engine.count_in_memory()}

    return app
