"""Settings: limits, addresses and folders, read once from the environment variables `MLM_DEMO_*`."""

import math
import os
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path

from mlm_demo.errors import SettingError

TRUE, FALSE = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}
ROOT = Path(__file__).resolve().parent.parent  # the project folder
ASSETS = ROOT / "assets"
READING_SECONDS = 600  # time limit for reading the files of a run
LAUNCHERS = ("local", "ray", "slurm", "hf")
DEVICES = ("auto", "cpu", "cuda", "mps")
# Owners of the known models and of the best-known models like them.
KNOWN_OWNERS = "FacebookAI,answerdotai,distilbert,google-bert,microsoft,thomas-sounack"


def _number(default: float, minimum: float, maximum: float, *, public: float | None = None):
    """Declare a number with its range; public: the default on a public page, if it is another one."""
    return field(default=default, metadata={"minimum": minimum, "maximum": maximum, "public": public})


@dataclass(frozen=True)
class Settings:
    """All settings of the page, the endpoints and the runs; the documentation explains each.

    Field `x` is the variable `MLM_DEMO_X`. The fields are grouped: the server, the requests that may be asked, the
    models, and the runs.
    """

    host: str = "127.0.0.1"
    port: int = _number(7860, 1, 65535)
    share: bool = False
    public: bool = False  # whether strangers can open the page
    proxies: int = _number(0, 0, 10)  # number of reverse proxies in front
    owner_password: str = ""
    mcp: bool = False  # whether the endpoints are tools for the Model Context Protocol too
    device: str = "auto"
    data: str = "data"
    engine: str = ""  # address of models that other processes have
    replicas: int = _number(4, 1, 10_000)  # of such processes under Ray Serve, at most
    launcher: str = "local"  # who starts the workers of runs
    ray_address: str = ""  # of the dashboard of a Ray cluster
    run_processes: int = _number(1, 1, 500)  # of one run, here or in a Ray cluster, each with a GPU
    slurm_partition: str = ""  # empty: the default one
    slurm_minutes: int = _number(60, 1, 100_000)  # of a job, which is queued again until its run is done
    hf_flavor: str = ""  # the hardware of a Hugging Face Job
    hf_bucket: str = ""  # OWNER/NAME, mounted at the data folder
    hf_image: str = ""  # empty: that of the page's Space
    hf_jobs: int = _number(1, 1, 1000)  # at once

    requests_a_minute: int = _number(600, 1, 1_000_000, public=120)  # per open page
    requests_a_minute_address: int = _number(3000, 1, 1_000_000, public=600)  # per IP address
    requests_a_minute_total: int = _number(12_000, 1, 1_000_000, public=3000)
    max_characters: int = _number(20_000, 1, 1_000_000, public=5000)
    max_masks: int = _number(16, 1, 512)
    max_targets: int = _number(50, 1, 1000)
    max_target_characters: int = _number(5000, 1, 1_000_000, public=2000)
    max_answer_characters: int = _number(200_000_000, 1, 2_000_000_000, public=10_000_000)
    max_score_tokens: int = _number(512, 1, 8192, public=256)
    max_score_seconds: int = _number(60, 1, 86_400, public=20)  # of one sentence, or of a file on the page

    max_papers: int = _number(100, 1, 10_000)  # in one extraction that is answered at once
    max_paper_characters: int = _number(
        2_000_000, 1, 20_000_000, public=200_000
    )  # the same, times its questions
    max_file_sentences: int = _number(20_000, 1, 10_000_000, public=5000)  # of a file in the background

    models_in_memory: int = _number(4, 1, 100)
    allow_pickle: bool = False
    hub_timeout: float = _number(12.0, 1, 600)  # seconds without progress
    hub_owners: str = field(default="", metadata={"public": KNOWN_OWNERS})  # comma-separated; empty: all
    max_model_megabytes: int = _number(4000, 1, 1_000_000, public=700)

    max_upload_megabytes: int = _number(200, 1, 100_000, public=20)
    max_files: int = _number(1000, 1, 100_000, public=200)
    max_unpacked_megabytes: int = _number(1000, 1, 100_000, public=200)
    max_unpacked_ratio: int = _number(200, 1, 100_000, public=100)
    max_waiting: int = _number(20, 1, 10_000, public=10)
    max_runs_a_person: int = _number(2, 1, 10_000)  # waiting or running, per person
    max_runs_an_address: int = _number(20, 1, 10_000, public=4)  # the same per IP address
    max_run_minutes: int = _number(1440, 1, 100_000, public=10)
    max_run_steps: int = _number(100_000, 1, 100_000, public=1000)
    max_batch_tokens: int = _number(262_144, 1, 10_000_000, public=8192)
    max_new_parameters: int = _number(
        1_000_000_000, 100_000, 10_000_000_000, public=10_000_000
    )  # from scratch
    max_run_megabytes: int = _number(1_000_000, 500, 1_000_000, public=8000)  # memory
    max_disk_gigabytes: int = _number(100, 1, 100_000, public=5)
    keep_days: int = _number(14, 1, 10_000, public=3)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read the variables `MLM_DEMO_*`; raise SettingError for a value that cannot be used.

        Without a host or port, Gradio's own variables apply, and without a cluster's address, Ray's. On a Space the
        page is public and behind one proxy by default.
        """
        defaults = {
            "MLM_DEMO_HOST": environ.get("GRADIO_SERVER_NAME", ""),
            "MLM_DEMO_PORT": environ.get("GRADIO_SERVER_PORT", ""),
            "MLM_DEMO_RAY_ADDRESS": environ.get("RAY_ADDRESS", ""),
            "MLM_DEMO_PUBLIC": "1" if on_space(environ) else "",
            "MLM_DEMO_PROXIES": "1" if on_space(environ) else "",
        }
        given = {name: value for name, value in {**defaults, **environ}.items() if value.strip()}
        public = _switch(given, "MLM_DEMO_PUBLIC")
        settings = cls(**{setting.name: _read(given, setting, public) for setting in fields(cls)})
        if settings.device not in DEVICES:
            raise SettingError(
                f"MLM_DEMO_DEVICE is '{settings.device}'; set it to {', '.join(DEVICES[:-1])} or {DEVICES[-1]}."
            )
        if settings.launcher not in LAUNCHERS:
            raise SettingError(
                f"MLM_DEMO_LAUNCHER is '{settings.launcher}'; set it to {', '.join(LAUNCHERS[:-1])} or {LAUNCHERS[-1]}."
            )
        try:
            _ = settings.data_folder
        except RuntimeError as error:
            raise SettingError(
                f"MLM_DEMO_DATA is '{settings.data}', and this machine knows no such home folder; set it to another "
                "folder."
            ) from error
        if public and settings.allow_pickle:
            raise SettingError(
                "MLM_DEMO_ALLOW_PICKLE is '1' on a public page (MLM_DEMO_PUBLIC), so any visitor could make it run "
                "code; unset one of them."
            )
        if public and settings.mcp:
            raise SettingError(
                "MLM_DEMO_MCP is '1' on a public page (MLM_DEMO_PUBLIC), so any visitor could make it fetch files; "
                "unset one of them."
            )
        return settings

    @property
    def data_folder(self) -> Path:
        """The folder of all data; a relative `data` starts at the project folder."""
        return ROOT / Path(self.data).expanduser()

    @property
    def folders(self) -> bool:
        """Whether a model may be a folder of this machine: not on a public page."""
        return not self.public

    @property
    def runs(self) -> Path:
        """The folder of all runs."""
        return self.data_folder / "runs"

    @property
    def uploads(self) -> Path:
        """The folder of uploaded files; `web/server/uploads.py` deletes old ones."""
        return self.data_folder / "uploads"

    def to_environment(self) -> dict[str, str]:
        """Return variables that give a child process the same settings, without the owner's password."""
        values = {setting.name: getattr(self, setting.name) for setting in fields(self)}
        values |= {"data": str(self.data_folder), "owner_password": ""}
        return {
            _variable(name): f"{value:d}" if isinstance(value, bool) else str(value)
            for name, value in values.items()
        }


def on_space(environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether this is a Hugging Face Space."""
    return "SPACE_ID" in environ


def on_zero_gpu(environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether this is a ZeroGPU Space, which lends a GPU for the duration of one call."""
    return environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true", "y", "yes", "on")


def _variable(name: str) -> str:
    return f"MLM_DEMO_{name.upper()}"


def _read(environ: Mapping[str, str], setting: Field, public: bool) -> str | int | float | bool:
    """Return the value of a setting: from the environment, else for a public page, else the default."""
    name, metadata = _variable(setting.name), setting.metadata
    if setting.type is bool:
        return _switch(environ, name)
    if name not in environ:
        public_default = metadata.get("public")
        return public_default if public and public_default is not None else setting.default
    text = environ[name].strip()
    if setting.type is str:
        return text
    minimum, maximum = metadata["minimum"], metadata["maximum"]
    number = float(text) if text.replace(".", "", setting.type is float).isdecimal() else math.nan
    if not minimum <= number <= maximum:
        kind = "number" if setting.type is float else "whole number"
        raise SettingError(f"{name} is '{text}'; set it to a {kind} from {minimum} to {maximum}.")
    return setting.type(number)


def _switch(environ: Mapping[str, str], name: str) -> bool:
    text = environ.get(name, "").strip().lower()
    if text not in TRUE | FALSE:
        raise SettingError(f"{name} is '{text}'; set it to 1 or 0.")
    return text in TRUE
