"""Take an adapted model home: as one zip file, or to the Hub under the person's own name."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

from huggingface_hub import HfApi, constants, get_token
from huggingface_hub.errors import LocalTokenNotFoundError

from mlm_demo.errors import HubError, ModelError, shown
from mlm_demo.models import hub
from mlm_demo.system.files import atomic
from mlm_demo.training.result import RESULT

KEPT_BACK = ("checkpoints", ".part")  # what is only there to go on from


def zip_model(folder: Path, name: str = "") -> Path:
    """Pack a finished model into FOLDER.zip beside it, which appears whole; returns its path.

    name: the folder inside the archive, the folder's own where it is empty.
    """
    _check(folder)
    target = folder.with_name(f"{folder.name}.zip")
    try:
        with (
            atomic(target) as part,
            zipfile.ZipFile(part, "w", zipfile.ZIP_STORED, strict_timestamps=False) as packed,
        ):
            for path in _files(folder):  # weights do not get smaller, so nothing is compressed
                packed.write(path, f"{name or folder.name}/{path.relative_to(folder)}")
    except OSError as error:
        raise ModelError(f"{target} cannot be written ({error.strerror or error}); make room.") from error
    return target


def push_model(folder: Path, repo_id: str, *, token: str | None = None, private: bool = True) -> str:
    """Upload a finished model to the Hub and return its address.

    token: a token that may write; None for the one that `hf auth login` or HF_TOKEN left. It goes to the Hub and
    nowhere else. Raises HubError in one sentence.
    """
    _check(folder)
    check_push(repo_id, token)
    try:
        api = HfApi(token=token)
        api.create_repo(repo_id, private=private, exist_ok=True)
        api.upload_folder(
            repo_id=repo_id,
            folder_path=folder,
            ignore_patterns=[f"{name}/**" for name in KEPT_BACK],
            commit_message="Adapted with mlm_demo",
        )
    except (
        Exception
    ) as error:  # whatever the network and the Hub raise becomes one sentence without the token
        raise push_error(error, repo_id) from None
    return f"{constants.ENDPOINT}/{repo_id}"


def check_push(repo_id: str, token: str | None = None) -> None:
    """Refuse before the work what an upload could not be done with; raises HubError."""
    if not hub.is_repo_id(repo_id):
        raise HubError(f"{shown(repo_id)} is no name for a model on the Hub; give owner/name.")
    if not (token or get_token()):
        raise push_error(LocalTokenNotFoundError(), repo_id)


def push_error(error: Exception, repo_id: str) -> HubError:
    """Say what went wrong with an upload; never with the error's own text, which may quote a request."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, LocalTokenNotFoundError) or status in (401, 403):
        return HubError(
            f"The Hub does not let you write to {shown(repo_id)} (answer {status or 'no token'}); sign in with "
            "`hf auth login` and a token that may write, and check the owner's name."
        )
    if status is not None:
        return HubError(f"The Hub answered {status} to the upload of {shown(repo_id)}; try again later.")
    return HubError(
        f"{shown(repo_id)} could not be uploaded to {constants.ENDPOINT} ({type(error).__name__}); check the network "
        "and try again: files that arrived are not sent twice."
    )


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.relative_to(folder).parts[0] not in KEPT_BACK:
            yield path


def _check(folder: Path) -> None:
    if not (folder / RESULT).is_file():
        raise ModelError(
            f"{shown(folder)} holds no finished run: it has no {RESULT}; adapt a model into it first."
        )
