"""Load a folder as a masked language model with transformers, or raise ModelError with the reason.

transformers only warns in cases where it should refuse: it loads a classifier with a random head, and a causal model
whose predictions are nonsense. This module refuses each such case and says why.
"""

import json
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from transformers import (
    AutoConfig,
    AutoModelForMaskedLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    MODEL_FOR_PRETRAINING_MAPPING_NAMES,
)
from transformers.utils import logging as transformers_logging

from mlm_demo.errors import ModelError, shown
from mlm_demo.models import hub, hub_cache
from mlm_demo.models.catalogue import ModelRef, check_allowed
from mlm_demo.models.device import find_device
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.system.memory import ran_out

Progress = Callable[[float, str], None]  # called with the share done, from 0 to 1, and the stage
LFS_POINTER = b"version https://git-lfs"
# Kinds of AutoModelForMaskedLM that are refused, and why.
REFUSED_KINDS = {
    "perceiver": "which reads bytes, with a tokenizer that does not report the characters of each token",
    "reformer": "which draws its attention at random, so that no two of its answers agree",
}
DISCRIMINATORS = ("electra", "funnel")  # their pre-training models tell replaced tokens and predict none
DEFAULT_POLICY = hub.DownloadPolicy()
# transformers (5.23) is not thread-safe here: of two models that load at once, one reports missing tied weights.
load_lock = threading.Lock()


def load(
    ref: ModelRef,
    *,
    device: str = "auto",
    policy: hub.DownloadPolicy = DEFAULT_POLICY,
    on_progress: Progress = lambda share, stage: None,
) -> MaskedLM:
    """Download a model if necessary and load it in float32 on a device.

    Raises HubError if the download fails, and ModelError if it is not a usable masked language model or not allowed.
    """
    check_allowed(ref, policy)

    def report_bytes(done: int, total: int) -> None:
        text = f"Downloading {ref.title}: {done / 1e6:.0f} of {total / 1e6:.0f} MB"
        on_progress(done / total if total else 0.0, text)

    def download() -> Path:
        on_progress(0.0, f"Asking the Hub for {ref.title}")
        return hub.download(
            ref.name,
            policy,
            report_bytes,
            check_config=lambda folder: _check_config(folder, ref.name),
            check_tokenizer=lambda folder: _read_mask_tokenizer(folder, ref.name),
        )

    def load_from(folder: Path) -> MaskedLM:
        on_progress(1.0, f"Loading {ref.title}")
        return load_folder(folder, ref.name, source=ref.source, device=device, allow_pickle=policy.pickle)

    folder, from_hub = ref.folder, ref.kind == "hub"
    if folder and from_hub and not (policy.pickle or hub_cache.has_safetensors(folder)):
        folder = None  # safetensors may be there to download
    if folder is None or (from_hub and hub_cache.delete_corrupt(folder, weights=False)):
        folder = download()
    try:
        return load_from(folder)
    except ModelError:
        if not from_hub or not hub_cache.delete_corrupt(folder, weights=True):
            raise
    return load_from(download())


def load_folder(
    folder: Path, name: str, *, source: str = "", device: str = "auto", allow_pickle: bool = False
) -> MaskedLM:
    """Load a transformers folder; raise ModelError with the reason if it is not a masked language model."""
    weights = weights_file(folder, name, allow_pickle)
    _check_config(folder, name)
    tokenizer = _read_mask_tokenizer(folder, name)
    with load_lock:
        model, missing = read_weights(AutoModelForMaskedLM, folder, name, weights)
    missing = [key for key in missing if "pooler" not in key]
    if missing:
        raise ModelError(
            f"{shown(name)} lacks weights that a masked language model needs ({len(missing)} of them, such as "
            f"{missing[0]}): its head would be random numbers; pick a fill-mask model."
        )
    check_vocabulary(tokenizer, model, name)
    return MaskedLM(
        tokenizer,
        model.to(find_device(device)),
        name=name,
        source=source,
        revision=hub_cache.revision(folder, weights),
    )


def weights_file(folder: Path, name: str, allow_pickle: bool) -> Path:
    """Return the file with the weights; raise ModelError if there is none, or only one that could run code."""
    if not (folder / "config.json").is_file():
        raise ModelError(
            f"{shown(name)} is not a transformers folder: it has no config.json; check the path."
        )
    for file in (hub_cache.SAFETENSORS, hub_cache.SHARDED, hub_cache.PICKLE):
        path = folder / file
        if not path.is_file():
            continue
        if file == hub_cache.PICKLE and not allow_pickle:
            raise ModelError(
                f"{shown(name)} has its weights only as a pickle file ({hub_cache.PICKLE}), which can run code when "
                "loaded; use safetensors, or set MLM_DEMO_ALLOW_PICKLE=1 if you trust where it comes from."
            )
        with path.open("rb") as opened:
            if opened.read(len(LFS_POINTER)) == LFS_POINTER:
                raise ModelError(
                    f"The weights of {shown(name)} are a git-LFS pointer, not the file itself; run `git lfs pull`."
                )
        return path
    raise ModelError(
        f"{shown(name)} has no weights: its folder has no {hub_cache.SAFETENSORS}; pick another model."
    )


def read_config(folder: Path, name: str) -> tuple[dict, str, list[str]]:
    """Return what config.json holds, the type of the model and its architectures; raise ModelError if it is broken."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return config, config.get("model_type", ""), config.get("architectures") or []
    except (ValueError, AttributeError, OSError) as error:
        raise ModelError(f"The config.json of {shown(name)} cannot be read: {first_line(error)}") from error


def _check_config(folder: Path, name: str) -> None:
    """Raise ModelError if the config shows that this is not a masked language model."""
    config, model_type, architectures = read_config(folder, name)
    masked_lm = MODEL_FOR_MASKED_LM_MAPPING_NAMES.get(model_type)
    if masked_lm is None:
        own_code = ", and code from a model's folder is never run" if "auto_map" in config else ""
        raise ModelError(
            f"{shown(name)} is of the type {shown(model_type)}, for which transformers has no masked language "
            f"model{own_code}; pick a fill-mask model."
        )
    if reason := REFUSED_KINDS.get(model_type):
        raise ModelError(f"{shown(name)} is of the type {shown(model_type)}, {reason}; pick another model.")
    # A pre-training model (BertForPreTraining) contains the masked-LM head beside another one.
    accepted = {masked_lm}
    if model_type not in DISCRIMINATORS:
        accepted.add(MODEL_FOR_PRETRAINING_MAPPING_NAMES.get(model_type))
    if architectures and not accepted & set(architectures):
        other = "its generator, or another" if model_type in DISCRIMINATORS else "a"
        raise ModelError(
            f"{shown(name)} is a {architectures[0]}, not a masked language model ({masked_lm}); pick {other} fill-mask "
            "model."
        )
    if config.get("is_decoder"):
        raise ModelError(
            f"{shown(name)} is a causal language model (its config has is_decoder set to true), which reads from "
            "left to right only; pick a fill-mask model."
        )


def read_tokenizer(folder: Path, name: str) -> PreTrainedTokenizerBase:
    """Return the fast tokenizer of a folder; raise ModelError if it has none that works."""
    if not any(
        (folder / file).is_file() for file in hub_cache.VOCABULARIES
    ):  # transformers would make an empty one
        raise ModelError(
            f"The tokenizer of {shown(name)} is missing: there is no tokenizer.json or other vocabulary beside its "
            "config.json; pick another model."
        )
    try:
        with quiet():
            tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except Exception as error:  # a corrupt file raises whatever its parser raises
        raise ModelError(f"The tokenizer of {shown(name)} cannot be loaded: {first_line(error)}") from error
    if not tokenizer.is_fast:
        raise ModelError(
            f"The tokenizer of {shown(name)} ({type(tokenizer).__name__}) does not report the characters of each "
            "token, because it has no tokenizer.json; pick a model with a fast tokenizer."
        )
    return tokenizer


def _read_mask_tokenizer(folder: Path, name: str) -> PreTrainedTokenizerBase:
    """Return the tokenizer of a folder; raise ModelError if it does not work or has no mask token."""
    with load_lock:
        tokenizer = read_tokenizer(folder, name)
    if tokenizer.mask_token is None or tokenizer.mask_token_id in (None, tokenizer.unk_token_id):
        raise ModelError(
            f"The tokenizer of {shown(name)} has no mask token, so there is nothing to fill; pick another model."
        )
    return tokenizer


def read_weights(
    auto_class: type, folder: Path, name: str, weights: Path
) -> tuple[PreTrainedModel, list[str]]:
    """Return the model of a transformers auto class in float32, and the names of the weights that the file lacks.

    Raises ModelError if the file cannot be read.
    """
    try:
        AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
        with quiet():
            model, info = auto_class.from_pretrained(
                folder,
                dtype=torch.float32,
                trust_remote_code=False,
                local_files_only=True,
                use_safetensors=weights.name != hub_cache.PICKLE,
                output_loading_info=True,
            )
    except Exception as error:  # as above; a truncated safetensors file is the common case
        if ran_out(error):
            raise
        raise ModelError(
            f"The weights of {shown(name)} cannot be loaded, the file may be broken: {first_line(error)}"
        ) from error
    missing = {*info["missing_keys"], *(key for key, *_ in info["mismatched_keys"])}
    return model, sorted(key for key in missing if not key.endswith("position_ids"))


def check_vocabulary(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel, name: str) -> None:
    """Raise ModelError if the model has no embedding for some token."""
    rows = model.get_input_embeddings().weight.shape[0]
    largest = max(tokenizer.get_vocab().values())
    if largest >= rows:
        raise ModelError(
            f"The tokenizer of {shown(name)} does not fit its model: its ids go up to {largest}, but the model has "
            f"{rows} embeddings; the files belong to two different models."
        )


def first_line(error: Exception) -> str:
    """Return the type and the first line of an error as the end of a sentence."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}{': ' + text[0][:160] if text else ''}."


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the progress bars and warnings of transformers; the checks above catch what matters in them."""
    verbosity = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        transformers_logging.set_verbosity(verbosity)
