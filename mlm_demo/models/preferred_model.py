"""The preferred model: whether the Hub has it for us, and its one download, which all visitors share."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from mlm_demo.errors import MlmDemoError
from mlm_demo.models import hub
from mlm_demo.models.catalogue import PREFERRED, check_allowed, default_model

SECONDS_REMEMBERED = 300  # what the Hub said, or that it could not be reached
Progress = Callable[[float, str], None]  # called with the share done, from 0 to 1, and the stage


@dataclass(frozen=True)
class Download:
    """Where the preferred model is.

    stage: `unknown` if it is neither here nor known to be on the Hub, `offered`, `running`, `failed`, or `here`. size:
    the bytes of its weights, or 0 if they are unknown. share: from 0 to 1. text: what is being done, or why it failed.
    """

    stage: Literal["unknown", "offered", "running", "failed", "here"]
    size: int = 0
    share: float = 0.0
    text: str = ""


class PreferredModel:
    """Ask the Hub for the preferred model, and get it in a thread. Safe to share between threads.

    load: downloads and loads the model. clock: monotonic seconds.
    """

    def __init__(
        self,
        policy: hub.DownloadPolicy,
        load: Callable[[Progress], None],
        clock: Callable[[], float] = time.monotonic,
    ):
        self.policy, self._load, self._clock = policy, load, clock
        self._asking, self._lock = threading.Lock(), threading.Lock()
        self._asked: float | None = None
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
            return Download("offered" if self._size else "unknown", self._size)

    def ask_hub(self) -> None:
        """Ask the Hub whether the model can be downloaded, unless its last answer is fresh; raises nothing.

        Takes up to the policy's timeout.
        """
        with self._asking:
            fresh = self._asked is not None and self._clock() - self._asked < SECONDS_REMEMBERED
            if fresh or self.download().stage == "running" or PREFERRED.folder:
                return
            try:
                check_allowed(PREFERRED, self.policy)
                size = hub.size_of_weights(PREFERRED.name, self.policy)
            except MlmDemoError:
                size = 0
            with self._lock:
                self._asked, self._size, self._failure = self._clock(), size, ""

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
