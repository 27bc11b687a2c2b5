"""Downloads of adapted models as zip files, through signed addresses that are valid for a day.

A browser downloads from a plain address, so the address itself must prove that it was made for the owner: it carries
its expiry time and a signature that only this server can make.
"""

import hashlib
import hmac
import os
import time

from fastapi import FastAPI, HTTPException
from fastapi.responses import FileResponse

from mlm_demo.errors import MlmDemoError
from mlm_demo.runs.adapted_models import archive_name, model_of
from mlm_demo.runs.run import Run
from mlm_demo.runs.service import RunService
from mlm_demo.settings import Settings
from mlm_demo.training.export import zip_model
from mlm_demo.training.result import RESULT
from mlm_demo.web.identity import browser_secret

SECONDS_VALID = 86_400


def download_address(run: Run, settings: Settings) -> str:
    """Return the address of a run's model, relative to the page's own and valid for a day."""
    until = int(time.time()) + SECONDS_VALID
    return f"models/{run.id}.zip?until={until}&proof={_sign(run.id, until, settings)}"


def add_downloads(app: FastAPI, service: RunService) -> None:
    """Serve `/models/ID.zip` at the addresses that `download_address` makes."""

    @app.get("/models/{id}.zip")
    def model(id: str, until: int = 0, proof: str = "") -> FileResponse:
        if not hmac.compare_digest(proof.encode(), _sign(id, until, service.settings).encode()):
            raise HTTPException(403, "This is not a valid download address; use the link on the run's page.")
        if until < time.time():
            raise HTTPException(403, "This address has expired; reload the run's page for a new one.")
        try:
            run = service.runs.find(id)
            if model_of(run) is None:
                raise HTTPException(404, f"The run {id} has no model yet.")
            archive, result_time = run.archive, (run.output / RESULT).stat().st_mtime_ns
            if not archive.is_file() or archive.stat().st_mtime_ns != result_time:
                archive = zip_model(run.output, archive_name(run))
                os.utime(
                    archive, ns=(result_time, result_time)
                )  # equal, not just newer: a clock can be set back
        except MlmDemoError as error:
            raise HTTPException(404, str(error)) from None
        return FileResponse(archive, filename=f"{archive_name(run)}.zip", media_type="application/zip")


def _sign(id: str, until: int, settings: Settings) -> str:
    key = browser_secret(settings).encode()
    return hmac.new(key, f"zip {id} {until}".encode(), hashlib.sha256).hexdigest()
