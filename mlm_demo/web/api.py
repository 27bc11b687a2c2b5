"""The HTTP endpoints, for `gradio_client` and any other program: the command line's names and its JSON."""

import secrets
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from mlm_demo.errors import CorpusError, MlmDemoError, ParameterError, RunError, shown
from mlm_demo.inference.engine import TOP_K, Engine
from mlm_demo.runs.adapted_models import adapted_model
from mlm_demo.runs.service import RunService
from mlm_demo.runs.tasks.adapt import AdaptRequest
from mlm_demo.settings import on_zero_gpu
from mlm_demo.training.config import AdaptConfig
from mlm_demo.web.event_options import ASKING, SCORING
from mlm_demo.web.messages import over_http
from mlm_demo.web.server.downloads import download_address
from mlm_demo.web.server.rate_limits import RateLimits

DEFAULTS = AdaptConfig(minutes=1)
LEAST_SECRET = 22  # characters that may hold 128 bits, 6 in each


def add_endpoints(engine: Engine, service: RunService, limits: RateLimits) -> None:
    """Add `/fill_mask`, `/compare`, `/score`, `/start_adaptation`, `/run_status` and `/stop_run` to the page."""
    uploads = Path(get_upload_folder()).resolve()

    def fill_mask(
        request: gr.Request,
        text: str,
        model: str = "",
        top_k: float = TOP_K,
        targets: str = "",
        joint: bool = False,
        precision: str = "auto",
    ) -> dict[str, Any]:
        """Rank words for the masks of a sentence; targets are words with commas between them."""
        limits.admit(request)
        return engine.fill_mask(text, model, top_k=top_k, targets=targets, joint=joint, precision=precision)

    def compare(
        request: gr.Request,
        text: str,
        models: list[str],
        top_k: float = TOP_K,
        targets: str = "",
        joint: bool = False,
        precision: str = "auto",
    ) -> dict[str, Any]:
        """The same for up to three models, each word with its rank in the others."""
        limits.admit(request)
        return engine.compare(text, models, top_k=top_k, targets=targets, joint=joint, precision=precision)

    def score(request: gr.Request, text: str, model: str = "", method: str = "within_word") -> dict[str, Any]:
        """The surprisal of each word of a sentence in bits, and its pseudo-log-likelihood in nats."""
        limits.admit(request)
        (answer,) = engine.score(text, [model], method=method)["scores"]
        return answer

    def start_adaptation(
        request: gr.Request,
        files: list[Any],
        model: str = "",
        minutes: float = 0,
        epochs: float = 0,
        max_steps: int = 0,
        mlm_probability: float = DEFAULTS.mlm_probability,
        whole_word: bool = DEFAULTS.whole_word,
        learning_rate: float = DEFAULTS.learning_rate,
        batch_size: int = DEFAULTS.batch_size,
        block_size: int = DEFAULTS.block_size,
        replay: float = DEFAULTS.replay,
        seed: int = DEFAULTS.seed,
        column: str = "",
        owner: str = "",
    ) -> dict[str, Any]:
        """Start a run with files given by `handle_file`; one of minutes, epochs and max_steps is its budget.

        Returns its id, which is all that watching it takes, and the owner's secret, which stopping it takes too; give
        it again, or one of your own of 22 characters or more, to have several runs under one.
        """
        limits.admit(request)
        if owner and len(owner) < LEAST_SECRET:
            raise ParameterError(
                f"The owner's secret has {len(owner)} characters, which can be guessed; {LEAST_SECRET} are the least. "
                "Leave it out to be given one."
            )
        if on_zero_gpu():
            raise RunError(
                "On this Space a run is started on the page: the GPU is lent to whoever presses Start."
            )
        budget = {"minutes": minutes, "epochs": epochs, "max_steps": max_steps}
        config = AdaptConfig(
            **{name: value for name, value in budget.items() if value},
            mlm_probability=mlm_probability,
            whole_word=whole_word,
            learning_rate=learning_rate,
            batch_size=batch_size,
            block_size=block_size,
            replay=replay,
            seed=seed,
        )
        owner = owner or secrets.token_urlsafe(16)
        draft = service.staging.add([_uploaded(file, uploads) for file in files], link=True)
        try:
            run = service.start(draft, AdaptRequest(config, model, column), owner, limits.address(request))
        except MlmDemoError:
            service.staging.forget(draft)
            raise
        return {**service.status(run), "owner": owner}

    def run_status(run: str, owner: str = "") -> dict[str, Any]:
        """How a run stands: its state, the last step, the figures once it has been judged.

        With the owner's secret also where its model can be downloaded, once there is one: `download`, an address that
        counts from the page's own and is good for a day.
        """
        found = service.runs.find(run)
        status = service.status(found)
        if adapted_model(found) and service.is_owner(found, owner):
            status["download"] = download_address(found, service.settings)
        return status

    def stop_run(run: str, owner: str) -> dict[str, Any]:
        """Stop a run; what it has learned is kept and judged."""
        found = service.require_owner(run, owner)
        service.queue.stop(found)
        return service.status(found)

    for endpoint, turns in ((fill_mask, ASKING), (compare, ASKING), (score, SCORING)):
        gr.api(over_http(endpoint), api_name=endpoint.__name__, **turns)
    for endpoint in (start_adaptation, run_status, stop_run):
        gr.api(over_http(endpoint), api_name=endpoint.__name__)


def _uploaded(file: Any, folder: Path) -> Path:
    """The path of an uploaded file; a path that is not under the folder of uploads is none, whoever names it."""
    path = Path(str(file.get("path", "") if isinstance(file, dict) else file)).resolve()
    if not path.is_relative_to(folder) or not path.is_file():
        raise CorpusError(
            f"{shown(file)} is no uploaded file; upload it first, as gradio_client's handle_file does."
        )
    return path
