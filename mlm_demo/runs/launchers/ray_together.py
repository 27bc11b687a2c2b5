"""One run by several processes of a Ray cluster, on one node or on several: Ray Train starts them as one group.

The Ray job of the run asks Ray Train for as many workers as the run has processes. Each calls `work`, as a local worker
does; transformers' Trainer finds the group that Ray Train has made. Ray Train tries nothing again: `jobs.py` does.
"""

from mlm_demo.runs.launchers.ray_cluster import LABEL
from mlm_demo.runs.store import RunStore
from mlm_demo.settings import Settings

SHARE = (
    0.001  # of a node's resource `mlm_demo` for each process: it keeps them on such nodes, and devices count
)


def work_together(id: str, handle: str, processes: int, settings: Settings) -> None:
    """Work on a run with so many processes, from within its Ray job; raises what Ray Train raises if one is lost."""
    import ray
    from ray.train import RunConfig, ScalingConfig
    from ray.train.torch import TorchConfig, TorchTrainer

    ray.init()
    gpus = settings.device != "cpu"
    device = {"GPU": 1} if gpus else {"CPU": 1}
    TorchTrainer(
        _work,
        train_loop_config={"id": id, "handle": handle},
        scaling_config=ScalingConfig(
            num_workers=processes,
            use_gpu=gpus,
            resources_per_worker={LABEL: SHARE, **device},
        ),
        torch_config=TorchConfig(backend="nccl" if gpus else "gloo"),
        run_config=RunConfig(name=handle, storage_path=str(settings.data_folder.resolve() / "ray")),
    ).fit()


def _work(config: dict) -> None:
    from mlm_demo.runs.worker import work

    settings = Settings.from_environment()
    work(RunStore(settings.runs).find(config["id"]), settings, job=config["handle"], own_process=True)
