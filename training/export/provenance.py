"""Where a model comes from: code, data, libraries and machine."""

from artifact.manifest import Provenance
from artifact.manifest import Split as SplitSizes
from training.config import RunConfig
from training.data import Split
from training.distillation import Teacher
from training.fit import Fitted


def describe(
    config: RunConfig, split: Split, fitted: Fitted, teacher: Teacher | None = None
) -> Provenance:
    """Everything that is needed to make the same weights again."""
    return Provenance(
        commit=fitted.environment.commit,
        seed=config.seed,
        config=config.model_dump(mode="json"),
        dataset=split.data.dataset,
        data_sha256=split.data.sha256,
        split=SplitSizes(
            train=len(split.train),
            validation=len(split.validation),
            test=len(split.test),
            ratio=split.data.train_ratio,
            seed=split.data.seed,
            test_sha256=split.data.test_sha256,
        ),
        epoch=fitted.epoch,
        teacher=teacher.described if teacher else None,
        libraries=fitted.environment.libraries,
        hardware=fitted.environment.hardware,
        seconds=fitted.seconds,
    )
