"""Download a model from the Hugging Face Hub within a time limit, or raise one clear error.

huggingface_hub does the HTTP, the cache and the resuming. This module adds the choice of files, progress in bytes, a
time limit (huggingface_hub's own retries can wait for minutes), a check of each file against the hash that the Hub
announced, and one sentence for each kind of failure.
"""

import math
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from weakref import WeakValueDictionary

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
    WEIGHTS,
    check_room,
    delete,
    matches_hash,
    shards,
)
from mlm_demo.settings import Settings
from mlm_demo.system import locks

OnBytes = Callable[[int, int], None]  # called with the bytes downloaded so far and the total
Check = Callable[[Path], None]  # called with the folder of a download; raises ModelError to refuse the model
T = TypeVar("T")
# Two downloads of one model at once would wait for each other's files, and the timeout would take that for silence.
_lock = threading.Lock()
_downloads: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()

# A bot of the Hub opens a pull request with this title that adds the weights as safetensors.
CONVERSION_AUTHOR, CONVERSION_TITLE = "SFconvertbot", "Adding `safetensors` variant of this model"
# A connection that sends less than this within the timeout counts as silent.
MIN_BYTES_PER_TIMEOUT = 16 * 1024
# huggingface_hub's own 10 MiB take a slow connection longer than the timeout, which would count as silence.
CHUNK_BYTES = 128 * 1024


def is_repo_id(name: str) -> bool:
    """Return whether a name has the form of a Hub id (`owner/name` or `name`)."""
    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return True


@dataclass(frozen=True)
class DownloadPolicy:
    """Which models may be downloaded and loaded.

    timeout: give up after this many seconds without progress; a slow but steady download continues. pickle: whether to
    accept weights that can run code. folders: whether to load folders of this machine. owners: the Hub owners whose
    models are accepted; empty means all. megabytes: the largest download.
    """

    timeout: float = 12.0
    pickle: bool = False
    folders: bool = True
    owners: tuple[str, ...] = ()
    megabytes: float = math.inf

    @classmethod
    def of(cls, settings: Settings) -> "DownloadPolicy":
        """Take the policy from the settings."""
        owners = tuple(owner.strip() for owner in settings.hub_owners.split(",") if owner.strip())
        return cls(
            timeout=settings.hub_timeout,
            pickle=settings.allow_pickle,
            folders=settings.folders,
            owners=owners,
            megabytes=settings.max_model_megabytes,
        )


def accept(folder: Path) -> None:
    """Refuse nothing."""


def download(
    repo_id: str,
    policy: DownloadPolicy,
    on_bytes: OnBytes | None = None,
    *,
    check_config: Check = accept,
    check_tokenizer: Check = accept,
) -> Path:
    """Download a masked language model into the Hub's cache and return its folder.

    config.json comes first and is checked before anything else is fetched, the tokenizer before the weights are.
    Raises HubError within about policy.timeout if the Hub cannot be reached, refuses, stalls or sends a corrupt file,
    and before the download if the model is too large. Waits for another download of the same model to end first.
    """
    with _lock:
        alone = _downloads.setdefault(repo_id, threading.Lock())
    with alone, _no_other_process(repo_id):
        plan = _in_time(repo_id, policy, lambda report: _plan(repo_id, policy))
        for names, check in (
            (["config.json"], check_config),
            (plan.tokenizer, check_tokenizer),
            (plan.weights, accept),
        ):
            if names:
                folder = _in_time(
                    repo_id,
                    policy,
                    lambda report, names=names: _fetch(repo_id, plan, names, report),
                    on_bytes,
                )
            check(folder)
        return folder


@contextmanager
def _no_other_process(repo_id: str) -> Iterator[None]:
    """Within this context no other process downloads the model; a read-only cache has no lock, and needs none."""
    folder = Path(constants.HF_HUB_CACHE, ".locks")
    with ExitStack() as held:
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            held.enter_context(locks.exclusive(folder / f"mlm_demo--{repo_id.replace('/', '--')}.lock"))
        yield


def size_of_weights(repo_id: str, policy: DownloadPolicy) -> int:
    """Ask the Hub for the bytes of weights that `download` would fetch now; raises HubError as it does."""
    return _in_time(repo_id, policy, lambda report: _plan(repo_id, policy).weight_bytes)


def _in_time(
    repo_id: str, policy: DownloadPolicy, ask: Callable[[OnBytes], T], on_bytes: OnBytes | None = None
) -> T:
    """Return what `ask` returns; raise HubError if it fails or reports too few bytes within the timeout.

    A thread does the work; after a timeout it ends by itself.
    """
    events: queue.Queue = queue.Queue()
    given_up = threading.Event()

    def work() -> None:
        try:
            events.put(ask(lambda *progress: _report(events, given_up, progress)))
        except BaseException as error:
            events.put(error)

    threading.Thread(target=work, name=f"download {repo_id}", daemon=True).start()
    try:
        for event in _until_silent(events, policy.timeout):
            if isinstance(event, BaseException):
                raise _to_hub_error(event, repo_id) from event
            if not isinstance(event, tuple):
                return event
            if on_bytes:
                on_bytes(*event)
    finally:
        given_up.set()
    raise HubError(
        f"The Hub sent nothing, or almost nothing, of {shown(repo_id)} for {policy.timeout:g} seconds; try again "
        "later, or pick a model that is built in or downloaded."
    )


def _until_silent(events: queue.Queue, timeout: float) -> Iterator[object]:
    """Yield events until a period of `timeout` seconds brings less than MIN_BYTES_PER_TIMEOUT."""
    mark, deadline = 0, time.monotonic() + timeout
    while (left := deadline - time.monotonic()) > 0:
        try:
            event = events.get(timeout=left)
        except queue.Empty:
            return
        yield event
        done, total = event if isinstance(event, tuple) else (0, 0)
        if done - mark >= MIN_BYTES_PER_TIMEOUT or done == total:
            mark, deadline = done, time.monotonic() + timeout


def _report(events: queue.Queue, given_up: threading.Event, progress: tuple[int, int]) -> None:
    if given_up.is_set():
        raise HubError("given up")  # ends the thread at its next chunk; nobody reads this
    events.put(progress)


@dataclass(frozen=True)
class _Plan:
    """The files of one revision that a download fetches, in order, with their bytes."""

    revision: str
    sizes: dict[str, int]

    @property
    def tokenizer(self) -> list[str]:
        """The files of the tokenizer."""
        return [name for name in self.sizes if name in TOKENIZER_FILES]

    @property
    def weights(self) -> list[str]:
        """The weight files, and their index if there are several."""
        return [name for name in self.sizes if name not in TOKENIZER_FILES and name != "config.json"]

    @property
    def weight_bytes(self) -> int:
        """The bytes of the weight files."""
        return sum(self.sizes[name] for name in self.weights if Path(name).suffix in WEIGHTS)


def _plan(repo_id: str, policy: DownloadPolicy) -> _Plan:
    """Choose the revision and its files; raise HubError if they may not be downloaded or do not fit."""
    api = HfApi()
    info = api.model_info(repo_id, files_metadata=True)
    revision = "main"
    names = {f.rfilename for f in info.siblings}
    if not names & {SAFETENSORS, SHARDED}:
        if conversion := _conversion(api, repo_id):
            revision = conversion
            info = api.model_info(repo_id, revision=revision, files_metadata=True)
            names = {f.rfilename for f in info.siblings}
        elif PICKLE in names and not policy.pickle:
            raise HubError(
                f"{shown(repo_id)} has its weights only as a pickle file ({PICKLE}), which can run code when "
                "loaded; pick a model with safetensors, or set MLM_DEMO_ALLOW_PICKLE=1 if you trust its owner."
            )
    weights = next((f for f in (SAFETENSORS, SHARDED, PICKLE) if f in names), None)
    if "config.json" not in names or weights is None:
        missing = "config.json" if "config.json" not in names else "weights in the transformers format"
        raise HubError(
            f"{shown(repo_id)} is not a transformers model: it has no {missing}; pick another one."
        )

    sizes = {f.rfilename: f.size or 0 for f in info.siblings}
    wanted = ["config.json", *sorted(names & TOKENIZER_FILES), weights]
    if weights == SHARDED:
        index = Path(hf_hub_download(repo_id, SHARDED, revision=revision))
        _check_hash(index, repo_id)
        wanted += [shard for shard in shards(index) if shard in names]
    total = sum(sizes[f] for f in wanted)
    if total > policy.megabytes * 1e6:
        raise HubError(
            f"{shown(repo_id)} has {total / 1e6:,.2f} MB, more than the {policy.megabytes:,} MB that may be "
            "downloaded here; pick a smaller model."
        )
    check_room(repo_id, total)
    return _Plan(revision, {name: sizes[name] for name in wanted})


def _fetch(repo_id: str, plan: _Plan, names: list[str], on_bytes: OnBytes) -> Path:
    """Download some files of a plan one after another, check each, and return their folder."""
    constants.DOWNLOAD_CHUNK_SIZE = CHUNK_BYTES
    order, total = list(plan.sizes), sum(plan.sizes.values())
    for name in names:
        done = sum(plan.sizes[before] for before in order[: order.index(name)])
        bar = _progress_bar(lambda n, done=done: on_bytes(done + n, total))
        path = Path(hf_hub_download(repo_id, name, revision=plan.revision, tqdm_class=bar))
        _check_hash(path, repo_id)
        on_bytes(done + plan.sizes[name], total)
    return path.parent


def _conversion(api: HfApi, repo_id: str) -> str | None:
    """Return the revision of the open pull request in which the Hub's bot adds the weights as safetensors."""
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


def _progress_bar(on_done: Callable[[int], None]) -> type:
    """Return a progress bar class for huggingface_hub that draws nothing and reports the bytes of one file."""

    class ReportingBar(hub_tqdm):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **{**kwargs, "disable": True})
            self.done = kwargs.get("initial") or 0

        def update(self, n: float | None = 1) -> None:
            self.done += int(n or 0)
            on_done(self.done)

    return ReportingBar


def _check_hash(path: Path, repo_id: str) -> None:
    if not matches_hash(path):
        delete(path)
        raise HubError(
            f"The file {path.name} of {shown(repo_id)} arrived corrupt (its hash differs from the one the Hub "
            "announced) and was deleted; try again, or pick another model."
        )


def _to_hub_error(error: BaseException, repo_id: str) -> MlmDemoError:
    """Explain an error of huggingface_hub in one sentence to the person who picked the model."""
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
        return HubError(f"The Hub's rate limit is exceeded (answer 429); wait a few minutes, or {other}.")
    if isinstance(error, OfflineModeIsEnabled):
        return HubError(
            f"{shown(repo_id)} is not on this machine and HF_HUB_OFFLINE forbids downloads; unset it, or {other}."
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
            f"{shown(repo_id)} could not be stored ({error.strerror or error}); make room on the disk, or {other}."
        )
    return HubError(
        f"{shown(repo_id)} could not be downloaded ({type(error).__name__}); try again, or {other}."
    )
