"""Limits and addresses, read once from the environment and handed in."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlm_demo.errors import SettingError

TRUE, FALSE = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}


@dataclass(frozen=True)
class Settings:
    """Everything that whoever runs the page can choose; the README lists the variables."""

    host: str = "127.0.0.1"
    port: int = 7860
    share: bool = False
    device: str = "auto"
    models_in_memory: int = 4
    allow_pickle: bool = False
    hub_timeout: float = 12.0
    data: str = "data"
    keep_days: int = 14
    max_upload_megabytes: int = 200
    max_waiting: int = 20
    max_runs_a_person: int = 2
    max_characters: int = 20_000
    max_masks: int = 16
    max_targets: int = 50
    max_score_tokens: int = 512

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read the `MLM_DEMO_*` variables; where host or port is not set, Gradio's own variable counts.

        Raises SettingError naming the variable, its value and what it may be.
        """
        gradio_host = environ.get("GRADIO_SERVER_NAME", cls.host)
        gradio_port = _number(environ, "GRADIO_SERVER_PORT", cls.port, 1, 65535)
        device = environ.get("MLM_DEMO_DEVICE", cls.device)
        if device not in {"auto", "cpu", "cuda", "mps"}:
            raise SettingError(f"MLM_DEMO_DEVICE is '{device}'; set it to auto, cpu, cuda or mps.")
        return cls(
            host=environ.get("MLM_DEMO_HOST", gradio_host),
            port=_number(environ, "MLM_DEMO_PORT", gradio_port, 1, 65535),
            share=_switch(environ, "MLM_DEMO_SHARE"),
            device=device,
            models_in_memory=_number(environ, "MLM_DEMO_MODELS_IN_MEMORY", cls.models_in_memory, 1, 100),
            allow_pickle=_switch(environ, "MLM_DEMO_ALLOW_PICKLE"),
            hub_timeout=_number(environ, "MLM_DEMO_HUB_TIMEOUT", int(cls.hub_timeout), 1, 600),
            data=environ.get("MLM_DEMO_DATA") or cls.data,
            keep_days=_number(environ, "MLM_DEMO_KEEP_DAYS", cls.keep_days, 1, 10_000),
            max_upload_megabytes=_number(
                environ, "MLM_DEMO_MAX_UPLOAD_MEGABYTES", cls.max_upload_megabytes, 1, 100_000
            ),
            max_waiting=_number(environ, "MLM_DEMO_MAX_WAITING", cls.max_waiting, 1, 10_000),
            max_runs_a_person=_number(
                environ, "MLM_DEMO_MAX_RUNS_A_PERSON", cls.max_runs_a_person, 1, 10_000
            ),
            max_characters=_number(environ, "MLM_DEMO_MAX_CHARACTERS", cls.max_characters, 1, 1_000_000),
            max_masks=_number(environ, "MLM_DEMO_MAX_MASKS", cls.max_masks, 1, 512),
            max_targets=_number(environ, "MLM_DEMO_MAX_TARGETS", cls.max_targets, 1, 1000),
            max_score_tokens=_number(environ, "MLM_DEMO_MAX_SCORE_TOKENS", cls.max_score_tokens, 1, 8192),
        )

    @property
    def data_folder(self) -> Path:
        """Where everything is kept; a relative `data` counts from the project's own folder."""
        return Path(__file__).resolve().parent.parent / Path(self.data).expanduser()

    @property
    def runs(self) -> Path:
        """The folder of all runs."""
        return self.data_folder / "runs"


def _number(environ: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = environ.get(name, "").strip()
    if not text:
        return default
    if not text.isdecimal() or not least <= int(text) <= most:
        raise SettingError(f"{name} is '{text}'; set it to a whole number from {least} to {most}.")
    return int(text)


def _switch(environ: Mapping[str, str], name: str) -> bool:
    text = environ.get(name, "").strip().lower()
    if text not in TRUE | FALSE:
        raise SettingError(f"{name} is '{text}'; set it to 1 or 0.")
    return text in TRUE
