"""Load a folder as a masked language model, or say why it is none.

transformers warns where it should refuse: a classifier loads with a head of random numbers, a causal model
loads and predicts nonsense. Each such case is refused here with its reason.
"""

import json
import threading
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForMaskedLM, AutoTokenizer, PreTrainedTokenizerBase
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

Progress = Callable[[float, str], None]  # share done from 0 to 1, what is being done
LFS_POINTER = b"version https://git-lfs"
RULES = hub.Rules()
# transformers (5.23) loads one model at a time: of two at once one is told that its tied weights are missing.
_one_at_a_time = threading.Lock()


def load(
    ref: ModelRef,
    *,
    device: str = "auto",
    rules: hub.Rules = RULES,
    on_progress: Progress = lambda share, what: None,
) -> MaskedLM:
    """Download what is missing, load it memory-mapped and return it in float32 on the device.

    Raises HubError if it cannot be downloaded, ModelError if it is no usable masked language model or not allowed.
    """
    check_allowed(ref, rules)

    def megabytes(done: int, total: int) -> None:
        text = f"Downloading {ref.title}: {done / 1e6:.0f} of {total / 1e6:.0f} MB"
        on_progress(done / total if total else 0.0, text)

    def fetched() -> Path:
        on_progress(0.0, f"Asking the Hub for {ref.title}")
        return hub.download(ref.name, rules, megabytes)

    def loaded(folder: Path) -> MaskedLM:
        on_progress(1.0, f"Loading {ref.title}")
        return load_folder(folder, ref.name, source=ref.source, device=device, allow_pickle=rules.pickle)

    folder, from_hub = ref.folder, ref.kind == "hub"
    if folder is None or (from_hub and hub_cache.drop_broken(folder, weights=False)):
        folder = fetched()
    try:
        return loaded(folder)
    except ModelError:
        if not from_hub or not hub_cache.drop_broken(folder, weights=True):
            raise
    return loaded(fetched())


def load_folder(
    folder: Path, name: str, *, source: str = "", device: str = "auto", allow_pickle: bool = False
) -> MaskedLM:
    """Load a transformers folder; raises ModelError with the reason if it is no masked language model."""
    weights = _weights_file(folder, name, allow_pickle)
    _check_config(folder, name)
    with _one_at_a_time:
        tokenizer = _load_tokenizer(folder, name)
        model = _load_model(folder, name, weights)
    _check_fit(tokenizer, model, name)
    return MaskedLM(
        tokenizer,
        model.to(find_device(device)),
        name=name,
        source=source,
        revision=hub_cache.revision(folder, weights),
    )


def _weights_file(folder: Path, name: str, allow_pickle: bool) -> Path:
    if not (folder / "config.json").is_file():
        raise ModelError(f"{shown(name)} is no transformers folder: it has no config.json; check the path.")
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
        f"{shown(name)} has no weights: no {hub_cache.SAFETENSORS} is in its folder; pick another model."
    )


def _check_config(folder: Path, name: str) -> None:
    """Refuse by the config alone what is no masked language model."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        model_type, architectures = config.get("model_type", ""), config.get("architectures") or []
    except (ValueError, AttributeError, OSError) as error:
        raise ModelError(f"The config.json of {shown(name)} cannot be read: {_line(error)}") from error
    masked_lm = MODEL_FOR_MASKED_LM_MAPPING_NAMES.get(model_type)
    if masked_lm is None:
        own_code = ", and code that comes with a model is not run here" if "auto_map" in config else ""
        raise ModelError(
            f"{shown(name)} is of the type {shown(model_type)}, for which transformers has no masked language "
            f"model{own_code}; pick a model of the fill-mask task."
        )
    # A pre-training ref (BertForPreTraining) holds the masked-LM head beside another one.
    accepted = {masked_lm, MODEL_FOR_PRETRAINING_MAPPING_NAMES.get(model_type)}
    if architectures and not accepted & set(architectures):
        raise ModelError(
            f"{shown(name)} is a {architectures[0]}, not a masked language model ({masked_lm}); pick a model of "
            "the fill-mask task."
        )
    if config.get("is_decoder"):
        raise ModelError(
            f"{shown(name)} is a causal language model (is_decoder is true in its config): it reads from left to "
            "right only; pick a model of the fill-mask task."
        )


def _load_tokenizer(folder: Path, name: str) -> PreTrainedTokenizerBase:
    try:
        with quiet():
            tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except Exception as error:  # a broken file raises whatever its parser raises
        raise ModelError(f"The tokenizer of {shown(name)} cannot be loaded: {_line(error)}") from error
    if tokenizer.mask_token is None or tokenizer.mask_token_id in (None, tokenizer.unk_token_id):
        raise ModelError(
            f"The tokenizer of {shown(name)} has no mask token, so there is nothing to fill; pick another model."
        )
    if not tokenizer.is_fast:
        raise ModelError(
            f"The tokenizer of {shown(name)} ({type(tokenizer).__name__}) cannot tell which characters a token "
            "stands for (it has no tokenizer.json); pick a model with a fast tokenizer."
        )
    return tokenizer


def _load_model(folder: Path, name: str, weights: Path):
    try:
        AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
        with quiet():
            model, info = AutoModelForMaskedLM.from_pretrained(
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
            f"The weights of {shown(name)} cannot be loaded, the file may be broken: {_line(error)}"
        ) from error
    absent = sorted({*info["missing_keys"], *(key for key, *_ in info["mismatched_keys"])})
    absent = [key for key in absent if "pooler" not in key and not key.endswith("position_ids")]
    if absent:
        raise ModelError(
            f"{shown(name)} lacks weights that a masked language model needs ({len(absent)} of them, such as "
            f"{absent[0]}): its head would be random numbers; pick a model of the fill-mask task."
        )
    return model


def _check_fit(tokenizer: PreTrainedTokenizerBase, model, name: str) -> None:
    rows = model.get_input_embeddings().weight.shape[0]
    largest = max(tokenizer.get_vocab().values())
    if largest >= rows:
        raise ModelError(
            f"The tokenizer of {shown(name)} does not fit its model: it gives numbers up to {largest}, the "
            f"model knows {rows} tokens; the files are of two different models."
        )


def _line(error: Exception) -> str:
    """The first line of an error, without the paths of this machine, as the end of a sentence."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}{': ' + text[0][:160] if text else ''}."


class quiet:
    """Keep transformers' bars and warnings off the terminal: what matters in them is refused above."""

    def __enter__(self):
        self.verbosity = transformers_logging.get_verbosity()
        transformers_logging.set_verbosity_error()
        transformers_logging.disable_progress_bar()
        self.warnings = warnings.catch_warnings()
        self.warnings.__enter__()
        warnings.simplefilter("ignore")

    def __exit__(self, *error):
        self.warnings.__exit__(*error)
        transformers_logging.set_verbosity(self.verbosity)
