"""Export an adapted model: as a zip file, or to the Hub under the person's own name."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

from huggingface_hub import HfApi, constants
from huggingface_hub.errors import LocalTokenNotFoundError

from mlm_demo.errors import HubError, ModelError, shown
from mlm_demo.models import hub
from mlm_demo.system.files import atomic
from mlm_demo.training.checkpoints import CHECKPOINTS, SEEDS
from mlm_demo.training.result import CHANGE, RESULT

EXCLUDED = (CHECKPOINTS, SEEDS, ".part", CHANGE)  # needed only to resume or reweigh the run


def zip_model(folder: Path, name: str = "") -> Path:
    """Pack a finished model into FOLDER.zip beside it and return the path; a reader sees all of it or none.

    name: the folder inside the archive; the name of the model's folder if it is empty. Raises ModelError.
    """
    _check(folder)
    target = folder.with_name(f"{folder.name}.zip")
    try:
        with (
            atomic(target) as part,
            zipfile.ZipFile(part, "w", zipfile.ZIP_STORED, strict_timestamps=False) as packed,
        ):
            for path in _files(folder):  # not compressed: weights would not get smaller
                packed.write(path, f"{name or folder.name}/{path.relative_to(folder)}")
    except OSError as error:
        raise ModelError(f"{target} cannot be written ({error.strerror or error}); make room.") from error
    return target


def push_model(folder: Path, repo_id: str, *, token: str | None = None, private: bool = True) -> str:
    """Upload a finished model to the Hub and return its address; raises HubError, ModelError.

    token: a token with write access; None for the one of `hf auth login` or HF_TOKEN. It is sent to the Hub only.
    """
    _check(folder)
    check_push(repo_id, token)
    try:
        api = HfApi(token=token)
        api.create_repo(repo_id, private=private, exist_ok=True)
        api.upload_folder(
            repo_id=repo_id,
            folder_path=folder,
            ignore_patterns=[pattern for name in EXCLUDED for pattern in (name, f"{name}/**")],
            commit_message="Adapted with mlm_demo",
        )
    except Exception as error:  # any error of the network or the Hub, whose text may quote the token
        raise push_error(error, repo_id) from None
    return f"{constants.ENDPOINT}/{repo_id}"


def check_push(repo_id: str, token: str | None = None) -> None:
    """Raise HubError, before any work, if an upload to this name or with this token cannot succeed.

    Asks the Hub what the token may do. A fine-grained token is judged by the upload itself: its rights depend on the
    repository, and it need not see the organizations of its owner.
    """
    if not hub.is_repo_id(repo_id):
        raise HubError(f"{shown(repo_id)} is not a valid name for a model on the Hub; give owner/name.")
    try:
        user = HfApi(token=token).whoami()
    except Exception as error:  # as in `push_model`
        raise push_error(error, repo_id) from None
    role = user.get("auth", {}).get("accessToken", {}).get("role")
    owners = {"", user.get("name"), *(group.get("name") for group in user.get("orgs") or [])}
    if role in ("read", "write") and repo_id.rpartition("/")[0] not in owners:
        raise HubError(
            f"The Hub does not let you write to {shown(repo_id)}: its owner is neither you ({user.get('name')}) nor an "
            "organization of yours; check the owner's name."
        )
    if role == "read":
        raise HubError(
            f"The Hub does not let you write to {shown(repo_id)}: your token may only read; sign in with "
            "`hf auth login` and a token with write access."
        )


def push_error(error: Exception, repo_id: str) -> HubError:
    """Return an error for a failed upload, without the text of the original, which may quote the request."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, LocalTokenNotFoundError) or status in (401, 403):
        return HubError(
            f"The Hub does not let you write to {shown(repo_id)} (answer {status or 'no token'}); sign in with "
            "`hf auth login` and a token with write access, and check the owner's name."
        )
    if status is not None:
        return HubError(f"The Hub answered {status} to the upload of {shown(repo_id)}; try again later.")
    return HubError(
        f"{shown(repo_id)} could not be uploaded to {constants.ENDPOINT} ({type(error).__name__}); check the network "
        "and try again; files that arrived are not sent twice."
    )


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.relative_to(folder).parts[0] not in EXCLUDED:
            yield path


def _check(folder: Path) -> None:
    if not (folder / RESULT).is_file():
        raise ModelError(
            f"{shown(folder)} holds no finished run, because it has no {RESULT}; adapt a model into it first."
        )
