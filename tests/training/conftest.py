import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from training import data
from training.data import Dataset, Images, Split


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Threads of several test processes spin against each other."""
    torch.set_num_threads(1)


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """It interrupts, also where a shell started the tests in the background, deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def digits() -> Dataset:
    return data.load("digits", Path("nowhere"))


@pytest.fixture(scope="session")
def small(digits: Dataset) -> Split:
    """Enough of the digits to learn something from within a second."""
    split = data.split(digits, 0.8, seed=0)
    return replace(
        split,
        train=head(split.train, 320),
        validation=head(split.validation, 100),
        test=head(split.test, 60),
    )


def head(images: Images, count: int) -> Images:
    return Images(images.pixels[:count], images.labels[:count])
