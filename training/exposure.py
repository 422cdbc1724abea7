"""What a run shows its network beside the data set: pictures of no class, other handwriting."""

from dataclasses import replace

from torch import Tensor

from training import outliers
from training.config import RunConfig
from training.data import Images, Outliers, Split
from training.errors import DatasetError
from training.outliers.shelf import Shelf
from vision.input import Input

_LEARNT = 1500  # outliers of each kind: fewer are learnt by heart
_WRITTEN = 6000  # digits as other people write them
_JUDGED = 300  # of each kind: an AUROC to a few tenths of a point
_SEED = 0  # the same outliers for every run: seeds then differ in what they make of them


def with_outliers(split: Split, config: RunConfig, wanted: Input, shelf: Shelf) -> Split:
    """Add what is no picture of any class: to learn, where the config asks for it, and to judge.

    Args:
        split: Its training images are also drawn anew as other people write.
        config: Says whether outliers are learnt.
        wanted: What the network takes.
        shelf: Keeps what was drawn for the next run.

    Raises:
        DatasetError: They are asked for where it is not known what is one.
    """
    judged = _reaching("held-out", _JUDGED, wanted, shelf)
    learnt = _learnt(split, config, wanted, shelf) if config.outlier_weight else None
    return replace(split, outliers=Outliers(learnt, judged))


def _learnt(split: Split, config: RunConfig, wanted: Input, shelf: Shelf) -> Images:
    if not (kinds := _reaching("fitting", _LEARNT, wanted, shelf)):
        raise DatasetError(
            f"--outlier-weight {config.outlier_weight} with {config.dataset}: it is not known "
            "what is no picture of its classes; accepted is 0, or a set of MNIST's digits"
        )
    return outliers.to_learn(kinds, _printed(wanted, shelf), _written(split, wanted, shelf))


def _reaching(part: outliers.Part, count: int, wanted: Input, shelf: Shelf) -> dict[str, Tensor]:
    decides = {"part": part, "count": count, "seed": _SEED, **_look(wanted)}
    return shelf.get(
        f"outliers-{part}", decides, lambda: outliers.reaching(part, count, _SEED, wanted)
    )


def _printed(wanted: Input, shelf: Shelf) -> Images:
    decides = {"count": _LEARNT, "seed": _SEED, **_look(wanted)}
    return Images(
        **shelf.get(
            "printed", decides, lambda: vars(outliers.printed("fitting", _LEARNT, _SEED, wanted))
        )
    )


def _written(split: Split, wanted: Input, shelf: Shelf) -> Images:
    data = split.data
    decides = {
        "of": (data.sha256, data.train_ratio, data.seed),
        "count": _WRITTEN,
        **_look(wanted),
    }
    return Images(
        **shelf.get(
            "written", decides, lambda: vars(outliers.written(split.train, _WRITTEN, _SEED, wanted))
        )
    )


def _look(wanted: Input) -> dict[str, object]:
    """What of the input decides the pictures: they are kept before they are normalised."""
    return {"shape": wanted.shape, "mode": wanted.mode, "preprocess": wanted.preprocess}
