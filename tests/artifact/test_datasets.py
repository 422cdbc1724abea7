import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from artifact.datasets import DATASET, FOLDER, DatasetDescription, Datasets, StoredDataset
from artifact.errors import BrokenArtifact, UnknownDataset
from artifact.repository import Repository, list_versions
from tests.known_answer import publish_known_answer
from training.export.sprites import publish_pictures, reduced, thumbnail_side

LABELS = ("cat", "dog")


def described(digit: str = "a", count: int = 5) -> DatasetDescription:
    return DatasetDescription(
        title="Pets",
        data_sha256="f" * 64,
        test_sha256=digit * 64,
        labels=LABELS,
        true=tuple(place % 2 for place in range(count)),
        source="a folder of pictures",
        licence=None,
    )


def noise(
    count: int = 5, channels: int = 1, side: int = 8
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    generator = np.random.default_rng(0)
    return generator.integers(0, 256, (count, channels, side, side), np.uint8)


@pytest.mark.parametrize(("channels", "side", "count"), [(1, 28, 2_000), (3, 64, 100), (3, 8, 1)])
def test_every_picture_comes_back_from_its_sheet_as_it_was(
    tmp_path: Path, channels: int, side: int, count: int
) -> None:
    pixels = noise(count, channels, side)
    stored = publish_pictures(tmp_path, "pets", described(count=count), pixels)
    for index in {0, 1, count // 2, count - 1} & set(range(count)):
        cut = cv2.imdecode(np.frombuffer(stored.picture(index), np.uint8), cv2.IMREAD_UNCHANGED)
        assert cut is not None
        planes = cut[None] if channels == 1 else cut[..., ::-1].transpose(2, 0, 1)
        assert np.array_equal(planes, pixels[index])


def test_published_pictures_are_found_by_the_digest_and_the_classes(tmp_path: Path) -> None:
    published = publish_pictures(tmp_path, "pets", described(), noise())
    datasets = Datasets.scan(tmp_path)
    assert datasets.get("pets").dataset == published.dataset
    assert datasets.find("a" * 64, LABELS)
    assert datasets.find("b" * 64, LABELS) is None
    assert datasets.find("a" * 64, ("cat", "owl")) is None


def test_same_pictures_are_published_once_and_others_get_a_name_of_their_own(
    tmp_path: Path,
) -> None:
    first = publish_pictures(tmp_path, "pets", described(), noise())
    assert publish_pictures(tmp_path, "pets", described(), noise()).folder == first.folder
    other = publish_pictures(tmp_path, "pets", described("b"), noise())
    larger = publish_pictures(tmp_path, "pets", described(), noise(side=16))
    names = [stored.dataset.name for stored in (first, other, larger)]
    assert names == ["pets", "pets-bbbbbbbb", "pets-aaaaaaaa"]
    assert Datasets.scan(tmp_path).find("a" * 64, LABELS) == larger


def test_models_beside_are_none_of_them_the_data_sets(tmp_path: Path) -> None:
    publish_known_answer(tmp_path, runtimes=("onnx",))
    publish_pictures(tmp_path, "pets", described(), noise())
    assert [str(artifact) for artifact in Repository.scan(tmp_path)] == ["known/1"]
    assert list_versions(tmp_path) == {"known": ["1"]}


def test_publish_under_way_is_not_seen(tmp_path: Path) -> None:
    publish_pictures(tmp_path, "pets", described(), noise())
    (tmp_path / FOLDER / "pets" / DATASET).unlink()
    assert list(Datasets.scan(tmp_path)) == []


@pytest.mark.parametrize("damage", ["sheet", "document", "name", "class", "link"])
def test_damage_is_told_by_name(tmp_path: Path, damage: str) -> None:
    folder = publish_pictures(tmp_path, "pets", described(), noise()).folder
    document, sheet = folder / DATASET, folder / "test-000.png"
    told = json.loads(document.read_text())
    match damage:
        case "sheet":
            sheet.write_bytes(sheet.read_bytes()[:-1])
        case "document":
            document.write_text("{")
        case "name":
            document.write_text(json.dumps(told | {"name": "others"}))
        case "class":
            document.write_text(json.dumps(told | {"true": [0, 1, 2, 0, 1]}))
        case "link":
            sheet.rename(tmp_path / "elsewhere.png")
            sheet.symlink_to(tmp_path / "elsewhere.png")
    with pytest.raises(BrokenArtifact, match="_datasets/pets"):
        Datasets.scan(tmp_path)
    noted: dict[str, str] = {}
    kept = Datasets.scan(tmp_path, lambda name, error: noted.update({name: str(error)}))
    assert list(kept) == []
    assert list(noted) == ["_datasets/pets"]


@pytest.mark.parametrize("index", [-1, 5])
def test_unknown_picture_says_how_many_there_are(tmp_path: Path, index: int) -> None:
    stored: StoredDataset = publish_pictures(tmp_path, "pets", described(), noise())
    with pytest.raises(UnknownDataset, match="5 test pictures"):
        stored.picture(index)


@pytest.mark.parametrize(
    ("count", "channels", "side", "reached"),
    [
        (10_000, 1, 28, 28),
        (100, 3, 224, 64),
        (10_000, 3, 224, 40),
        (60_000, 1, 28, 28),
        (10**6, 3, 64, 16),
    ],
)
def test_very_many_pictures_are_reduced_further(
    count: int, channels: int, side: int, reached: int
) -> None:
    assert thumbnail_side(count, channels, side) == reached


def test_reduced_pixel_is_the_mean_of_what_it_covers() -> None:
    pixels = noise(side=8)
    means = pixels.reshape(5, 1, 4, 2, 4, 2).mean(axis=(3, 5))
    assert np.abs(reduced(pixels, 4) - means).max() <= 0.5
