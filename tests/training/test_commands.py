from argparse import ArgumentParser, Namespace
from errno import ENOSPC
from os import strerror

import pytest
from pydantic import BaseModel, ValidationError

from training.augmentation import Augmentation
from training.commands import Commands, add_options, explain, from_options
from training.config import Places, RunConfig


def parse(*arguments: str) -> RunConfig:
    parser = ArgumentParser()
    add_options(parser, RunConfig)
    return from_options(RunConfig, parser.parse_args(arguments))


def fields(model: type[BaseModel]) -> set[str]:
    return set(model.model_fields) - {"augmentation"}


def test_no_option_gives_the_defaults() -> None:
    assert parse() == RunConfig()


def test_options_reach_their_fields() -> None:
    config = parse("--architecture", "conv", "--learning-rate", "1e-3", "--rotation", "3")
    assert (config.architecture, config.learning_rate) == ("conv", 0.001)
    assert config.augmentation == Augmentation(rotation=3)


@pytest.mark.parametrize("model", [RunConfig, Places])
def test_every_field_has_an_option_that_says_what_it_is(model: type[BaseModel]) -> None:
    parser = ArgumentParser()
    add_options(parser, model)
    text = parser.format_help()
    for name in fields(model):
        assert f"--{name.replace('_', '-')} " in text
        assert model.model_fields[name].description
    assert ("--rotation" in text) == (model is RunConfig)


def test_no_two_fields_share_an_option() -> None:
    assert not fields(RunConfig) & fields(Augmentation) | fields(RunConfig) & fields(Places)


def test_unknown_choice_ends_the_command_with_what_is_accepted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        parse("--optimizer", "magic")
    assert "adamw" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--epochs", "0"), "--epochs '0': Input should be greater than or equal to 1"),
        (("--train-ratio", "1"), "--train-ratio '1': Input should be less than 1"),
        (("--seed", "x"), "--seed 'x': Input should be a valid integer"),
        (("--noise", "-1"), "--noise '-1': Input should be greater than or equal to 0"),
        (("--widths", "8", "16"), "--widths ['8', '16']: 4 blocks need as many widths"),
        (("--widths", "8", "0"), "--widths '0': Input should be greater than or equal to 1"),
        (("--architecture", "resnet"), "--architecture 'resnet': unknown architecture 'resnet'"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_refused_value_is_explained_by_its_option(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValidationError) as error:
        parse(*arguments)
    assert explain(error.value).startswith(message)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(ENOSPC, strerror(ENOSPC)), "No space left on device"),
        (PermissionError(13, "Permission denied", "/home/of/results.json"), "results.json: Perm"),
    ],
)
def test_what_the_system_refuses_is_told_in_a_line(
    error: OSError, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def execute(_: Namespace) -> None:
        raise error

    commands = Commands("training", "Train.")
    commands.add("run", execute, "", "train")
    assert commands.run(["run"]) == 1
    assert capsys.readouterr().err.startswith(f"training: {message}")
