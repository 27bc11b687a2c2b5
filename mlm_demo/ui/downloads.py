"""What goes to a browser beside the page: an adapted model as a zip file."""

import os

from fastapi import FastAPI, HTTPException
from fastapi.responses import FileResponse

from mlm_demo.adaptations import Adaptations
from mlm_demo.checkpoints import adapted, archive_name
from mlm_demo.errors import MlmDemoError
from mlm_demo.export import zip_model
from mlm_demo.runs import RESULT


def add_downloads(app: FastAPI, adaptations: Adaptations) -> None:
    """Serve `/models/ID.zip` to whoever knows the id of a run that has a model."""

    @app.get("/models/{id}.zip")
    def model(id: str) -> FileResponse:
        try:
            run = adaptations.runs.find(id)
            if adapted(run) is None:
                raise HTTPException(404, f"The run {id} has no model yet.")
            packed = run.output.with_name(f"{run.output.name}.zip")
            made = (run.output / RESULT).stat().st_mtime_ns
            if not packed.is_file() or packed.stat().st_mtime_ns != made:
                packed = zip_model(run.output, archive_name(run))
                os.utime(packed, ns=(made, made))  # not older or newer: a clock can be set back
        except MlmDemoError as error:
            raise HTTPException(404, str(error)) from None
        return FileResponse(packed, filename=f"{archive_name(run)}.zip", media_type="application/zip")
