"""A worker that counts instead of training: it logs, stops on request, and records how it ended."""

import subprocess
import sys

from tests.support.paths import ROOT

COUNTER = """
import sys, time
from pathlib import Path
from mlm_demo.runs.run import Run
run = Run(Path(sys.argv[1]))
with run.working(int(sys.argv[2])):
    for step in range(run.request.request["steps"]):
        run.log({"step": step})
        if run.asked_to_stop:
            run.finish("stopped", f"Stopped at step {step}.")
            sys.exit()
        time.sleep(0.02)
    run.finish("done")
"""


def launch_counter(argv, *, environment, output, errors, lock, code=COUNTER):
    """Start the counter, or other code, for `work RUN --lock FD`, as launcher.launch starts a worker."""
    folder = output.name.rpartition("/")[0] if len(argv) > 2 else "nowhere"
    return subprocess.Popen(
        [sys.executable, "-c", code, folder, str(lock)],
        cwd=ROOT,
        env=environment,
        stdout=output,
        stderr=errors,
        pass_fds=(lock,),
        start_new_session=True,
    )
