import os
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torchvision import datasets

from training import data
from training.config import DatasetName
from training.data import Dataset, Images
from training.errors import DatasetError


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return data.load("digits", Path("nowhere"))


def idx(path: Path, values: NDArray[np.uint8]) -> None:
    """Write the IDX format of the MNIST files."""
    shape = struct.pack(f">{values.ndim}I", *values.shape)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes((0, 0, 8, values.ndim)) + shape + values.tobytes())


def family(raw: Path, train: str, test: str) -> None:
    """Write ten pictures of each class, which lie and stand alike: row 1 and column 2 differ."""
    for prefix in (train, test):
        images = np.zeros((100, 28, 28), np.uint8)
        images[:, 1, :] = 100
        images[:, 1, 2] = 200
        idx(raw / f"{prefix}-images-idx3-ubyte", images)
        idx(raw / f"{prefix}-labels-idx1-ubyte", np.tile(np.arange(10, dtype=np.uint8), 10))


FOLDERS: dict[DatasetName, str] = {
    "mnist": "MNIST",
    "fashion-mnist": "FashionMNIST",
    "kmnist": "KMNIST",
}


def test_digits_are_all_there_at_their_own_size(digits: Dataset) -> None:
    assert digits.shape == (1, 8, 8)
    assert (len(digits.learning), len(digits.test)) == (1437, 360)
    assert digits.labels == tuple("0123456789")
    assert [int(digits.test.pixels.min()), int(digits.test.pixels.max())] == [0, 255]
    assert (digits.test.pixels.dtype, digits.test.labels.dtype) == (torch.uint8, torch.int64)


def test_digits_test_part_shares_no_picture_and_has_every_class(digits: Dataset) -> None:
    seen = {picture.numpy().tobytes() for picture in digits.learning.pixels}
    shared = sum(picture.numpy().tobytes() in seen for picture in digits.test.pixels)
    assert shared == 0
    assert min(torch.bincount(digits.test.labels)) >= 34


@pytest.mark.parametrize("name", FOLDERS)
def test_raw_files_are_read_without_archives_and_digits_alone_preprocessed_as_such(
    name: DatasetName, tmp_path: Path
) -> None:
    family(tmp_path / FOLDERS[name] / "raw", "train", "t10k")
    dataset = data.load(name, tmp_path)
    assert dataset.shape == (1, 28, 28)
    assert dataset.preprocess == ("digit" if name == "mnist" else "resize")
    assert dataset.labels[9] == {"mnist": "9", "kmnist": "wo"}.get(name, "Ankle boot")
    assert (len(dataset.learning), len(dataset.test)) == (100, 100)
    assert dataset.test.pixels[0, 0, 1, 2] == 200
    assert dataset.test.labels[:11].tolist() == [*range(10), 0]


def test_emnist_pictures_are_turned_upright(tmp_path: Path) -> None:
    family(tmp_path / "EMNIST" / "raw", "emnist-digits-train", "emnist-digits-test")
    pixels = data.load("emnist-digits", tmp_path).test.pixels
    assert pixels[0, 0, :, 1].min() == 100
    assert pixels[0, 0, 2, 1] == 200
    assert pixels.is_contiguous()


def test_qmnist_labels_are_the_first_column(tmp_path: Path) -> None:
    raw = tmp_path / "QMNIST" / "raw"
    for prefix in ("train", "test"):
        idx(raw / f"qmnist-{prefix}-images-idx3-ubyte", np.ones((20, 28, 28), np.uint8))
        labels = np.zeros((20, 8), ">i4")
        labels[:, 0], labels[:, 1] = np.tile(np.arange(10), 2), 99
        (raw / f"qmnist-{prefix}-labels-idx2-int").write_bytes(
            bytes((0, 0, 12, 2)) + struct.pack(">2I", *labels.shape) + labels.tobytes()
        )
    assert data.load("qmnist", tmp_path).learning.labels.tolist() == [*range(10)] * 2


def test_reading_writes_nothing(tmp_path: Path) -> None:
    family(tmp_path / "MNIST" / "raw", "train", "t10k")
    before = [(path, path.stat().st_mtime_ns) for path in sorted(tmp_path.rglob("*"))]
    data.load("mnist", tmp_path)
    assert [(path, path.stat().st_mtime_ns) for path in sorted(tmp_path.rglob("*"))] == before


def test_missing_set_where_nothing_can_be_written_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatasetError, match=r"kmnist is neither readable.* --data-dir .*digits"):
        data.load("kmnist", tmp_path / "file")


def test_missing_set_without_a_network_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets.MNIST, "mirrors", ["http://127.0.0.1:9/"])
    with pytest.raises(DatasetError, match=r"mnist is neither readable.*downloadable") as error:
        data.load("mnist", tmp_path)
    assert str(tmp_path) not in str(error.value)


@pytest.mark.parametrize("kept", [0, 3, 10, 50, -1], ids=lambda kept: f"{kept} bytes")
@pytest.mark.parametrize("part", ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
def test_truncated_file_is_a_damaged_set(part: str, kept: int, tmp_path: Path) -> None:
    raw = tmp_path / "MNIST" / "raw"
    family(raw, "train", "t10k")
    path = raw / part
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DatasetError, match="mnist"):
        data.load("mnist", tmp_path)


@pytest.mark.parametrize(
    "labels",
    [np.zeros(100), np.tile(np.arange(10), 9), np.tile(np.arange(11), 10)[:100]],
    ids=["one class", "too few", "too many classes"],
)
def test_labels_that_do_not_fit_are_a_damaged_set(
    labels: NDArray[np.float64], tmp_path: Path
) -> None:
    raw = tmp_path / "MNIST" / "raw"
    family(raw, "train", "t10k")
    idx(raw / "train-labels-idx1-ubyte", labels.astype(np.uint8))
    with pytest.raises(DatasetError, match=r"mnist has .* damaged"):
        data.load("mnist", tmp_path)


@pytest.mark.parametrize("ratio", [0.5, 0.8, 0.9])
def test_split_is_stratified_and_complete(ratio: float, digits: Dataset) -> None:
    split = data.split(digits, ratio, seed=0)
    assert len(split.train) + len(split.validation) == len(digits.learning)
    whole = torch.bincount(digits.learning.labels)
    assert torch.allclose(
        torch.bincount(split.train.labels) / whole, torch.tensor(ratio), atol=0.01
    )


def test_split_shares_no_image(digits: Dataset) -> None:
    numbered = Images(torch.arange(len(digits.learning)).view(-1, 1, 1, 1), digits.learning.labels)
    dataset = Dataset.of_tensors("numbered", digits.labels, numbered, numbered)
    split = data.split(dataset, 0.8, seed=0)
    drawn = torch.cat([split.train.pixels, split.validation.pixels]).flatten()
    assert torch.equal(drawn.sort().values, torch.arange(len(numbered)))


def test_split_follows_the_seed(digits: Dataset) -> None:
    first, again, other = (data.split(digits, 0.8, seed).train.pixels for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("ratio", [0.001, 0.999])
def test_split_without_some_class_is_refused(ratio: float, digits: Dataset) -> None:
    with pytest.raises(DatasetError, match=str(ratio)):
        data.split(digits, ratio, seed=0)


@pytest.mark.skipif("TANDEM_TEST_DATA" not in os.environ, reason="TANDEM_TEST_DATA names no MNIST")
def test_mnist_itself_is_read() -> None:
    dataset = data.load("mnist", Path(os.environ["TANDEM_TEST_DATA"]))
    assert (len(dataset.learning), len(dataset.test)) == (60_000, 10_000)
    assert dataset.test.labels[:5].tolist() == [7, 2, 1, 0, 4]


def test_only_mnists_own_labels_are_disputed(tmp_path: Path, digits: Dataset) -> None:
    family(tmp_path / "MNIST" / "raw", "train", "t10k")
    disputed = data.load("mnist", tmp_path).disputed
    assert len(disputed) == 15
    assert {947, 9729} <= disputed
    assert digits.disputed == frozenset()


def test_split_hands_the_disputed_labels_on(tmp_path: Path) -> None:
    family(tmp_path / "MNIST" / "raw", "train", "t10k")
    dataset = data.load("mnist", tmp_path)
    split = data.split(dataset, 0.8, seed=0).to(torch.device("cpu"))
    assert split.disputed == dataset.disputed
    assert len(split.test) == 100, "none is dropped"


@pytest.mark.parametrize("count", [1, 100, 5000])
def test_sample_is_the_same_each_time_and_of_mixed_classes(count: int, digits: Dataset) -> None:
    first, again = (data.sample(digits.learning, count) for _ in range(2))
    assert torch.equal(first.pixels, again.pixels)
    assert len(first) == min(count, len(digits.learning))
    if count == 100:
        assert len(torch.unique(first.labels)) == 10
