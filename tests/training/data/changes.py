"""What people do to a folder of pictures: each changes the one that `draw_folder` draws."""

import os
import shutil
from pathlib import Path

from PIL import Image

from tests.pictures import draw, draw_folder

LABELS = ("bar", "circle", "line")


def nested(root: Path) -> None:
    place = root / "train" / "bar" / "2026" / "november"
    place.mkdir(parents=True)
    (root / "train" / "bar" / "000.png").rename(place / "000.png")


def flat(root: Path) -> None:
    for part in ("train", "test"):
        for path in sorted((root / part).glob("*/*")):
            target = root / path.parent.name / path.name
            target.parent.mkdir(exist_ok=True)
            path.rename(target)
        shutil.rmtree(root / part)


def flat_with_a_class_train(root: Path) -> None:
    flat(root)
    (root / "line").rename(root / "train")


def without_test(root: Path) -> None:
    shutil.rmtree(root / "test")


def with_validation(root: Path) -> None:
    draw_folder(root / "more", train=5, test=0, first=500)
    (root / "more" / "train").rename(root / "Val")
    (root / "more").rmdir()


def system_files(root: Path) -> None:
    for name in ("Thumbs.db", ".DS_Store", "desktop.ini", "._000.png", "Icon\r"):
        (root / "train" / "bar" / name).write_bytes(b"\xd0\xcf\x11\xe0")
    shutil.copytree(root / "train" / "bar", root / "train" / "__MACOSX")
    shutil.copytree(root / "train" / "bar", root / "train" / "bar" / ".git")


def any_name_and_ending(root: Path) -> None:
    (root / "train" / "bar" / "000.png").rename(root / "train" / "bar" / "001.txt")


def composed_and_decomposed(root: Path) -> None:
    (root / "train" / "bar").rename(root / "train" / "caf\u00e9")
    (root / "test" / "bar").rename(root / "test" / "cafe\u0301")


def damaged(root: Path) -> None:
    path = root / "train" / "bar" / "000.png"
    path.write_bytes(path.read_bytes()[:100])


def no_picture(root: Path) -> None:
    (root / "test" / "bar" / "notes.txt").write_text("no picture")


def empty(root: Path) -> None:
    (root / "test" / "bar" / "new.png").touch()


def too_large(root: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(root / "train" / "bar" / "poster.png")


def far_too_long(root: Path) -> None:
    with (root / "train" / "bar" / "film.mkv").open("wb") as file:
        file.truncate(2**40)


def broken_link(root: Path) -> None:
    (root / "train" / "bar" / "zzz.png").symlink_to("/nonexistent.png")


def link_in_a_circle(root: Path) -> None:
    (root / "train" / "bar" / "loop.png").symlink_to("loop.png")


def link_out(root: Path) -> None:
    draw(root.parent / "elsewhere.png", 0, 900)
    (root / "train" / "bar" / "link.png").symlink_to(root.parent / "elsewhere.png")


def pipe(root: Path) -> None:
    os.mkfifo(root / "train" / "bar" / "pipe.png")


def file_name_in_latin_1(root: Path) -> None:
    bar = os.fsencode(root / "train" / "bar")
    Path(os.fsdecode(bar + b"/000.png")).rename(os.fsdecode(bar + b"/caf\xe9.png"))


def hidden_class(root: Path) -> None:
    for part in ("train", "test"):
        shutil.copytree(root / part / "bar", root / part / ".square")


def loose_picture(root: Path) -> None:
    draw(root / "train" / "loose.png", 0, 900)


def folder_beside(root: Path) -> None:
    (root / "old").mkdir()


def learnt_test_picture(root: Path) -> None:
    shutil.copy(root / "test" / "bar" / "020.png", root / "train" / "bar" / "copy.png")


def copy_in_one_part(root: Path) -> None:
    shutil.copy(root / "train" / "bar" / "000.png", root / "train" / "bar" / "copy.png")


def copy_in_two_classes(root: Path) -> None:
    shutil.copy(root / "train" / "bar" / "000.png", root / "train" / "line" / "copy.png")


def two_spellings(root: Path) -> None:
    for part in ("train", "test"):
        (root / part / "line").rename(root / part / "Bar")


def few(root: Path) -> None:
    for path in sorted((root / "train" / "bar").iterdir())[5:]:
        path.unlink()


def many_damaged(root: Path) -> None:
    for path in sorted((root / "train").rglob("*.png"))[::9]:
        path.write_bytes(b"GIF89a")


def class_in_test_only(root: Path) -> None:
    draw(root / "test" / "star" / "0.png", 0, 900)


def class_in_train_only(root: Path) -> None:
    shutil.rmtree(root / "test" / "bar")


def class_without_a_picture(root: Path) -> None:
    (root / "train" / "star").mkdir()


def class_of_copies_alone(root: Path) -> None:
    shutil.rmtree(root / "train" / "bar")
    shutil.copytree(root / "test" / "bar", root / "train" / "bar")


def class_with_one_picture(root: Path) -> None:
    for path in sorted((root / "train" / "bar").iterdir())[1:]:
        path.unlink()


def spelt_otherwise_in_test(root: Path) -> None:
    (root / "test" / "bar").rename(root / "test" / "Bar")


def class_name_in_latin_1(root: Path) -> None:
    for part in ("train", "test"):
        (root / part / "bar").rename(os.fsdecode(os.fsencode(root / part) + b"/caf\xe9"))


def class_name_with_a_line_break(root: Path) -> None:
    for part in ("train", "test"):
        (root / part / "bar").rename(root / part / "a\nb")


def linked_class(root: Path) -> None:
    (root / "train" / "bar").rename(root.parent / "bar")
    (root / "train" / "bar").symlink_to(root.parent / "bar")


def one_class(root: Path) -> None:
    for label in LABELS[1:]:
        for part in ("train", "test"):
            shutil.rmtree(root / part / label)


def no_class(root: Path) -> None:
    shutil.rmtree(root)
    root.mkdir()


def nothing(root: Path) -> None:
    shutil.rmtree(root)


def a_file(root: Path) -> None:
    shutil.rmtree(root)
    root.touch()


def only_test(root: Path) -> None:
    shutil.rmtree(root / "train")


def validation_lacks_a_class(root: Path) -> None:
    with_validation(root)
    shutil.rmtree(root / "Val" / "bar")
