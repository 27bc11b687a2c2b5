"""One run by several processes of this machine: torchrun starts them, in the process that has the run's lock.

Each of them calls `work`, as a worker alone does; transformers' Trainer finds the group that torchrun has made. If one
is lost, torchrun ends the others, and the run can be resumed from its last checkpoint.
"""

from mlm_demo.runs.store import RunStore
from mlm_demo.settings import Settings


def work_under_torchrun(id: str, lock: int | None, processes: int, settings: Settings) -> None:
    """Work on a run with so many processes; raises what torchrun raises if one fails.

    lock: the inherited descriptor with the run's lock, which this process keeps for the others.
    """
    import torch
    from torch.distributed.run import main

    run = RunStore(settings.runs).find(id)
    with run.working(lock):
        gpus = torch.cuda.device_count() if settings.device in ("auto", "cuda") else 0
        if 0 < gpus < processes:
            return run.finish(
                "failed",
                f"MLM_DEMO_RUN_PROCESSES is {processes}, but this machine has {gpus} GPU{'s' * (gpus > 1)}, and each "
                f"process needs one; set it to {gpus}.",
            )
        main(["--standalone", f"--nproc-per-node={processes}", "-m", "mlm_demo", "work", id, "--together"])
