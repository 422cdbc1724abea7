"""The figures of the seed report, from before this project: what its studies are compared with."""

from typing import Final

from pydantic import Field

from artifact.manifest import Part, Share


class Reported(Part):
    """Accuracies of one network in the seed report; null where it has none."""

    train: Share
    validation: Share
    test: Share | None = None
    macro_recall: Share | None = None
    never_predicted: tuple[str, ...] = Field(
        (), description="Digits that its confusion matrix (nearly) never names."
    )

    @property
    def headline(self) -> float:
        """Test accuracy; validation accuracy where there is none."""
        return self.validation if self.test is None else self.test


def _network(
    train: float, validation: float, test: float, macro_recall: float, *never_predicted: str
) -> Reported:
    return Reported(
        train=train,
        validation=validation,
        test=test,
        macro_recall=macro_recall,
        never_predicted=never_predicted,
    )


REPORTED: Final[dict[str, dict[str, Reported]]] = {  # by study and arm
    "architectures": {
        "mobilenet": _network(0.9578, 0.9657, 0.8743, 0.8771, "7"),
        "conv": _network(0.9431, 0.9606, 0.7850, 0.7858, "4", "7"),
    },
    "mixes": {
        "conv1-mobile3": _network(0.9484, 0.9584, 0.7111, 0.7104, "0", "4", "7"),
        "conv3-mobile1": _network(0.9452, 0.9576, 0.7353, 0.7351, "0", "4", "7"),
    },
    "optimizers": {
        "sgd": Reported(train=0.9052, validation=0.9315),
        "adam": Reported(train=0.9578, validation=0.9657),
    },
}


def reported(study: str, arm: str) -> Reported | None:
    """What the report says of an arm, in whichever protocol a study repeats it."""
    return REPORTED.get(study.removesuffix("-ours"), {}).get(arm)
