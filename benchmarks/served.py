"""Requests per second of models served apart, with one, two and four replicas of Ray Serve on this machine.

    pip install -r requirements-ray.txt
    python benchmarks/served.py [--seconds 20] [--people 32]

Each replica has one thread, so that replicas and not threads share the cores. Beside it the same engine here, asked by
as many threads: what Ray Serve and HTTP cost. No figure is asserted.
"""

import argparse
import json
import os
import statistics
import threading
import time
from dataclasses import replace

from pairs import ROOT

os.environ["PYTHONPATH"] = str(ROOT)  # so that the replicas find the program too
os.environ["OMP_NUM_THREADS"] = "1"
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

SENTENCES = [
    f"The {word} was seen near the <mask> of the town." for word in ("dog", "king", "nurse", "train")
]
ADDRESS = "http://127.0.0.1:8123"


def main() -> None:
    """Print a table and, last, the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--people", type=int, default=32)
    options = parser.parse_args()

    from mlm_demo.inference.engine import Engine
    from mlm_demo.inference.served.remote_engine import RemoteEngine
    from mlm_demo.settings import Settings

    settings = Settings(device="cpu")
    figures = {}
    engine = Engine(settings)
    engine.warm()
    figures["in this process"] = measure(engine, options)
    del engine

    import ray
    from ray import serve

    from mlm_demo.cli.ray_serve import Models

    ray.init(include_dashboard=False, log_to_driver=False, num_cpus=8)
    serve.start(http_options={"host": "127.0.0.1", "port": 8123})
    for count in (1, 2, 4):
        fixed = Models.options(num_replicas=count, autoscaling_config=None, ray_actor_options={"num_cpus": 1})
        serve.run(fixed.bind())
        figures[f"{count} replicas"] = measure(RemoteEngine(replace(settings, engine=ADDRESS)), options)
    serve.shutdown()
    ray.shutdown()
    print(
        f"{options.people} people, {os.cpu_count()} cores\n| | requests per second | p50 | p95 |\n|---|---|---|---|"
    )
    for name, found in figures.items():
        print(
            f"| {name} | {found['rate']:.1f} | {1000 * found['p50']:.0f} ms | {1000 * found['p95']:.0f} ms |"
        )
    print(json.dumps(figures))


def measure(engine, options: argparse.Namespace) -> dict:
    """Ask an engine from many threads at once; return requests per second and percentiles of the time of one."""
    times, end = [], time.monotonic() + options.seconds

    def person(number: int) -> None:
        while time.monotonic() < end:
            begun = time.monotonic()
            engine.fill_mask(SENTENCES[number % len(SENTENCES)])
            times.append(time.monotonic() - begun)
            number += 1

    engine.fill_mask(SENTENCES[0])
    threads = [threading.Thread(target=person, args=(number,)) for number in range(options.people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cuts = statistics.quantiles(times, n=20)
    return {"rate": len(times) / options.seconds, "p50": statistics.median(times), "p95": cuts[18]}


if __name__ == "__main__":
    main()
