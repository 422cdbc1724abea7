"""Where a model comes from: code, data, libraries and machine."""

from artifact.manifest import Provenance
from artifact.manifest import Split as SplitSizes
from training.config import RunConfig
from training.data import Split
from training.fit import Fitted


def describe(config: RunConfig, split: Split, fitted: Fitted) -> Provenance:
    """Everything that is needed to make the same weights again."""
    return Provenance(
        commit=fitted.origin.commit,
        seed=config.seed,
        config=config.model_dump(mode="json"),
        dataset=config.dataset,
        split=SplitSizes(
            train=len(split.train),
            validation=len(split.validation),
            test=len(split.test),
            ratio=config.train_ratio,
            seed=config.seed,
        ),
        epoch=fitted.epoch,
        libraries=fitted.origin.libraries,
        hardware=fitted.origin.hardware,
        seconds=fitted.seconds,
    )
