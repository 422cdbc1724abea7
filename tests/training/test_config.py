from pathlib import Path

import pytest
from pydantic import ValidationError

from training.config import Places, RunConfig

SHA256 = "0a1b2c3d" * 8


def test_config_survives_json() -> None:
    config = RunConfig(architecture="conv2-mobile2", learning_rate=0.02)
    assert RunConfig.model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize(
    ("architecture", "widths", "built"),
    [
        ("mobilenet", (), (32, 48, 96, 128)),
        ("mobilenet", (32, 48, 96, 96), (32, 48, 96, 96)),
        ("mobilenet-tiny", (8, 8, 16, 16, 16), (8, 8, 16, 16, 16)),
    ],
)
def test_widths_are_the_architectures_own_unless_given(
    architecture: str, widths: tuple[int, ...], built: tuple[int, ...]
) -> None:
    assert RunConfig(architecture=architecture, widths=widths).shape.widths == built


def test_config_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        RunConfig().epochs = 3  # type: ignore[misc]  # what is tested


def test_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        RunConfig.model_validate({"epoch": 3})


def test_config_holds_no_path() -> None:
    assert not any(isinstance(value, Path) for value in RunConfig().model_dump().values())


@pytest.mark.parametrize(
    ("dataset", "given", "name"),
    [
        ("mnist", None, "conv"),
        ("digits", None, "digits-conv"),
        ("kmnist", None, "kmnist-conv"),
        ("digits", "mine", "mine"),
    ],
)
def test_published_name_tells_the_data_set(dataset: str, given: str | None, name: str) -> None:
    config = RunConfig.model_validate({"architecture": "conv", "dataset": dataset})
    assert Places(model_name=given).published_name(config, dataset) == name


def test_run_folder_tells_what_is_trained() -> None:
    places, config = Places(runs_dir=Path("there")), RunConfig(seed=7)
    assert places.run_folder(config, SHA256) == Path("there/mobilenet-digits-seed7")
    assert Places(run_name="mine").run_folder(config, SHA256) == Path("runs/mine")


def test_run_folder_of_own_pictures_tells_which_they_are() -> None:
    config = RunConfig(architecture="conv", teacher="mobilenet", dataset="folder")
    assert Places().run_folder(config, SHA256) == Path("runs/conv-folder-0a1b2c3d-seed0")
    assert Places().teacher_folder(config, SHA256) == Path("runs/mobilenet-folder-0a1b2c3d-seed0")


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("stamps", "stamps-conv"),
        ("My Stamps (2026)", "my-stamps-2026-conv"),
        ("切手", "own-conv"),
        ("mnist", "mnist-conv"),
    ],
)
def test_model_of_own_pictures_is_named_after_their_folder(folder: str, name: str) -> None:
    config = RunConfig(architecture="conv", dataset="folder")
    assert Places().published_name(config, folder) == name


@pytest.mark.parametrize("name", ["", "../up", "a/b", "Upper", ".hidden"])
def test_names_that_are_no_folder_are_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="run_name"):
        Places(run_name=name)


@pytest.mark.parametrize(
    ("images", "batch"), [(5, 8), (51, 8), (100, 12), (511, 63), (512, 64), (54_000, 64)]
)
def test_few_images_are_learnt_in_smaller_batches(images: int, batch: int) -> None:
    assert RunConfig(batch_size=64).batch_of(images) == batch
