from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training import data
from training.errors import DatasetError


def draw(path: Path, colour: tuple[int, int, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 30), colour).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for part in ("train", "test"):
        for number in range(5):
            draw(tmp_path / part / "red" / f"{number}.png", (200, 0, 0))
            draw(tmp_path / part / "blue" / f"{number}.jpg", (0, 0, 200))
    return tmp_path


def test_each_folder_is_a_class(folder: Path) -> None:
    dataset = data.load("folder", folder, side=16, mode="RGB")
    assert dataset.labels == ("blue", "red")
    assert dataset.shape == (3, 16, 16)
    assert dataset.learning.labels.tolist() == [0] * 5 + [1] * 5
    assert dataset.test.pixels[-1, :, 8, 8].tolist() == [200, 0, 0]
    assert dataset.preprocess == "resize"


def test_grey_pictures_have_one_channel(folder: Path) -> None:
    assert data.load("folder", folder, side=12, mode="L").shape == (1, 12, 12)


def test_hidden_files_are_no_pictures(folder: Path) -> None:
    (folder / "train" / "red" / ".DS_Store").write_text("no picture")
    assert len(data.load("folder", folder).learning) == 10


def test_file_that_is_no_picture_is_named(folder: Path) -> None:
    (folder / "test" / "red" / "notes.txt").write_text("no picture")
    with pytest.raises(DatasetError, match=r"test/red/notes\.txt is refused") as error:
        data.load("folder", folder)
    assert str(folder) not in str(error.value)


def test_class_without_a_test_folder_is_named(folder: Path) -> None:
    draw(folder / "train" / "green" / "0.png", (0, 200, 0))
    with pytest.raises(DatasetError, match="test/green cannot be read: No such file"):
        data.load("folder", folder)


def test_empty_class_is_named(folder: Path) -> None:
    (folder / "train" / "green").mkdir()
    with pytest.raises(DatasetError, match="train/green is empty"):
        data.load("folder", folder)


def test_single_class_is_nothing_to_learn(tmp_path: Path) -> None:
    draw(tmp_path / "train" / "red" / "0.png", (200, 0, 0))
    with pytest.raises(DatasetError, match="one for each class"):
        data.load("folder", tmp_path)


def test_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="train cannot be read"):
        data.load("folder", tmp_path)


def test_colour_statistics_and_network_fit_together(folder: Path) -> None:
    split = data.split(data.load("folder", folder, side=16, mode="RGB"), 0.6, seed=0)
    assert split.train.pixels.float().mean(dim=(0, 2, 3)).tolist() == pytest.approx(
        np.array([100, 0, 100]), abs=2
    )
