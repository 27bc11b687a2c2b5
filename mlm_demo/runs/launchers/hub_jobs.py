"""Workers as Hugging Face Jobs: each is a local worker's command line in the image of the page's own Space.

The page's owner pays for them by the minute, with the token in HF_TOKEN. A Job sees the data folder as the page does,
because both mount the same bucket there. A Job carries the name that was noted as a label, by which it is found.
"""

import os
from collections.abc import Mapping

from huggingface_hub import HfApi, JobHardwareInfo, JobInfo, JobStage, Volume
from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError

from mlm_demo.errors import RunError, UnreachableError, shown
from mlm_demo.runs.launchers.jobs import Job, JobLauncher, JobState, exit_code, shell_line
from mlm_demo.runs.run import Run
from mlm_demo.settings import Settings

LABEL = "mlm_demo"
MINUTES_TO_JUDGE = 60  # beyond the time limit of a run: a Job that hangs costs no more
PER_HOUR = {"minute": 60, "hour": 1, "second": 3600}


class HubJobsLauncher(JobLauncher):
    """Starts workers as Hugging Face Jobs. space: id of the page's Space, whose image they run in, empty elsewhere."""

    name, system = "hf", "Hugging Face Jobs"

    def __init__(
        self, settings: Settings, api: HfApi | None = None, space: str = os.environ.get("SPACE_ID", "")
    ):
        super().__init__()
        self.settings, self.api = settings, api or HfApi()
        self.image = settings.hf_image or (f"hf.co/spaces/{space}" if space else "")
        self._hardware: JobHardwareInfo | None = None

    def _check(self) -> None:
        settings = self.settings
        wanted = {
            "MLM_DEMO_HF_FLAVOR": (settings.hf_flavor, "the hardware of a run, such as t4-small"),
            "MLM_DEMO_HF_BUCKET": (
                settings.hf_bucket,
                "the bucket that is mounted at MLM_DEMO_DATA, as OWNER/NAME",
            ),
            "MLM_DEMO_HF_IMAGE": (self.image, "an image with this program, such as hf.co/spaces/OWNER/NAME"),
        }
        for name, (value, meaning) in wanted.items():
            if not value:
                raise RunError(f"MLM_DEMO_LAUNCHER is 'hf', but {name} is not set; set it to {meaning}.")
        self._ask(self.api.whoami)
        self._hardware = self._find_hardware()

    def price(self) -> str:
        """Return where runs train and what an hour costs the owner, as a sentence; empty before the first check."""
        hardware = self._hardware
        if hardware is None:
            return ""
        hourly = hardware.unit_cost_usd * PER_HOUR.get(hardware.unit_label, 60)
        amount = f"${hourly:.2f}" if hourly >= 0.01 else f"${hourly:.4f}"
        return (
            f"Runs train on {hardware.pretty_name} as Hugging Face Jobs. The owner of this page pays {amount} an hour, "
            "by the minute, from the start of the machine until the model is saved."
        )

    def _find_hardware(self) -> JobHardwareInfo:
        offered = self._ask(self.api.list_jobs_hardware)
        for hardware in offered:
            if hardware.name == self.settings.hf_flavor:
                return hardware
        names = ", ".join(hardware.name for hardware in offered)
        raise RunError(
            f"MLM_DEMO_HF_FLAVOR is {shown(self.settings.hf_flavor)}, which Hugging Face Jobs do not offer; choose one "
            f"of {names}."
        )

    @property
    def _owner(self) -> str:
        """Who pays: the owner of the bucket."""
        return self.settings.hf_bucket.partition("/")[0]

    def _count_places(self) -> int:
        return self.settings.hf_jobs

    def _job(self, name: str) -> Job | None:
        found = self._found(name)
        if not found:
            return None
        job = found[0]
        stage, message = job.status.stage, job.status.message or ""
        if stage == JobStage.SCHEDULING:
            return Job(JobState.WAITING, status=stage)
        if stage == JobStage.RUNNING:
            return Job(JobState.RUNNING, where=f"machine {job.id[-6:]} ({job.flavor})", status=stage)
        return Job(
            JobState.ENDED,
            where=f"machine {job.id[-6:]} ({job.flavor})",
            status=f"{stage}: {message}" if message else stage,
            exit_code=_exit_code(message),
            stopped=stage in (JobStage.CANCELED, JobStage.DELETED),
        )

    def _found(self, name: str) -> list[JobInfo]:
        return self._ask(lambda: list(self.api.list_jobs(labels={LABEL: name}, namespace=self._owner)))

    def _submit(self, name: str, run: Run, environment: Mapping[str, str]) -> None:
        if self._job(name) is not None:
            return
        words = ["python", "-m", "mlm_demo", "work", run.id, "--handle", name]
        self._ask(
            lambda: self.api.run_job(
                image=self.image,
                command=["bash", "-c", shell_line(words, run)],
                env=dict(environment),
                flavor=self.settings.hf_flavor,
                timeout=60 * (self.settings.max_run_minutes + MINUTES_TO_JUDGE),
                labels={LABEL: name},
                volumes=[
                    Volume(
                        type="bucket",
                        source=self.settings.hf_bucket,
                        mount_path=str(self.settings.data_folder.resolve()),
                    )
                ],
                namespace=self._owner,
            )
        )

    def _end_job(self, name: str) -> None:
        for job in self._found(name):
            self._ask(lambda job=job: self.api.cancel_job(job_id=job.id, namespace=self._owner))

    def _log_of(self, name: str) -> str:
        lines = [
            line
            for job in self._found(name)
            for line in self._ask(
                lambda job=job: list(self.api.fetch_job_logs(job_id=job.id, namespace=self._owner))
            )
        ]
        return "\n".join(lines)

    def _ask(self, question):
        """Ask the Hub; raises UnreachableError if it cannot be asked now, and RunError if it refuses."""
        try:
            return question()
        except LocalTokenNotFoundError:
            raise RunError(
                "MLM_DEMO_LAUNCHER is 'hf', but HF_TOKEN is not set; set it to a token that may start jobs."
            ) from None
        except HfHubHTTPError as error:
            raise self._refusal(error.response.status_code, error.server_message or "") from None
        except Exception as error:  # of the network, in any of its libraries; the text may quote the token
            raise UnreachableError(f"The Hub does not answer ({type(error).__name__}).") from None

    def _refusal(self, code: int, reason: str) -> RunError:
        bucket = shown(self.settings.hf_bucket)
        if code in (401, 403):
            return UnreachableError(
                f"The Hub refuses the token of this page ({code}); set HF_TOKEN to one that may start jobs for the "
                f"owner of {bucket}."
            )
        if code == 402:
            return RunError(
                f"The Hub asks for credits (402): the owner of {bucket} has none left to start a job with."
            )
        if code == 429 or code >= 500:
            return UnreachableError(f"The Hub does not work now ({code}).")
        return RunError(
            f"Hugging Face Jobs refuse the job ({code}: {shown(reason or 'no reason given', 200)})."
        )


def _exit_code(message: str) -> int | None:
    """Return the exit code that the status of an ended Job names, None without one; negative for a signal."""
    digits = message.rpartition("exit code")[2].strip(" :.()")
    if not digits.isdigit():
        return None
    return exit_code(int(digits))
