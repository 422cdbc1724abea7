"""scikit-learn's 1,797 handwritten digits: small, real, and always at hand."""

import numpy as np
import torch
from sklearn.datasets import load_digits as read_digits
from sklearn.model_selection import train_test_split

from training.data.values import Dataset, Images

DIGITS = tuple("0123456789")


def load_digits() -> Dataset:
    """The digits at their own size, 8x8; a fixed stratified fifth of them is test."""
    bunch = read_digits()
    pixels = torch.from_numpy(np.rint(bunch.images * (255 / 16)).astype(np.uint8))[:, None]
    images = Images(pixels, torch.from_numpy(bunch.target).long())
    learning, test = train_test_split(
        np.arange(len(images)), test_size=0.2, stratify=bunch.target, random_state=0
    )
    return Dataset.of_tensors(
        "digits",
        labels=DIGITS,
        learning=images[torch.from_numpy(np.sort(learning))],
        test=images[torch.from_numpy(np.sort(test))],
    )
