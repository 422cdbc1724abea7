"""What is found in a folder, and said of it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.training.decide.drawn import CLASSES, write_folder
from training.decide.collection.check import check, contradictions, copy_lines
from training.decide.collection.copies import SIDE, near_copies
from training.decide.collection.store import Store, write
from training.errors import DatasetError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "shapes", 8)


def nested(root: Path) -> None:
    for kind in CLASSES:
        deep = root / kind / "2024" / "may"
        deep.mkdir(parents=True)
        for file in [*(root / kind).glob("*.png")][:3]:
            file.rename(deep / file.name)


def divided(root: Path) -> None:
    for part, chosen in (("train", slice(0, 6)), ("test", slice(6, 8))):
        for kind in CLASSES:
            (root / part / kind).mkdir(parents=True)
            for file in sorted((root / kind).glob("*.png"))[chosen] or ():
                shutil.copy(file, root / part / kind)
    for kind in CLASSES:
        shutil.rmtree(root / kind)


@pytest.mark.parametrize("arrange", [lambda _: None, nested, divided])
def test_any_layout_gives_every_picture(folder: Path, arrange: Callable[[Path], None]) -> None:
    arrange(folder)
    found = check(folder, threads=2)
    assert (len(found), found.labels) == (24, CLASSES)
    assert (found.side, found.mode) == (48, "RGB")
    assert found.tests.sum() == (6 if arrange is divided else 0)


def test_pictures_without_colour_are_grey(folder: Path) -> None:
    for file in folder.rglob("*.png"):
        Image.open(file).convert("L").convert("RGB").save(file)
    assert check(folder, threads=1).mode == "L"


def test_damaged_picture_is_skipped_and_named(folder: Path) -> None:
    (folder / "bar" / "cut.png").write_bytes((folder / "bar" / "000.png").read_bytes()[:90])
    found = check(folder, threads=1)
    assert len(found) == 24
    assert "damaged or cut short (1): bar/cut.png" in found.notes


def test_folder_of_mostly_other_files_is_refused_with_all_problems(folder: Path) -> None:
    for place in range(9):
        (folder / "bar" / f"{place}.png").write_text("no")
    with pytest.raises(DatasetError, match=r"9 of 33 files cannot be used"):
        check(folder, threads=1)


def test_digest_is_of_content_and_class_whatever_files_are_called(folder: Path) -> None:
    before = check(folder, threads=1).sha256
    (folder / "bar" / "000.png").rename(folder / "bar" / "renamed.png")
    assert check(folder, threads=1).sha256 == before
    (folder / "bar" / "renamed.png").rename(folder / "disc" / "renamed.png")
    assert check(folder, threads=1).sha256 != before


def test_near_copies_are_one_group_and_look_alikes_are_not(folder: Path) -> None:
    original = Image.open(folder / "disc" / "000.png")
    original.resize((96, 96)).save(folder / "disc" / "larger.png")
    original.save(folder / "square" / "compressed.jpg", quality=70)
    found = check(folder, threads=1)
    store = Store(folder.parent / "store", len(found), found.mode)
    write([source.path for source in found.sources], store, [SIDE], threads=1)
    groups = near_copies(store)
    group_of = dict(zip((source.name for source in found.sources), groups.tolist(), strict=True))
    copies = ("disc/000.png", "disc/larger.png", "square/compressed.jpg")
    assert len({group_of[name] for name in copies}) == 1
    assert len(set(groups.tolist())) == len(found) - 2
    assert contradictions(found.targets, groups).sum() == 3
    together, across = copy_lines(found, groups)
    assert together == "near-copies (1 groups, 3 pictures): kept on one side of every split"
    assert all(name in across for name in copies)
