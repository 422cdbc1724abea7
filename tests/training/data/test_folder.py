from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.pictures import draw_folder
from tests.training.data.changes import CHANGES, LABELS
from training import data
from training.__main__ import main
from training.config import Places, RunConfig
from training.errors import DatasetError
from training.run import train


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three classes of 20 pictures to learn from, and 8 to test."""
    return draw_folder(tmp_path / "stamps")


def sizes(root: Path) -> tuple[int, int, int]:
    """Training, validation and test images."""
    split = data.split(data.load("folder", root, side=8), 0.8, seed=0)
    return len(split.train), len(split.validation), len(split.test)


def test_each_folder_is_a_class(folder: Path) -> None:
    dataset = data.load("folder", folder, side=16, mode="RGB")
    assert (dataset.name, dataset.labels, dataset.shape) == ("stamps", LABELS, (3, 16, 16))
    assert dataset.learning.labels.tolist() == [0] * 20 + [1] * 20 + [2] * 20
    assert dataset.test.labels.tolist() == [0] * 8 + [1] * 8 + [2] * 8
    assert dataset.preprocess == "resize"


def test_grey_pictures_have_one_channel(folder: Path) -> None:
    assert data.load("folder", folder, side=12, mode="L").shape == (1, 12, 12)


def test_pixels_are_those_of_the_pictures(tmp_path: Path) -> None:
    for part, first in (("train", 0), ("test", 9)):
        for red in range(first, first + 9):
            for name, colour in (("red", (200 + red, 0, 0)), ("blue", (0, 0, 200 + red))):
                path = tmp_path / part / name / f"{red}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.new("RGB", (40, 30), colour).save(path)
    dataset = data.load("folder", tmp_path, side=16, mode="RGB")
    middles = dataset.test.pixels[:, :, 8, 8]
    assert sorted(middles[:9].tolist()) == [[0, 0, 200 + k] for k in range(9, 18)]
    assert sorted(middles[9:].tolist()) == [[200 + k, 0, 0] for k in range(9, 18)]
    assert data.split(dataset, 0.6, seed=0).train.pixels.float().mean(
        dim=(0, 2, 3)
    ).tolist() == pytest.approx(np.array([102, 0, 102]), abs=3)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("nested", (48, 12, 24)),
        ("flat", (52, 14, 18)),
        ("flat, with a class train", (52, 14, 18)),
        ("without test", (38, 10, 12)),
        ("with validation", (60, 15, 24)),
        ("system files", (48, 12, 24)),
        ("any name and ending", (48, 12, 24)),
        ("composed and decomposed", (48, 12, 24)),
    ],
)
def test_layout_is_understood(
    change: str, expected: tuple[int, int, int], folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    CHANGES[change](folder)
    assert sizes(folder) == expected
    told = caplog.text.replace("no test folder, drawn as test", "")
    assert "left out" not in told
    assert "skipped" not in told


NOTED = [
    ("damaged", "damaged or cut short (1): train/bar/000.png", 59),
    ("no picture", "not a picture, left out (1): test/bar/notes.txt", 60),
    ("tables", "not a picture, left out (9): test/bar/0.csv, test/bar/1.csv,", 60),
    ("a photograph in AVIF", "not a picture of an accepted format; accepted: PNG, JPEG,", 60),
    ("empty", "empty file (1): test/bar/new.png", 60),
    ("too large", "too large (1): train/bar/poster.png", 60),
    ("far too long", "larger than 20,971,520 bytes (1): train/bar/film.mkv", 60),
    ("broken link", "broken link (1): train/bar/zzz.png", 60),
    ("link in a circle", "broken link (1): train/bar/loop.png", 60),
    ("link out", "link out of the folder (1): train/bar/link.png", 60),
    ("pipe", "no file (1): train/bar/pipe.png", 60),
    ("file name in Latin 1", r"not UTF-8 or not printable (1): train/bar/caf\xe9.png", 59),
    ("hidden class", "hidden, left out (2): test/.square, train/.square", 60),
    ("loose picture", "picture in no class's folder, left out (1): train/loose.png", 60),
    ("folder beside", "folder beside train and test, left out (1): old", 60),
    ("learnt test picture", "(1): train/bar/copy.png = test/bar/020.png", 60),
    (
        "copy in one part",
        "copy of another picture, left out (1): train/bar/copy.png = train/bar/000.png",
        60,
    ),
    ("copy in two classes", "(1): train/bar/000.png = train/line/copy.png", 59),
    ("two spellings", "classes that differ in spelling alone (1): Bar / bar", 60),
    ("few", "class with fewer than 10 pictures to learn from (1): bar", 45),
    ("flat", "no test folder, drawn as test (1)", 66),
]


@pytest.mark.parametrize(("change", "told", "learnt"), NOTED)
def test_what_is_left_out_or_odd_is_told(
    change: str, told: str, learnt: int, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    CHANGES[change](folder)
    assert sum(sizes(folder)[:2]) == learnt
    assert told in caplog.text
    assert str(folder) not in caplog.text


REFUSED = [
    ("many damaged", ["cut short (7): train/bar/000", "7 of 84 files cannot be used"]),
    ("class in test only", ["class without a picture to learn from (1): star (1 in test)"]),
    ("class in train only", ["class without a test picture (1): bar (20 in train)"]),
    ("class without a picture", ["class's folder without a picture (1): train/star"]),
    ("class of copies alone", ["picture to learn from (1): bar (8 in test)", "copy of a"]),
    ("class with one picture", ["a single picture to learn from (1): bar (8 in test, 1"]),
    ("spelt otherwise in test", ["to learn from (1): Bar", "spelling alone (1): Bar / bar"]),
    ("class name in Latin 1", [r"not printable (2): test/caf\xe9, train/caf\xe9"]),
    ("class name with a line break", [r"not printable (2): test/a\nb, train/a\nb"]),
    ("linked class", ["link to a folder, not followed (1): train/bar"]),
    ("one class", ["fewer than two classes; accepted are DIR/<class>/... and", "(1): bar"]),
    ("folder around", ["are these the classes? Then say DIR/all (3): bar, circle, line"]),
    ("flat, with one picture", ["class with a single picture to learn from (1): bar (1 in"]),
    (
        "many AVIF",
        ["(9): train/bar/000.avif,", "\n  9 of 93 files cannot be used; at most 5% are skipped"],
    ),
    ("no class", ["fewer than two classes; accepted are DIR/<class>/... and", "(1): none"]),
    ("nothing", ["data directory 'stamps' does not exist: accepted are DIR/<class>/..."]),
    ("a file", ["data directory 'stamps' is no directory: accepted are DIR/<class>/..."]),
    ("only test", ["has test but no folder train: accepted are DIR/<class>/..."]),
    ("validation lacks a class", ["without a validation picture (1): bar (8 in test, 20 in"]),
]


@pytest.mark.parametrize(("change", "told"), REFUSED)
def test_what_cannot_be_learnt_from_is_refused_in_one_list(
    change: str, told: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    CHANGES[change](folder)
    where = ("--runs-dir", f"{folder.parent}/runs", "--models-dir", f"{folder.parent}/models")
    assert main(["run", "--dataset", "folder", "--data-dir", str(folder), *where]) == 1
    message = capsys.readouterr().err
    assert all(words in message for words in told), message
    assert str(folder) not in message
    assert not (folder.parent / "runs").exists()


def test_every_problem_is_in_the_list(folder: Path) -> None:
    for change in ("damaged", "broken link", "class in test only", "learnt test picture"):
        CHANGES[change](folder)
    with pytest.raises(DatasetError) as error:
        data.load("folder", folder)
    [first, *problems] = str(error.value).splitlines()
    assert first == "the pictures in 'stamps' cannot be learnt from:"
    assert [line.partition(" (")[0].strip() for line in problems] == [
        "class without a picture to learn from",
        "broken link",
        "damaged or cut short",
        "copy of a test picture, left out of train",
    ]


def test_drawn_test_part_stays_as_pictures_are_renamed_or_damaged(folder: Path) -> None:
    CHANGES["flat"](folder)
    before = data.load("folder", folder).test
    for path in sorted((folder / "bar").iterdir()):
        path.rename(path.with_name(f"renamed-{path.name}"))
    (folder / "bar" / "broken.png").write_bytes(b"GIF89a")
    after = data.load("folder", folder).test
    assert torch.equal(before.pixels, after.pixels)


def test_rare_class_is_in_every_part_of_a_split(folder: Path) -> None:
    for path in sorted((folder / "train" / "bar").iterdir())[2:]:
        path.unlink()
    for seed in range(10):
        split = data.split(data.load("folder", folder, side=8), 0.9, seed)
        assert torch.bincount(split.train.labels)[0] == 1
        assert torch.bincount(split.validation.labels)[0] == 1
        assert len(split.train) + len(split.validation) == 42


@pytest.mark.parametrize("architecture", ["mobilenet", "conv", "mobilenet-tiny"])
@pytest.mark.parametrize(("train_images", "epochs"), [(32, 20), (32, 6), (20, 20)])
def test_a_few_dozen_pictures_of_a_class_are_enough(
    architecture: str, train_images: int, epochs: int, tmp_path: Path
) -> None:
    pictures = draw_folder(tmp_path / "furniture", ("chair", "lamp"), train=train_images)
    config = RunConfig(architecture=architecture, dataset="folder", epochs=epochs)
    assessment = train(config, Places(data_dir=pictures, runs_dir=tmp_path / "runs")).assessment
    assert assessment.findings == ()
    assert assessment.metrics.test.accuracy > 0.9
