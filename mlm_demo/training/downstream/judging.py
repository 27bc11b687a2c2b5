"""The rows of a result: the metrics of a model over all of its seeds, beside simple rules, with intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mlm_demo.models.task_model import TaskModel
from mlm_demo.training.downstream.bootstrap import difference, interval_of
from mlm_demo.training.downstream.result import MetricRow
from mlm_demo.training.downstream.task import DownstreamTask, Scores


def judge_task(
    task: DownstreamTask, model: TaskModel, examples: Sequence[Any], threshold: float
) -> tuple[MetricRow, ...]:
    """Return how well a model does on examples at a threshold, beside the rules of the task.

    The rules learn what they need, such as word counts, from the same examples.
    """
    scores = task.evaluate(task.predict(model, examples), examples, threshold)
    return metric_rows(task, scores.groups, [scores.values], task.baselines(examples, examples))


def metric_rows(
    task: DownstreamTask,
    groups: Sequence[str],
    seeds: Sequence[Mapping[str, Sequence[float]]],
    rules: Mapping[str, Scores],
) -> tuple[MetricRow, ...]:
    """Return a row for each metric, with intervals over articles and then seeds.

    groups: the article of each example; seeds: the values of each seed by metric, example by example. A metric that no
    example has a value of, as ranks where each question has one sentence, has no row.
    """
    rows = []
    for metric, label in task.metrics.items():
        values = np.array([seed[metric] for seed in seeds])
        if np.isnan(values).any(axis=0).all():
            continue
        of_rules = {name: interval_of(scores.values[metric], groups) for name, scores in rules.items()}
        best = max(of_rules, key=lambda name: of_rules[name].value)
        gain = difference(values, rules[best].values[metric], groups)
        rows.append(
            MetricRow(
                metric=metric,
                label=label,
                percent=metric in task.in_percent,
                model=interval_of(values, groups),
                rules=of_rules,
                best_rule=best,
                gain=gain.change,
                agree=gain.seeds_agree,
            )
        )
    return tuple(rows)
