"""The preferred model: whether the Hub has it for us, and its one download, which all visitors share."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from mlm_demo.errors import MlmDemoError, ModelError
from mlm_demo.models import hub
from mlm_demo.models.catalogue import PREFERRED, check_allowed, default_model

SECONDS_REMEMBERED = 300  # what the Hub said, or that it could not be reached
Progress = Callable[[float, str], None]  # called with the share done, from 0 to 1, and the stage


@dataclass(frozen=True)
class Download:
    """Where the preferred model is.

    stage: `unknown` if it is neither here nor known to be on the Hub, `asking` the Hub, `offered` by it, `running`,
    `failed`, or `here`. size: the bytes of its weights, or 0 if they are unknown. share: from 0 to 1. text: what is
    being done, or why it failed.
    """

    stage: Literal["unknown", "asking", "offered", "running", "failed", "here"]
    size: int = 0
    share: float = 0.0
    text: str = ""


class PreferredModel:
    """Ask the Hub for the preferred model and get it, each in a thread. Safe to share between threads.

    load: downloads and loads the model. clock: monotonic seconds.
    """

    def __init__(
        self,
        policy: hub.DownloadPolicy,
        load: Callable[[Progress], None],
        clock: Callable[[], float] = time.monotonic,
    ):
        self.policy, self._load, self._clock = policy, load, clock
        self._lock = threading.Lock()
        self._asking = False
        self._asked: float | None = None  # when the Hub's last answer came
        self._size, self._failure = 0, ""
        self._progress: tuple[float, str] | None = None  # of the download that is going on

    def download(self) -> Download:
        """Return where the model is, without asking the Hub."""
        with self._lock:
            if self._progress:
                return Download("running", self._size, *self._progress)
            if default_model(self.policy) == PREFERRED:
                return Download("here", self._size)
            if self._failure:
                return Download("failed", self._size, text=self._failure)
            if self._size:
                return Download("offered", self._size)
            return Download("asking" if self._asking else "unknown")

    def ask_hub(self) -> None:
        """Ask in the background whether the Hub has the model, unless it may not be got or the last answer is fresh."""
        try:
            check_allowed(PREFERRED, self.policy)
        except ModelError:
            return
        with self._lock:
            fresh = self._asked is not None and self._clock() - self._asked < SECONDS_REMEMBERED
            if fresh or self._asking or self._progress or PREFERRED.folder:
                return
            self._asking = True
        threading.Thread(target=self._ask, name="ask the Hub", daemon=True).start()

    def start(self) -> None:
        """Download the model in the background if it is neither here nor on its way; raises ModelError if forbidden."""
        check_allowed(PREFERRED, self.policy)
        if self.download().stage == "here":
            return
        with self._lock:
            if self._progress:
                return
            self._progress, self._failure = (0.0, f"Asking the Hub for {PREFERRED.title}"), ""
        threading.Thread(target=self._work, name="preferred model", daemon=True).start()

    def _ask(self) -> None:
        try:
            size = hub.size_of_weights(PREFERRED.name, self.policy)
        except MlmDemoError:  # nothing is offered then
            size = 0
        with self._lock:
            self._asking, self._asked = False, self._clock()
            self._size, self._failure = size, ""

    def _work(self) -> None:
        failure = ""
        try:
            self._load(self._report)
        except MlmDemoError as error:
            failure = str(error)
        except BaseException as error:
            failure = f"{PREFERRED.title} could not be loaded ({type(error).__name__}); try again later."
            raise
        finally:
            with self._lock:
                self._progress, self._failure = None, failure

    def _report(self, share: float, stage: str) -> None:
        with self._lock:
            self._progress = share, stage
