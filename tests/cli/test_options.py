import contextlib
import io
from dataclasses import asdict, fields

import pytest

from mlm_demo.cli.main import command_line
from mlm_demo.cli.options import config_of
from mlm_demo.errors import TrainingError
from mlm_demo.runs.tasks.adapt import AdaptRequest
from mlm_demo.training.config import AdaptConfig

ADAPT = ["adapt", "a.txt", "--output", "out"]


def options(*more):
    return command_line().parse_args([*ADAPT, *more])


def test_without_options_the_defaults_count_and_ten_minutes():
    assert config_of(options()) == AdaptConfig(minutes=10)


@pytest.mark.parametrize(
    "config",
    [
        AdaptConfig(epochs=1.5, mlm_probability=0.3, whole_word=True, learning_rate=1e-5),
        AdaptConfig(max_steps=7, batch_size=4, block_size=64, seed=1_234_567, replay=0.1, line_by_line=True),
        AdaptConfig(minutes=0.1),
    ],
)
def test_the_options_of_a_request_give_its_configuration(config):
    found = config_of(options(*AdaptRequest(config).to_argv()))
    assert found == config
    assert {name: type(value) for name, value in asdict(found).items()} == {
        name: type(value) for name, value in asdict(config).items()
    }


def test_every_field_is_an_option_with_its_default_and_range():
    help = io.StringIO()
    with contextlib.redirect_stdout(help), pytest.raises(SystemExit):
        command_line().parse_args(["adapt", "--help"])
    text = " ".join(help.getvalue().split())
    for one in fields(AdaptConfig):
        assert f"--{one.name.replace('_', '-')} " in text
        assert one.metadata["help"] in text
    for default in (
        "minutes (default: 10)",
        "of a run (default: 0.3)",
        "(default: 0.0002)",
        "step (default: 16)",
    ):
        assert default in text


def test_there_is_one_budget():
    with pytest.raises(SystemExit) as usage:
        options("--minutes", "1", "--max-steps", "3")
    assert usage.value.code == 2


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--max-steps", "0"], "max_steps is 0; it must be above 0 and at most 100,000"),
        (["--mlm-probability", "0.91"], "mlm_probability is 0.91; it must be above 0 and at most 0.9"),
        (["--replay", "-0.1"], "replay is -0.1; it must be from 0 to 0.9"),
        (["--batch-size", "4097"], "batch_size is 4097; it must be above 0 and at most 4,096"),
    ],
)
def test_a_value_out_of_its_range_is_refused(argv, message):
    with pytest.raises(TrainingError, match=message):
        config_of(options(*argv))
