"""Limits and addresses, read once from the environment and handed in."""

import math
import os
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path

from mlm_demo.errors import SettingError

TRUE, FALSE = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}
ROOT = Path(__file__).resolve().parent.parent  # the project's own folder
ASSETS = ROOT / "assets"
READING_SECONDS = 600  # that the files of a run may take to be read
DEVICES = ("auto", "cpu", "cuda", "mps")
# Of the models that the picker offers, and of the best-known ones like them.
KNOWN_OWNERS = "FacebookAI,answerdotai,distilbert,google-bert,microsoft,thomas-sounack"


def _number(default: float, least: int, most: int, *, public: float | None = None):
    """A number with its range; public: what it is where everybody may come, unless it is set."""
    return field(default=default, metadata={"least": least, "most": most, "public": public})


@dataclass(frozen=True)
class Settings:
    """Everything that whoever runs the page can choose; the README says what each is."""

    host: str = "127.0.0.1"
    port: int = _number(7860, 1, 65535)
    share: bool = False
    public: bool = False
    proxies: int = _number(0, 0, 10)
    owner_password: str = ""
    device: str = "auto"
    data: str = "data"

    requests_a_minute: int = _number(600, 1, 1_000_000, public=120)
    requests_a_minute_address: int = _number(3000, 1, 1_000_000, public=600)
    requests_a_minute_total: int = _number(12_000, 1, 1_000_000, public=3000)
    max_characters: int = _number(20_000, 1, 1_000_000, public=5000)
    max_masks: int = _number(16, 1, 512)
    max_targets: int = _number(50, 1, 1000)
    max_target_characters: int = _number(5000, 1, 1_000_000, public=2000)
    max_answer_characters: int = _number(200_000_000, 1, 2_000_000_000, public=10_000_000)
    max_score_tokens: int = _number(512, 1, 8192, public=256)

    models_in_memory: int = _number(4, 1, 100)
    allow_pickle: bool = False
    hub_timeout: float = _number(12.0, 1, 600)
    hub_owners: str = field(default="", metadata={"public": KNOWN_OWNERS})
    max_model_megabytes: int = _number(4000, 1, 1_000_000, public=700)

    max_upload_megabytes: int = _number(200, 1, 100_000, public=20)
    max_files: int = _number(1000, 1, 100_000, public=200)
    max_unpacked_megabytes: int = _number(1000, 1, 100_000, public=200)
    max_unpacked_ratio: int = _number(200, 1, 100_000, public=100)
    max_waiting: int = _number(20, 1, 10_000, public=10)
    max_runs_a_person: int = _number(2, 1, 10_000)
    max_runs_an_address: int = _number(20, 1, 10_000, public=4)
    max_run_minutes: int = _number(1440, 1, 100_000, public=10)
    max_run_steps: int = _number(100_000, 1, 100_000, public=1000)
    max_batch_tokens: int = _number(262_144, 1, 10_000_000, public=8192)
    max_run_megabytes: int = _number(1_000_000, 500, 1_000_000, public=8000)
    max_disk_gigabytes: int = _number(100, 1, 100_000, public=5)
    keep_days: int = _number(14, 1, 10_000, public=3)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read the `MLM_DEMO_*` variables; where host or port is not set, Gradio's own variable counts.

        On a Space the page is public and behind one proxy unless the variables say otherwise. Raises SettingError
        naming the variable, its value and what it may be.
        """
        own = {
            "MLM_DEMO_HOST": environ.get("GRADIO_SERVER_NAME", ""),
            "MLM_DEMO_PORT": environ.get("GRADIO_SERVER_PORT", ""),
            "MLM_DEMO_PUBLIC": "1" if on_space(environ) else "",
            "MLM_DEMO_PROXIES": "1" if on_space(environ) else "",
        }
        given = {name: value for name, value in {**own, **environ}.items() if value.strip()}
        public = _switch(given, "MLM_DEMO_PUBLIC")
        settings = cls(**{one.name: _read(given, one, public) for one in fields(cls)})
        if settings.device not in DEVICES:
            raise SettingError(
                f"MLM_DEMO_DEVICE is '{settings.device}'; set it to {', '.join(DEVICES[:-1])} or {DEVICES[-1]}."
            )
        if public and settings.allow_pickle:
            raise SettingError(
                "MLM_DEMO_ALLOW_PICKLE is '1' on a page that is public (MLM_DEMO_PUBLIC), where anybody could have it "
                "run code; unset one of them."
            )
        return settings

    @property
    def data_folder(self) -> Path:
        """Where everything is kept; a relative `data` counts from the project's own folder."""
        return ROOT / Path(self.data).expanduser()

    @property
    def folders(self) -> bool:
        """Whether a model may be a folder of this machine: not where everybody may come."""
        return not self.public

    @property
    def runs(self) -> Path:
        """The folder of all runs."""
        return self.data_folder / "runs"

    @property
    def uploads(self) -> Path:
        """The folder of what is uploaded; `ui/uploads.py` says how long it stays."""
        return self.data_folder / "uploads"

    def to_environment(self) -> dict[str, str]:
        """The variables that give a child process the same settings, the owner's password aside."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        values |= {"data": str(self.data_folder), "owner_password": ""}
        return {
            _variable(name): f"{value:d}" if isinstance(value, bool) else str(value)
            for name, value in values.items()
        }


def on_space(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this is a Space of Hugging Face."""
    return "SPACE_ID" in environ


def on_zero_gpu(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this is a ZeroGPU Space, where a GPU is lent for the length of one call."""
    return environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true", "y", "yes", "on")


def _variable(name: str) -> str:
    return f"MLM_DEMO_{name.upper()}"


def _read(environ: Mapping[str, str], one: Field, public: bool) -> str | int | float | bool:
    """The value of a setting: as set, else the one for a public page, else the default."""
    name, limits = _variable(one.name), one.metadata
    if one.type is bool:
        return _switch(environ, name)
    if name not in environ:
        strict = limits.get("public")
        return strict if public and strict is not None else one.default
    text = environ[name].strip()
    if one.type is str:
        return text
    least, most = limits["least"], limits["most"]
    number = float(text) if text.replace(".", "", one.type is float).isdecimal() else math.nan
    if not least <= number <= most:
        kind = "number" if one.type is float else "whole number"
        raise SettingError(f"{name} is '{text}'; set it to a {kind} from {least} to {most}.")
    return one.type(number)


def _switch(environ: Mapping[str, str], name: str) -> bool:
    text = environ.get(name, "").strip().lower()
    if text not in TRUE | FALSE:
        raise SettingError(f"{name} is '{text}'; set it to 1 or 0.")
    return text in TRUE
