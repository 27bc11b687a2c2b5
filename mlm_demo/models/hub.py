"""Fetch a model's files from the Hugging Face Hub, bounded in time, or say in one sentence why not.

huggingface_hub does the HTTP, the cache and the resuming. What is added here: which files, progress in
bytes, a limit on silence (its own retries can wait for minutes), a check of what arrived against the hashes
the Hub announced, and one clear error for each way it can fail.
"""

import math
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import HfApi, constants, hf_hub_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)
from huggingface_hub.utils import tqdm as hub_tqdm
from huggingface_hub.utils import validate_repo_id

from mlm_demo.errors import HubError, MlmDemoError, shown
from mlm_demo.models.hub_cache import (
    PICKLE,
    SAFETENSORS,
    SHARDED,
    TOKENIZER_FILES,
    check_room,
    drop,
    is_as_announced,
    shards,
)
from mlm_demo.settings import Settings

Progress = Callable[[int, int], None]  # bytes so far, bytes in all

# The Hub's own bot offers the same weights as safetensors in a pull request of this name.
CONVERSION_AUTHOR, CONVERSION_TITLE = "SFconvertbot", "Adding `safetensors` variant of this model"
# Less than this in one period of silence allowed counts as silence: a connection that only drips.
DRIP_BYTES = 16 * 1024


def is_repo_id(name: str) -> bool:
    """Whether a name has the form of a Hub id (`owner/name` or `name`)."""
    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return True


@dataclass(frozen=True)
class Rules:
    """What may be fetched and loaded.

    timeout: the longest silence of the Hub in seconds that is borne; a slow download that moves goes on. pickle: also
    weights that can run code. folders: also folders of this machine. owners: whose models of the Hub, empty for
    everybody's. megabytes: the most that a model may have to be fetched.
    """

    timeout: float = 12.0
    pickle: bool = False
    folders: bool = True
    owners: tuple[str, ...] = ()
    megabytes: float = math.inf

    @classmethod
    def of(cls, settings: Settings) -> "Rules":
        """What the settings say of it."""
        owners = tuple(owner.strip() for owner in settings.hub_owners.split(",") if owner.strip())
        return cls(
            timeout=settings.hub_timeout,
            pickle=settings.allow_pickle,
            folders=settings.folders,
            owners=owners,
            megabytes=settings.max_model_megabytes,
        )


def download(repo_id: str, rules: Rules, on_progress: Progress | None = None) -> Path:
    """Download a masked language model into the Hub's cache and return its folder.

    Raises HubError within about rules.timeout if the Hub cannot be reached, refuses, stalls or sends a broken file, and
    before anything is fetched where the model has more megabytes than it may have. The work is done in a thread, which
    is left behind when it is given up: it ends by itself.
    """
    timeout = rules.timeout
    events: queue.Queue = queue.Queue()
    given_up = threading.Event()

    def work() -> None:
        try:
            events.put(_fetch(repo_id, rules, lambda *progress: _report(events, given_up, progress)))
        except BaseException as error:
            events.put(error)

    threading.Thread(target=work, name=f"download {repo_id}", daemon=True).start()
    try:
        for event in _until_silent(events, timeout):
            if isinstance(event, Path):
                return event
            if isinstance(event, BaseException):
                raise _in_one_sentence(event, repo_id, timeout) from event
            if on_progress:
                on_progress(*event)
    finally:
        given_up.set()
    raise HubError(
        f"The Hub sent nothing, or next to nothing, of {shown(repo_id)} for {timeout:g} seconds; try again "
        "later, or pick a model that is built in or downloaded."
    )


def _until_silent(events: queue.Queue, timeout: float) -> Iterator[object]:
    """Yield events until less than DRIP_BYTES of progress came in a period of `timeout` seconds."""
    mark, deadline = 0, time.monotonic() + timeout
    while (left := deadline - time.monotonic()) > 0:
        try:
            event = events.get(timeout=left)
        except queue.Empty:
            return
        yield event
        done, total = event if isinstance(event, tuple) else (0, 0)
        if done - mark >= DRIP_BYTES or done == total:
            mark, deadline = done, time.monotonic() + timeout


def _report(events: queue.Queue, given_up: threading.Event, progress: tuple[int, int]) -> None:
    if given_up.is_set():
        raise HubError("given up")  # ends the thread at its next chunk; nobody reads this
    events.put(progress)


def _fetch(repo_id: str, rules: Rules, report: Progress) -> Path:
    """Download the files of one revision one after the other, checking each; runs in its own thread."""
    api = HfApi()
    info = api.model_info(repo_id, files_metadata=True)
    revision = "main"
    names = {f.rfilename for f in info.siblings}
    if not names & {SAFETENSORS, SHARDED}:
        if conversion := _conversion(api, repo_id):
            revision = conversion
            info = api.model_info(repo_id, revision=revision, files_metadata=True)
            names = {f.rfilename for f in info.siblings}
        elif PICKLE in names and not rules.pickle:
            raise HubError(
                f"{shown(repo_id)} has its weights only as a pickle file ({PICKLE}), which can run code when "
                "loaded; pick a model with safetensors, or set MLM_DEMO_ALLOW_PICKLE=1 if you trust its owner."
            )
    weights = next((f for f in (SAFETENSORS, SHARDED, PICKLE) if f in names), None)
    if "config.json" not in names or weights is None:
        missing = "config.json" if "config.json" not in names else "weights in the transformers format"
        raise HubError(f"{shown(repo_id)} is no transformers model: it has no {missing}; pick another one.")

    sizes = {f.rfilename: f.size or 0 for f in info.siblings}
    wanted = ["config.json", *sorted(names & TOKENIZER_FILES), weights]
    if weights == SHARDED:
        index = Path(hf_hub_download(repo_id, SHARDED, revision=revision))
        _check_hash(index, repo_id)
        wanted += [shard for shard in shards(index) if shard in names]
    total, done = sum(sizes[f] for f in wanted), 0
    if total > rules.megabytes * 1e6:
        raise HubError(
            f"{shown(repo_id)} has {total / 1e6:,.2f} MB, more than the {rules.megabytes:,} MB that may be fetched "
            "here; pick a smaller model."
        )
    check_room(repo_id, total)
    for name in wanted:
        bar = _progress_bar(lambda n, done=done: report(done + n, total))
        path = Path(hf_hub_download(repo_id, name, revision=revision, tqdm_class=bar))
        _check_hash(path, repo_id)
        done += sizes[name]
        report(done, total)
    return path.parent


def _conversion(api: HfApi, repo_id: str) -> str | None:
    """The open pull request in which the Hub's bot offers the weights as safetensors, as a revision."""
    for discussion in api.get_repo_discussions(
        repo_id, author=CONVERSION_AUTHOR, discussion_type="pull_request"
    ):
        if (discussion.title, discussion.status, discussion.author) == (
            CONVERSION_TITLE,
            "open",
            CONVERSION_AUTHOR,
        ):
            return discussion.git_reference
    return None


def _progress_bar(report: Callable[[int], None]) -> type:
    """A progress bar class, as huggingface_hub takes it, that draws nothing and reports bytes."""

    class ReportingBar(hub_tqdm):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **{**kwargs, "disable": True})
            self.done = kwargs.get("initial") or 0

        def update(self, n: float | None = 1) -> None:
            self.done += int(n or 0)
            report(self.done)

    return ReportingBar


def _check_hash(path: Path, repo_id: str) -> None:
    if not is_as_announced(path):
        drop(path)
        raise HubError(
            f"The file {path.name} of {shown(repo_id)} arrived broken (its hash is not the one the Hub "
            "announced) and was deleted; try again, or pick another model."
        )


def _in_one_sentence(error: BaseException, repo_id: str, timeout: float) -> MlmDemoError:
    """Say what an error of huggingface_hub means to the person who picked the model."""
    other = "pick a model that is built in or downloaded"
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, MlmDemoError):
        return error
    if isinstance(error, GatedRepoError):
        return HubError(
            f"{shown(repo_id)} is gated: accept its terms on the Hub and sign in here with `hf auth login`, "
            f"or {other}."
        )
    if isinstance(error, RepositoryNotFoundError) or status in (401, 403, 404):
        return HubError(
            f"The Hub has no model {shown(repo_id)} that can be read from here (answer {status or 404}): check "
            f"the spelling, sign in with `hf auth login` if it is private, or {other}."
        )
    if status == 429:
        return HubError(
            f"The Hub limits how often it may be asked (answer 429); wait a few minutes, or {other}."
        )
    if isinstance(error, OfflineModeIsEnabled):
        return HubError(
            f"{shown(repo_id)} is not on this machine and HF_HUB_OFFLINE forbids downloading; unset it, or {other}."
        )
    if isinstance(error, HfHubHTTPError) and status is not None:
        return HubError(f"The Hub answered {status} for {shown(repo_id)}; try again later, or {other}.")
    if isinstance(error, LocalEntryNotFoundError) or type(error).__module__.split(".")[0].startswith("http"):
        return HubError(
            f"The Hub cannot be reached ({constants.ENDPOINT}), so {shown(repo_id)} cannot be downloaded; check "
            f"the network, or {other}."
        )
    if isinstance(error, OSError):
        return HubError(
            f"{shown(repo_id)} could not be stored: {error.strerror or error}; make room, or {other}."
        )
    return HubError(
        f"{shown(repo_id)} could not be downloaded ({type(error).__name__}); try again, or {other}."
    )
