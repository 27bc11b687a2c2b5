import json
from dataclasses import replace

import pytest
from transformers import AutoModelForQuestionAnswering, AutoModelForSequenceClassification

from mlm_demo.corpus.examples.example import Answer, AnswerExample, EvidencePool
from mlm_demo.errors import ModelError, TrainingError
from mlm_demo.models.loader import load_folder
from mlm_demo.models.task_loader import load_task_model, with_head
from mlm_demo.models.tasks import ANSWERS, EVIDENCE
from mlm_demo.training.checkpoints import check_output
from mlm_demo.training.downstream import finetune as finetune_module
from mlm_demo.training.downstream.config import FinetuneConfig
from mlm_demo.training.downstream.finetune import finetune
from mlm_demo.training.downstream.result import BEFORE, read_finetune_result
from mlm_demo.training.downstream.tasks import TASKS
from tests.support.tiny_models import SENTENCES, assert_same_weights
from tests.support.training import fresh

CONFIG = FinetuneConfig(max_steps=4, batch_size=4, learning_rate=1e-3, seeds=2)
CLASSES = {EVIDENCE: AutoModelForSequenceClassification, ANSWERS: AutoModelForQuestionAnswering}


def examples(task, count=24):
    """Make questions whose answer is the first word of one of two sentences, five of an article."""
    made = []
    for n in range(count):
        right, wrong = SENTENCES[n % 6], SENTENCES[(n + 1 + n // 6) % 6]
        question, group = f"What about {' '.join(right.split()[1:4])}?", f"article {n // 5}"
        if task == EVIDENCE:
            made.append(EvidencePool(str(n), question, (wrong, right), (False, True), group))
        else:
            context, word = f"{wrong} {right}", right.split()[0]
            answer = Answer(len(wrong) + 1, word)
            made.append(AnswerExample(str(n), question, context, (answer,), group))
    return made


def run(output, task=EVIDENCE, config=CONFIG, **options):
    made = examples(task)
    return finetune(fresh(), TASKS[task], made[:14], made[14:], config, output, **options)


def weights(folder, task):
    return dict(CLASSES[task].from_pretrained(folder).state_dict())


def killed_before(stage):
    def on_progress(line):
        if line.get("stage") == stage:
            raise KeyboardInterrupt

    return on_progress


@pytest.mark.parametrize("task", TASKS)
def test_the_result_is_an_ordinary_folder_with_card_and_figures(tmp_path, task):
    lines = []
    result = run(tmp_path / "out", task, sha256="ab" * 32, on_progress=lines.append)
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names >= {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "README.md",
        "curve.svg",
        "result.json",
    }
    assert not names & {"seeds", "checkpoints", "curve.json"}
    assert read_finetune_result(tmp_path / "out") == result
    assert [seed.seed for seed in result.seeds] == [0, 1]
    assert all(seed.training.steps == 4 for seed in result.seeds)
    metric = next(iter(TASKS[task].metrics))
    assert result.kept.choosing[metric] == max(seed.choosing[metric] for seed in result.seeds)
    assert [row.metric for row in result.rows] == list(TASKS[task].metrics)
    assert all(row.model.low <= row.model.value <= row.model.high for row in result.rows)
    card = (tmp_path / "out" / "README.md").read_text()
    assert "ab" * 32 in card
    assert result.rows[0].cells()[1] in card
    model = load_task_model(tmp_path / "out")
    assert (model.task, model.threshold) == (task, pytest.approx(result.kept.threshold))
    stages = [line["stage"] for line in lines if "stage" in line]
    assert stages[1] == "training, seed 1 of 2"
    assert {line["seed"] for line in lines if "loss" in line} == {0, 1}


def test_the_model_fills_no_masks(tmp_path):
    run(tmp_path / "out")
    with pytest.raises(ModelError, match="not a masked language model"):
        load_folder(tmp_path / "out", "out")


def test_the_base_stays_as_it_was(tmp_path):
    base = fresh()
    before = {name: tensor.clone() for name, tensor in base.model.state_dict().items()}
    made = examples(EVIDENCE)
    finetune(base, TASKS[EVIDENCE], made[:14], made[14:], CONFIG, tmp_path / "out")
    assert_same_weights(before, base.model.state_dict())


@pytest.mark.parametrize("stop_at", [2, 6])
def test_stopped_and_resumed_gives_the_result_of_an_uninterrupted_run(tmp_path, stop_at):
    """In the first seed and in the second."""
    whole = run(tmp_path / "whole", ANSWERS)
    steps = []
    stopped = run(tmp_path / "cut", ANSWERS, should_stop=lambda: steps.append(1) or len(steps) >= stop_at)
    assert stopped.stopped
    assert len(stopped.seeds) == 1
    load_task_model(tmp_path / "cut")
    resumed = run(tmp_path / "cut", ANSWERS, resume=True)
    assert not resumed.stopped
    assert [seed.values for seed in resumed.seeds] == [seed.values for seed in whole.seeds]
    assert_same_weights(weights(tmp_path / "whole", ANSWERS), weights(tmp_path / "cut", ANSWERS))


def test_a_run_killed_between_two_seeds_resumes(tmp_path):
    """Nothing but the finished seed is there then."""
    whole = run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", on_progress=killed_before("training, seed 2 of 2"))
    with pytest.raises(TrainingError, match="not empty"):
        check_output(tmp_path / "cut", resume=False)
    resumed = run(tmp_path / "cut", resume=True)
    assert [seed.values for seed in resumed.seeds] == [seed.values for seed in whole.seeds]


def test_minutes_are_divided_among_the_seeds(tmp_path, monkeypatch):
    lines, minutes, train = [], [], finetune_module.train_task

    def train_task(model, task, training, choosing, config, *arguments, **options):
        minutes.append(config.minutes)
        return train(model, task, training, choosing, config, *arguments, **options)

    monkeypatch.setattr(finetune_module, "train_task", train_task)
    config = replace(CONFIG, max_steps=None, minutes=4 / 60)
    run(tmp_path / "out", config=config, on_progress=lines.append)
    assert minutes == [2 / 60, 2 / 60]
    logged = [line for line in lines if "seconds_left" in line]
    assert logged[0]["seconds_left"] > 2  # of both seeds
    assert logged[-1]["seconds"] > 2


@pytest.mark.parametrize("task", TASKS)
def test_a_model_that_was_taught_the_task_goes_on_and_is_to_beat(tmp_path, task):
    made = examples(task)
    taught = with_head(fresh(), task, seed=5)
    config = replace(CONFIG, max_steps=1, learning_rate=1e-12)
    result = finetune(taught, TASKS[task], made[:14], made[14:], config, tmp_path / "out")
    assert_same_weights(weights(tmp_path / "out", task), dict(taught.model.state_dict()), tolerance=1e-6)
    assert all(BEFORE in row.rules for row in result.rows)
    assert not result.better_than_rules  # nothing was learned


def test_a_model_that_was_taught_the_other_task_brings_its_encoder(tmp_path):
    made = examples(EVIDENCE)
    taught = with_head(fresh(), ANSWERS, seed=5)
    config = replace(CONFIG, max_steps=1, learning_rate=1e-12)
    result = finetune(taught, TASKS[EVIDENCE], made[:14], made[14:], config, tmp_path / "out")
    assert BEFORE not in result.rows[0].rules
    found, encoder = weights(tmp_path / "out", EVIDENCE), taught.model.bert.state_dict()
    assert_same_weights({name: found[f"bert.{name}"] for name in encoder}, encoder, tolerance=1e-6)


def test_it_learns(tmp_path):
    config = FinetuneConfig(max_steps=60, batch_size=8, learning_rate=3e-3, seeds=1)
    made = examples(EVIDENCE, 60)
    result = finetune(fresh(), TASKS[EVIDENCE], made[:40], made[40:], config, tmp_path / "out")
    losses = [line["loss"] for line in result.curve if "loss" in line]
    assert losses[-1] < losses[0] - 0.3
    assert json.loads((tmp_path / "out" / "config.json").read_text())["answer_precision"]


def test_questions_too_long_for_the_model_are_left_out_by_name(tmp_path):
    made, lines = examples(ANSWERS), []
    long = replace(made[0], question="the cat sat on the mat " * 20)
    result = finetune(
        fresh(),
        TASKS[ANSWERS],
        [long, *made[1:14]],
        made[14:],
        CONFIG,
        tmp_path / "out",
        on_progress=lines.append,
    )
    assert result.examples.training == 13
    (note,) = [line["note"] for line in lines if "note" in line]
    assert note.startswith("1 of the questions, such as 'the cat sat")


def test_questions_are_asked_of_other_texts_too_and_a_note_says_so(tmp_path):
    lines, made = [], examples(ANSWERS, 36)
    made = [replace(example, context=f"{example.context} Number {n}.") for n, example in enumerate(made)]
    result = finetune(
        fresh(), TASKS[ANSWERS], made[:26], made[26:], CONFIG, tmp_path / "out", on_progress=lines.append
    )
    added = result.examples.training - 26
    assert added > 3
    (note,) = [line["note"] for line in lines if "note" in line]
    assert note.startswith(f"Nearly every text answers its question, so {added} of the questions")
    assert result.examples.judging == len(result.seeds[0].groups)


def test_verdicts_of_one_sentence_a_question_are_learned_from(tmp_path):
    """Nothing can be ranked then, but a sentence be taken or not."""
    made = [
        EvidencePool(str(n), f"What about {SENTENCES[n % 6]}?", (SENTENCES[n % 5],), (n % 3 > 0,), f"{n}")
        for n in range(24)
    ]
    result = finetune(fresh(), TASKS[EVIDENCE], made[:14], made[14:], CONFIG, tmp_path / "out")
    assert [row.metric for row in result.rows] == ["f1"]
    assert [set(seed.choosing) for seed in result.seeds] == [{"f1"}, {"f1"}]
    assert read_finetune_result(tmp_path / "out").rows == result.rows


def test_without_enough_short_questions_the_reason_is_given(tmp_path):
    made = [replace(example, question="the cat sat on the mat " * 20) for example in examples(EVIDENCE)]
    with pytest.raises(TrainingError, match="Too few examples have a question that is short enough"):
        finetune(fresh(), TASKS[EVIDENCE], made[:14], made[14:], CONFIG, tmp_path / "out")


def test_the_checkpoints_of_a_finished_seed_do_not_stop_the_next(tmp_path, monkeypatch):
    """It was killed after it had written its scores and before it had removed its checkpoints."""
    whole = run(tmp_path / "whole")
    with monkeypatch.context() as patched:
        patched.setattr(finetune_module.shutil, "rmtree", lambda *_, **__: None)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "cut", on_progress=killed_before("training, seed 2 of 2"))
    assert list((tmp_path / "cut" / "checkpoints").glob("checkpoint-*"))
    resumed = run(tmp_path / "cut", resume=True)
    assert [seed.values for seed in resumed.seeds] == [seed.values for seed in whole.seeds]


def test_between_two_seeds_a_resume_needs_the_same_options_too(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", on_progress=killed_before("training, seed 2 of 2"))
    with pytest.raises(TrainingError, match="max_steps is 5 now and was 4 when this run started"):
        run(tmp_path / "cut", config=replace(CONFIG, max_steps=5), resume=True)
    made = examples(EVIDENCE)
    with pytest.raises(TrainingError, match="resume it with the same files and model"):
        finetune(fresh(), TASKS[EVIDENCE], made[1:14], made[14:], CONFIG, tmp_path / "cut", resume=True)
