"""The HTTP endpoints for gradio_client and other programs, with the parameter names and JSON of the command line."""

import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from mlm_demo.corpus.papers import paper_of
from mlm_demo.errors import CorpusError, MlmDemoError, ParameterError, RunError, shown
from mlm_demo.inference.engine import Engine
from mlm_demo.runs.adapted_models import model_of
from mlm_demo.runs.service import SAMPLE, SAMPLE_EXAMPLES, RunService
from mlm_demo.runs.tasks.adapt import AdaptRequest
from mlm_demo.runs.tasks.finetune import FinetuneRequest
from mlm_demo.runs.tasks.pretrain import PretrainRequest
from mlm_demo.runs.tasks.task import RunRequest
from mlm_demo.settings import Settings, on_zero_gpu
from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.downstream.config import FinetuneConfig
from mlm_demo.training.options import DEFAULT_MINUTES
from mlm_demo.training.pretraining.config import PretrainConfig
from mlm_demo.web.arguments import with_error_messages
from mlm_demo.web.event_options import ASKING, EXTRACTING, SCORING
from mlm_demo.web.extract.papers import sample
from mlm_demo.web.server.downloads import download_address
from mlm_demo.web.server.rate_limits import RateLimits

MOST_SENTENCES = 100  # in one request
SAMPLE_WORD = "sample"  # in place of files: those of the page's sample
SAMPLE_PAPERS = "No texts and no files were sent, so these are the page's sample papers."
SHORTEST_SECRET = 22  # characters of 6 bits each: 128 bits


class Endpoints:
    """The endpoints as methods; their docstrings are the descriptions that the page's API view shows."""

    def __init__(self, engine: Engine, service: RunService, limits: RateLimits):
        self.engine, self.service, self.limits = engine, service, limits
        self.uploads = Path(get_upload_folder()).resolve()

    def fill_mask(
        self,
        request: gr.Request,
        text: str | list[str],
        model: str = "",
        top_k: float | None = None,
        targets: str | list[str] = "",
        joint: bool = False,
        precision: str = "exact",
    ) -> dict[str, Any]:
        """Rank words for each mask of a sentence. targets: rank only these words, a list or separated by commas.

        A list of sentences is answered with `{"answers": [...]}`; a sentence that cannot be asked has `error` there.
        """
        self._admit(request, text)
        options = {"top_k": top_k, "targets": targets, "joint": joint, "precision": precision}
        if not isinstance(text, str):
            return _listed(text, self.engine.fill_each(text, model, **options))
        return self.engine.fill_mask(text, model, **options)

    def compare(
        self,
        request: gr.Request,
        text: str,
        models: list[str],
        top_k: float | None = None,
        targets: str | list[str] = "",
        joint: bool = False,
        precision: str = "exact",
    ) -> dict[str, Any]:
        """Rank words with up to three models; each word comes with its rank in the other models."""
        self.limits.admit(request)
        return self.engine.compare(
            text, models, top_k=top_k, targets=targets, joint=joint, precision=precision
        )

    def why(
        self,
        request: gr.Request,
        text: str,
        model: str = "",
        mask: int = 1,
        targets: str | list[str] = "",
        precision: str = "exact",
        measure: str = "hiding",
    ) -> dict[str, Any]:
        """Return which words the guess at a mask rests on: its probability without each word of the sentence.

        mask: which one, counted from 1. targets: explain the best of these words in place of the first guess.
        measure: hiding; or gradient, for the share of each word in the gradient of the guess.
        """
        self.limits.admit(request)
        return self.engine.why(text, model, mask=mask, targets=targets, precision=precision, measure=measure)

    def contrast(
        self,
        request: gr.Request,
        text: str,
        other_text: str = "",
        model: str = "",
        other_model: str = "",
    ) -> dict[str, Any]:
        """Set the blank of a sentence against that of another one, or against its own before another model."""
        self.limits.admit(request)
        return self.engine.contrast((text, other_text or text), (model, other_model or model))

    def score(
        self, request: gr.Request, text: str | list[str], model: str = "", method: str = "within_word"
    ) -> dict[str, Any]:
        """Return the surprisal of each word of a sentence in bits and its pseudo-log-likelihood in nats.

        A list of sentences is answered with `{"answers": [...]}`; a sentence that cannot be scored has `error` there.
        """
        self._admit(request, text)
        if not isinstance(text, str):
            seconds = self.engine.settings.max_score_seconds
            return _listed(text, self.engine.score_each(text, model, method=method, max_seconds=seconds))
        (answer,) = self.engine.score(text, [model], method=method)["scores"]
        return answer

    def _admit(self, request: gr.Request, text: str | list[str]) -> None:
        """Count a question for each sentence; raise ParameterError for a list of too many, too long, or none."""
        if isinstance(text, str):
            return self.limits.admit(request)
        if not 0 < len(text) <= MOST_SENTENCES:
            raise ParameterError(
                f"text has {len(text):,} sentences; send 1 to {MOST_SENTENCES}, or use the command line for more."
            )
        characters, limit = sum(map(len, text)), self.engine.settings.max_characters
        if characters > limit:
            raise ParameterError(
                f"The sentences in text have {characters:,} characters, more than {limit:,}; send fewer."
            )
        self.limits.admit(request, questions=len(text))

    def extract(
        self,
        request: gr.Request,
        questions: list[str],
        texts: list[str] = [],  # noqa: B006  (not changed; Gradio shows it as the default)
        files: list[Any] = [SAMPLE_WORD],  # noqa: B006
        model: str = "",
        threshold: float | None = None,
    ) -> dict[str, Any]:
        """Answer questions from texts, or from files uploaded with `handle_file`: a row for each paper and question.

        Without either, the papers are the page's sample, twenty short texts on iron for anemia, and a note says so.
        A row has the answer, or null if none has a score of at least `threshold` (default: what the model was
        calibrated to), the sentence that it stands in, and their characters in the paper.
        """
        self.limits.admit(request)
        papers, notes = self._papers(texts, files)
        check_amount(papers, questions, self.engine.settings)
        extraction = self.engine.extract(papers, questions, model, threshold=threshold)
        found = extraction.to_json()
        return {**found, "notes": [*notes, *found["notes"]]}

    def _papers(self, texts: list, files: list) -> tuple[list, list[str]]:
        """Return texts and uploaded files as papers, and notes on what was not read."""
        papers = [paper_of(text, f"text {number}") for number, text in enumerate(texts, 1)]
        if files == [SAMPLE_WORD]:
            return (papers, []) if papers else (list(sample()), [SAMPLE_PAPERS])
        if not files:
            return papers, []
        read, notes = self.service.papers([_uploaded(file, self.uploads) for file in files])
        return [*papers, *read], notes

    def start_adaptation(
        self,
        request: gr.Request,
        files: list[Any],
        model: str = "",
        minutes: float = 0,
        epochs: float = 0,
        max_steps: int = 0,
        mlm_probability: float = AdaptConfig.mlm_probability,
        whole_word: bool = AdaptConfig.whole_word,
        learning_rate: float = AdaptConfig.learning_rate,
        batch_size: int = AdaptConfig.batch_size,
        block_size: int = AdaptConfig.block_size,
        replay: float = AdaptConfig.replay,
        seed: int = AdaptConfig.seed,
        column: str = "",
        owner: str = "",
        keep_near_duplicates: bool = AdaptConfig.keep_near_duplicates,
    ) -> dict[str, Any]:
        """Start a run on files uploaded with `handle_file`, or on the page's sample corpus: `["sample"]`.

        Give one of minutes, epochs and max_steps as its budget; it is ten minutes without.
        Returns the run's id, with which anyone can view the run, and the owner's secret, which is needed to stop it.
        Pass that secret again, or your own of at least 22 characters, to own several runs with one secret.
        """
        self.limits.admit(request)
        config = AdaptConfig(
            **_budget(minutes, epochs, max_steps),
            mlm_probability=mlm_probability,
            whole_word=whole_word,
            learning_rate=learning_rate,
            batch_size=batch_size,
            block_size=block_size,
            replay=replay,
            seed=seed,
            keep_near_duplicates=keep_near_duplicates,
        )
        return self._start(request, files, AdaptRequest(config, model, column), owner)

    def start_pretraining(
        self,
        request: gr.Request,
        files: list[Any],
        minutes: float = 0,
        epochs: float = 0,
        max_steps: int = 0,
        tokenizer: str = PretrainConfig.tokenizer,
        vocab_size: int = PretrainConfig.vocab_size,
        layers: int = PretrainConfig.layers,
        hidden: int = PretrainConfig.hidden,
        mlm_probability: float = PretrainConfig.mlm_probability,
        whole_word: bool = PretrainConfig.whole_word,
        learning_rate: float = PretrainConfig.learning_rate,
        batch_size: int = PretrainConfig.batch_size,
        block_size: int = PretrainConfig.block_size,
        seed: int = PretrainConfig.seed,
        column: str = "",
        owner: str = "",
        keep_near_duplicates: bool = PretrainConfig.keep_near_duplicates,
    ) -> dict[str, Any]:
        """Start to train a tokenizer and a model from scratch on files uploaded with `handle_file`, or `["sample"]`.

        Budget, result and the owner's secret are as in start_adaptation; tokenizer: wordpiece or byte-level.
        """
        self.limits.admit(request)
        config = PretrainConfig(
            **_budget(minutes, epochs, max_steps),
            tokenizer=tokenizer,
            vocab_size=vocab_size,
            layers=layers,
            hidden=hidden,
            mlm_probability=mlm_probability,
            whole_word=whole_word,
            learning_rate=learning_rate,
            batch_size=batch_size,
            block_size=block_size,
            seed=seed,
            keep_near_duplicates=keep_near_duplicates,
        )
        return self._start(request, files, PretrainRequest(config, column), owner)

    def start_finetuning(
        self,
        request: gr.Request,
        files: list[Any],
        task: str,
        model: str = "",
        minutes: float = 0,
        epochs: float = 0,
        max_steps: int = 0,
        learning_rate: float = FinetuneConfig.learning_rate,
        batch_size: int = FinetuneConfig.batch_size,
        seeds: int = FinetuneConfig.seeds,
        seed: int = FinetuneConfig.seed,
        owner: str = "",
    ) -> dict[str, Any]:
        """Start teaching a model the task `evidence` or `answers` with uploaded examples, or `["sample"]`.

        Budget, result and the owner's secret are as in start_adaptation; minutes are for all seeds together.
        """
        self.limits.admit(request)
        config = FinetuneConfig(
            **_budget(minutes, epochs, max_steps),
            learning_rate=learning_rate,
            batch_size=batch_size,
            seeds=seeds,
            seed=seed,
        )
        return self._start(request, files, FinetuneRequest(config, task, model), owner)

    def _start(self, request: gr.Request, files: list[Any], asked: RunRequest, owner: str) -> dict[str, Any]:
        """Start a run on uploaded files; return its status and the owner's secret."""
        if owner and len(owner) < SHORTEST_SECRET:
            raise ParameterError(
                f"The owner's secret has {len(owner)} characters and could be guessed; use at least {SHORTEST_SECRET}, "
                "or leave it out to get one."
            )
        if on_zero_gpu():
            raise RunError(
                "On this Space, runs are started on the page: the GPU is lent to the person who presses Start."
            )
        owner = owner or secrets.token_urlsafe(16)
        if files == [SAMPLE_WORD]:
            sample = SAMPLE_EXAMPLES[asked.task] if isinstance(asked, FinetuneRequest) else SAMPLE
            draft = self.service.staging.add([sample])
        else:
            draft = self.service.staging.add([_uploaded(file, self.uploads) for file in files], take=True)
        try:
            run = self.service.start(draft, asked, owner, self.limits.address(request))
        except MlmDemoError:
            self.service.staging.forget(draft)
            raise
        return {**self.service.status(run), "owner": owner}

    def run_status(self, run: str, owner: str = "") -> dict[str, Any]:
        """Return a run's state, its last step, and its metrics once it has been evaluated.

        With the owner's secret, a run that has a model also has `download`: an address relative to the page's own,
        valid for a day.
        """
        found = self.service.runs.find(run)
        status = self.service.status(found)
        if model_of(found) and self.service.is_owner(found, owner):
            status["download"] = download_address(found, self.service.settings)
        return status

    def stop_run(self, run: str, owner: str) -> dict[str, Any]:
        """Stop a run; its progress is kept and evaluated."""
        found = self.service.require_owner(run, owner)
        self.service.queue.stop(found)
        return self.service.status(found)


def check_amount(papers: list, questions: list, settings: Settings) -> None:
    """Raise ParameterError if papers and questions are more than what is answered at once.

    Each paper is (document, title, text, sentences).
    """
    if len(papers) > settings.max_papers:
        raise ParameterError(
            f"There are {len(papers):,} papers; the limit is {settings.max_papers:,}. Choose fewer, or use the command "
            "line."
        )
    for question in questions:
        if len(question) > settings.max_characters:
            raise ParameterError(
                f"A question has {len(question):,} characters; the limit is {settings.max_characters:,}."
            )
    characters, limit = sum(len(text) for _, _, text, _ in papers), settings.max_paper_characters
    if characters * len(questions) > limit:
        raise ParameterError(
            f"The papers have {characters:,} characters, asked {len(questions)} question(s); the limit is {limit:,} "
            "characters times questions. Choose fewer papers or questions, or use the command line."
        )


def add_endpoints(engine: Engine, service: RunService, limits: RateLimits) -> None:
    """Add the endpoints to the page under construction, each under its method's name."""
    endpoints = Endpoints(engine, service, limits)
    for endpoint, options in (
        (endpoints.fill_mask, ASKING),
        (endpoints.compare, ASKING),
        (endpoints.why, SCORING),
        (endpoints.contrast, ASKING),
        (endpoints.score, SCORING),
        (endpoints.extract, EXTRACTING),
        (endpoints.start_adaptation, {}),
        (endpoints.start_pretraining, {}),
        (endpoints.start_finetuning, {}),
        (endpoints.run_status, {}),
        (endpoints.stop_run, {}),
    ):
        gr.api(with_error_messages(endpoint), api_name=endpoint.__name__, **options)


def _listed(texts: list[str], answers: Iterable[dict | MlmDemoError]) -> dict[str, list]:
    """Return the answers to some sentences as JSON, each beside its sentence."""
    return {
        "answers": [
            {"text": text, "error": str(answer)} if isinstance(answer, MlmDemoError) else answer
            for text, answer in zip(texts, answers, strict=True)
        ]
    }


def _budget(minutes: float, epochs: float, max_steps: int) -> dict[str, float]:
    """Return what is given of the three, by name; the default of the command line if nothing is."""
    given = {"minutes": minutes, "epochs": epochs, "max_steps": max_steps}
    return {name: value for name, value in given.items() if value} or {"minutes": DEFAULT_MINUTES}


def _uploaded(file: Any, folder: Path) -> Path:
    """Return the path of an uploaded file; raises CorpusError for any path outside the upload folder."""
    path = Path(str(file.get("path", "") if isinstance(file, dict) else file)).resolve()
    if not path.is_relative_to(folder) or not path.is_file():
        raise CorpusError(
            f"{shown(file)} is not an uploaded file; upload it first, for example with gradio_client's handle_file."
        )
    return path
