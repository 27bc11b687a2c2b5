"""The files of the form's draft and the request for them, as plain functions."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from mlm_demo.corpus.readers.columns import JOINED
from mlm_demo.errors import CorpusError, MlmDemoError, MoreNeededError, TrainingError
from mlm_demo.runs.service import SAMPLE, RunService
from mlm_demo.runs.tasks.adapt import AdaptRequest
from mlm_demo.training.config import AdaptConfig

REPLAY = 0.1


def adapt_request(
    *,
    model: str | None,
    minutes: float,
    steps: float | None,
    rate: float | None,
    masked: float | None,
    whole: bool,
    batch: float | None,
    block: float | None,
    replay: bool,
    column: str | Sequence[str] | None,
    seed: float | None,
    near: bool = False,
) -> AdaptRequest:
    """Return the request of the form's fields; an empty field means its default.

    masked: percent; steps: replaces the minutes if above 0; column: a name, or several to be joined. Raises
    TrainingError for a value that cannot be used.
    """
    whole_numbers = {"max_steps": steps or None, "batch_size": batch, "block_size": block, "seed": seed}
    for name, value in whole_numbers.items():
        if value is not None and value != int(value):
            raise TrainingError(f"{name} is {value:g}; it must be a whole number.")
    named = {name: int(value) for name, value in whole_numbers.items() if value is not None}
    if "max_steps" not in named:
        named["minutes"] = float(minutes)
    if rate is not None:
        named["learning_rate"] = float(rate)
    if masked is not None:
        named["mlm_probability"] = masked / 100
    config = AdaptConfig(
        **named, whole_word=bool(whole), replay=REPLAY if replay else 0.0, keep_near_duplicates=bool(near)
    )
    return AdaptRequest(config, model or "", column_of(column))


def column_of(chosen: str | Sequence[str] | None) -> str:
    """Return the name of the column to read: `["findings", "impression"]` → `findings + impression`."""
    return (chosen if isinstance(chosen, str) else JOINED.join(chosen or ())).strip()


def read_files(
    service: RunService,
    files: Sequence[str],
    draft: str,
    request: AdaptRequest,
    *,
    take: bool,
    owner: str = "",
    on_progress: Callable[[str], None],
) -> tuple[str, dict | MoreNeededError]:
    """Add files to a draft (no files: only read it again); return the new draft's id and its report.

    owner: the owner's secret. In place of the report comes the MoreNeededError of files that only lack something. The
    sample corpus and a person's own files are never mixed. Raises CorpusError and leaves the draft as it was, also if
    files of it were removed while others were read: they do not come back.
    """
    if not files:
        return draft, _report(service, draft, request, on_progress)
    names = service.staging.names(draft)
    has_sample = SAMPLE.name in [*names, *(Path(name).name for name in files)]
    added = service.staging.add(
        [Path(name) for name in files], take=take, before="" if has_sample else draft, owner=owner
    )
    try:
        report = _report(service, added, request, on_progress)
    except MlmDemoError:
        service.staging.forget(added)
        raise
    with suppress(CorpusError):  # the draft is gone
        if service.staging.names(draft) == names:
            if draft:
                service.staging.forget(draft)
            return added, report
    service.staging.forget(added)
    raise CorpusError("Files were removed while others were read; add again those that you want.")


def _report(
    service: RunService, draft: str, request: AdaptRequest, on_progress: Callable[[str], None]
) -> dict | MoreNeededError:
    try:
        return service.report(draft, request, on_progress)
    except MoreNeededError as error:
        return error
