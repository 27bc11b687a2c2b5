"""Simulated visitors for load.py: all fill masks and score, with occasional mistakes; some also adapt models."""

import itertools
import random
import re
import secrets
from contextlib import suppress

from front_end import ERRORS, FrontEnd
from locust import between, task
from locust.exception import RescheduleTask
from pairs import ROOT

CORPUS = ROOT / "assets" / "corpora" / "beekeeping.txt"
MODELS = ("general", "biomedical")
RUN = {"max_steps": 60, "batch_size": 4}  # reading and evaluation take as long as training
MAX_TRIES = 20  # to open the page
SENTENCES = tuple(
    sentence
    for sentence in re.split(r"(?<=[.!?])\s+", CORPUS.read_text(encoding="utf-8"))
    if 6 <= len(sentence.split()) <= 40 and "<" not in sentence
)


class Person(FrontEnd):
    """A visitor who fills masks, with a few seconds between questions."""

    wait_time = between(2, 8)
    numbers = itertools.count(1)

    def __init__(self, environment):
        number = next(Person.numbers)
        self.address = f"10.0.{number // 250}.{number % 250 + 1}"
        self.chance = random.Random(number)
        super().__init__(environment)

    def on_start(self) -> None:
        for _ in range(MAX_TRIES):
            with suppress(RescheduleTask):
                self.open()
                return
            self.wait()

    def on_stop(self) -> None:
        self.leave()

    @task(1)
    def reload(self) -> None:
        """Reload the page."""
        self.open()

    @task(12)
    def fill(self) -> None:
        """Press Enter on a sentence with one or two masks."""
        model, other = self.chance.sample(MODELS, 2)
        self.put("model", model)
        self.put("compare", [other] if self.chance.random() < 0.2 else [])
        self.put("sentence", self.masked_sentence(1 if self.chance.random() < 0.8 else 2))
        self.happen("sentence", "submit", "fill-mask")
        self.expect("results", "<figure", "fill-mask")

    @task(6)
    def pause(self) -> None:
        """Pause while typing, after the mask."""
        sentence = [self.ids["sentence"], "change"]
        typed = next(event["outputs"][0] for event in self.in_browser if event["targets"] == [sentence])
        self.put("sentence", self.masked_sentence(1))
        self.values[typed] = secrets.token_hex(4)
        self.happen(typed, "change", "fill-mask while typing")

    @task(2)
    def err(self) -> None:
        """Press Enter without a mask or without a word; the page shows an error message."""
        self.put("compare", [])
        self.put("sentence", self.chance.choice(["", self.chance.choice(SENTENCES)]))
        self.happen("sentence", "submit", "fill-mask, refused")
        self.expect("results", 'class="refusal"', "fill-mask, refused")

    @task(3)
    def score(self) -> None:
        """Score a sentence with both models."""
        self.put("score-sentence", self.chance.choice(SENTENCES))
        self.happen("score-sentence", "submit", "score")
        self.expect("score-results", "<figure", "score")

    @task(2)
    def program(self) -> None:
        """Call the HTTP endpoint, as a program does."""
        answer = self.endpoint("fill_mask", text=self.masked_sentence(1), model=self.chance.choice(MODELS))
        if not answer["masks"][0]:
            ERRORS["/fill_mask: no word"] += 1

    def masked_sentence(self, masks: int) -> str:
        """Return a sentence with some words masked."""
        words = self.chance.choice(SENTENCES).split()
        for position in self.chance.sample(range(len(words)), masks):
            words[position] = "<mask>"
        return " ".join(words)


class Adapter(Person):
    """A visitor who also adapts models."""

    def on_start(self) -> None:
        self.owner, self.runs, self.seeds = secrets.token_urlsafe(16), [], itertools.count()
        super().on_start()

    def on_stop(self) -> None:
        for run in self.runs:
            with suppress(RescheduleTask):
                self.endpoint("stop_run", run=run, owner=self.owner)
        super().on_stop()

    @task(3)
    def begin(self) -> None:
        """Start a short run."""
        options = {**RUN, "model": self.chance.choice(MODELS), "seed": next(self.seeds), "owner": self.owner}
        file = self.upload(CORPUS.name, CORPUS.read_bytes())
        self.runs.append(self.endpoint("start_adaptation", files=[file], **options)["run"])

    @task(8)
    def watch(self) -> None:
        """Ask for the status of the runs; forget those that have ended."""
        for run in list(self.runs):
            if not self.is_active(run):
                self.runs.remove(run)

    @task(1)
    def halt(self) -> None:
        """Stop one of the runs."""
        if self.runs:
            self.endpoint("stop_run", run=self.chance.choice(self.runs), owner=self.owner)

    @task(1)
    def read_corpus(self) -> None:
        """Get the corpus report of a file on the page."""
        self.put("files", [self.upload(CORPUS.name, CORPUS.read_bytes())])
        self.happen("files", "upload", "corpus report")
        self.expect("report", "Documents", "corpus report")

    def is_active(self, run: str) -> bool:
        """Return whether a run is waiting or running."""
        state = self.endpoint("run_status", run=run)["state"]
        if state == "failed":
            ERRORS["a run failed"] += 1
        return state in ("waiting", "running", "stopping")
