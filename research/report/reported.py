"""What the seed report says, to be held against what is found here."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Reported:
    """Accuracies of one of its networks, as it reports them; None where it does not."""

    train: float
    validation: float
    test: float | None = None
    macro_recall: float | None = None


_ADAM: Final = Reported(0.9578, 0.9657)
REPORTED: Final[dict[str, dict[str, Reported]]] = {  # by study and arm
    "architectures": {
        "mobilenet": Reported(0.9578, 0.9657, 0.8743, 0.8771),
        "conv": Reported(0.9431, 0.9606, 0.7850, 0.7858),
    },
    "mixes": {
        "conv1-mobile3": Reported(0.9484, 0.9584, 0.7111, 0.7104),
        "conv3-mobile1": Reported(0.9452, 0.9576, 0.7353, 0.7351),
    },
    "optimizers": {"sgd": Reported(0.9052, 0.9315), "adam": _ADAM},
}
NEVER_PREDICTED: Final = {  # by arm: digits that its confusion matrix (nearly) never names
    "mobilenet": "7",
    "conv": "4 and 7",
    "conv1-mobile3 and conv3-mobile1": "0, 4 and 7",
}
