"""Simulated people for load.py: most fill masks and score, and err now and then; some adapt models as well."""

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
RUN = {"max_steps": 60, "batch_size": 4}  # as much reading and judging as training
MOST_TRIES = 20  # to open the page
# Sentences of some length.
SENTENCES = tuple(
    sentence
    for sentence in re.split(r"(?<=[.!?])\s+", CORPUS.read_text(encoding="utf-8"))
    if 6 <= len(sentence.split()) <= 40 and "<" not in sentence
)


class Person(FrontEnd):
    """Somebody who fills masks, with a few seconds between two questions."""

    wait_time = between(2, 8)
    numbers = itertools.count(1)

    def __init__(self, environment):
        number = next(Person.numbers)
        self.address = f"10.0.{number // 250}.{number % 250 + 1}"
        self.chance = random.Random(number)
        super().__init__(environment)

    def on_start(self) -> None:
        for _ in range(MOST_TRIES):
            with suppress(RescheduleTask):
                self.open()
                return
            self.wait()

    def on_stop(self) -> None:
        self.leave()

    @task(1)
    def reload(self) -> None:
        """The page, loaded anew."""
        self.open()

    @task(12)
    def fill(self) -> None:
        """Enter, on a sentence with a mask or two."""
        model, other = self.chance.sample(MODELS, 2)
        self.put("model", model)
        self.put("compare", [other] if self.chance.random() < 0.2 else [])
        self.put("sentence", self.hidden(1 if self.chance.random() < 0.8 else 2))
        self.happen("sentence", "submit", "fill-mask")
        self.expect("results", "<figure", "fill-mask")

    @task(6)
    def pause(self) -> None:
        """A pause of the typing, with the mask there already."""
        sentence = [self.ids["sentence"], "change"]
        typed = next(event["outputs"][0] for event in self.in_browser if event["targets"] == [sentence])
        self.put("sentence", self.hidden(1))
        self.values[typed] = secrets.token_hex(4)
        self.happen(typed, "change", "fill-mask while typing")

    @task(2)
    def err(self) -> None:
        """Enter without a mask or without a word: the page says what is missing."""
        self.put("compare", [])
        self.put("sentence", self.chance.choice(["", self.chance.choice(SENTENCES)]))
        self.happen("sentence", "submit", "fill-mask in vain")
        self.expect("results", 'class="refusal"', "fill-mask in vain")

    @task(3)
    def score(self) -> None:
        """A sentence scored by both models."""
        self.put("score-sentence", self.chance.choice(SENTENCES))
        self.happen("score-sentence", "submit", "score")
        self.expect("score-results", "<figure", "score")

    @task(2)
    def program(self) -> None:
        """The endpoint, as a program asks it."""
        answer = self.endpoint("fill_mask", text=self.hidden(1), model=self.chance.choice(MODELS))
        if not answer["masks"][0]:
            ERRORS["/fill_mask: no word"] += 1

    def hidden(self, masks: int) -> str:
        """A sentence with so many words hidden."""
        words = self.chance.choice(SENTENCES).split()
        for place in self.chance.sample(range(len(words)), masks):
            words[place] = "<mask>"
        return " ".join(words)


class Adapter(Person):
    """Somebody who adapts models as well."""

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
        """A short run."""
        given = {**RUN, "model": self.chance.choice(MODELS), "seed": next(self.seeds), "owner": self.owner}
        file = self.upload(CORPUS.name, CORPUS.read_bytes())
        self.runs.append(self.endpoint("start_adaptation", files=[file], **given)["run"])

    @task(8)
    def watch(self) -> None:
        """How the runs stand; one that has come to its end is let go."""
        for run in list(self.runs):
            if not self.goes_on(run):
                self.runs.remove(run)

    @task(1)
    def halt(self) -> None:
        """One of the runs, stopped."""
        if self.runs:
            self.endpoint("stop_run", run=self.chance.choice(self.runs), owner=self.owner)

    @task(1)
    def read_corpus(self) -> None:
        """What is in a file, told by the page."""
        self.put("files", [self.upload(CORPUS.name, CORPUS.read_bytes())])
        self.happen("files", "upload", "a corpus read")
        self.expect("report", "Documents", "a corpus read")

    def goes_on(self, run: str) -> bool:
        """Whether a run waits or is worked on."""
        state = self.endpoint("run_status", run=run)["state"]
        if state == "failed":
            ERRORS["a run failed"] += 1
        return state in ("waiting", "running", "stopping")
