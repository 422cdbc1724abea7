"""Who made the pictures of each data set, and under which licence others may show them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from training.config import DatasetName


@dataclass(frozen=True)
class Credit:
    """What is named wherever pictures are published."""

    source: str  # who made them, and where they are found
    licence: str | None  # None where none is named, or only their owner knows


CREDITS: Final[Mapping[DatasetName, Credit]] = {
    "mnist": Credit(
        "Y. LeCun, C. Cortes and C. J. C. Burges, The MNIST database of handwritten digits, "
        "http://yann.lecun.com/exdb/mnist/",
        "CC BY-SA 3.0",
    ),
    "fashion-mnist": Credit(
        "H. Xiao, K. Rasul and R. Vollgraf, Zalando SE, Fashion-MNIST, "
        "https://github.com/zalandoresearch/fashion-mnist",
        "MIT",
    ),
    "kmnist": Credit(
        "KMNIST Dataset (created by CODH), adapted from Kuzushiji Dataset (created by NIJL and "
        "others), doi:10.20676/00000341",
        "CC BY-SA 4.0",
    ),
    "qmnist": Credit(
        "C. Yadav and L. Bottou, QMNIST, https://github.com/facebookresearch/qmnist", "BSD-3-Clause"
    ),
    "emnist-digits": Credit(
        "G. Cohen, S. Afshar, J. Tapson and A. van Schaik, EMNIST, "
        "https://www.nist.gov/itl/products-and-services/emnist-dataset",
        None,
    ),
    "digits": Credit(
        "E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, "
        "https://doi.org/10.24432/C50P49",
        "CC BY 4.0",
    ),
    "folder": Credit("a folder of pictures", None),
}
