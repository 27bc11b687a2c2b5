"""Downloads of adapted models as zip files and of tables, through signed addresses that are valid for a day.

A browser downloads from a plain address, so the address itself must prove that it was made for the owner: it carries
its expiry time and a signature that only this server can make.
"""

import hashlib
import hmac
import os
import time

from fastapi import FastAPI, HTTPException
from fastapi.responses import FileResponse, StreamingResponse

from mlm_demo.errors import MlmDemoError
from mlm_demo.runs.adapted_models import archive_name, model_of
from mlm_demo.runs.run import Run
from mlm_demo.runs.service import RunService
from mlm_demo.runs.tasks.task import plain_name
from mlm_demo.settings import Settings
from mlm_demo.training.export import zip_model
from mlm_demo.training.result import RESULT
from mlm_demo.web.batch.table_file import ENDINGS, table_of
from mlm_demo.web.identity import server_secret

SECONDS_VALID = 86_400


def download_address(run: Run, settings: Settings) -> str:
    """Return the address of a run's model, relative to the page's own and valid for a day."""
    return _signed(f"models/{run.id}.zip", settings)


def table_address(run: Run, ending: str, settings: Settings) -> str:
    """Return the address of the answers of a run of sentences or pairs, relative to the page's own."""
    return _signed(f"tables/{run.id}.{ending}", settings)


def add_downloads(app: FastAPI, service: RunService) -> None:
    """Serve the addresses that `download_address` and `table_address` make."""

    @app.get("/models/{id}.zip")
    def model(id: str, until: int = 0, proof: str = "") -> FileResponse:
        _check(f"models/{id}.zip", until, proof, service.settings)
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

    @app.get("/tables/{id}.{ending}")
    def table(id: str, ending: str, until: int = 0, proof: str = "") -> StreamingResponse:
        _check(f"tables/{id}.{ending}", until, proof, service.settings)
        try:
            run = service.runs.find(id)
            lines = table_of(run, ending)
        except MlmDemoError as error:
            raise HTTPException(404, str(error)) from None
        name = f"{plain_name(run.name)}.{ending}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingResponse(lines, media_type=ENDINGS[ending], headers=headers)


def _signed(address: str, settings: Settings) -> str:
    until = int(time.time()) + SECONDS_VALID
    return f"{address}?until={until}&proof={_sign(address, until, settings)}"


def _check(address: str, until: int, proof: str, settings: Settings) -> None:
    """Raise HTTPException unless an address was made here and is still valid."""
    if not hmac.compare_digest(proof.encode(), _sign(address, until, settings).encode()):
        raise HTTPException(403, "This is not a valid download address; use the link on the run's page.")
    if until < time.time():
        raise HTTPException(403, "This address has expired; reload the run's page for a new one.")


def _sign(address: str, until: int, settings: Settings) -> str:
    key = server_secret(settings).encode()
    return hmac.new(key, f"{address} {until}".encode(), hashlib.sha256).hexdigest()
