"""What is found in a folder, and said of it."""

from pathlib import Path

import pytest
from PIL import Image

from tests.pictures import draw_folder
from tests.training.decide.drawn import CLASSES, write_folder
from training.decide.collection.check import check, contradictions, copy_lines
from training.decide.collection.copies import SIDE, near_copies
from training.decide.collection.store import Store, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "shapes", 8)


def test_every_picture_is_found_and_none_is_drawn_for_a_test(folder: Path) -> None:
    found = check(folder, threads=2)
    assert (len(found), found.labels, found.notes[1:]) == (24, CLASSES, [])
    assert (found.side, found.mode, len(found.of("test"))) == (48, "RGB", 0)
    assert len(check(draw_folder(folder.parent / "divided"), threads=2).of("test")) == 24


def test_pictures_without_colour_are_grey(folder: Path) -> None:
    for file in folder.rglob("*.png"):
        Image.open(file).convert("L").convert("RGB").save(file)
    assert check(folder, threads=1).mode == "L"


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
