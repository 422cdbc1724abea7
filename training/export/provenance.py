"""Where a model comes from: code, data, libraries and machine."""

import hashlib

from artifact.manifest import Provenance
from artifact.manifest import Split as SplitSizes
from training.config import RunConfig
from training.data import Images, Split
from training.distillation import Teacher
from training.fit import Fitted


def digest(images: Images) -> str:
    """SHA-256 of the stored pixels and labels, in their order."""
    content = hashlib.sha256()
    for part in (images.pixels, images.labels):
        content.update(part.cpu().contiguous().numpy().tobytes())
    return content.hexdigest()


def describe(
    config: RunConfig, split: Split, fitted: Fitted, teacher: Teacher | None = None
) -> Provenance:
    """Everything that is needed to make the same weights again."""
    return Provenance(
        commit=fitted.environment.commit,
        seed=config.seed,
        config=config.model_dump(mode="json"),
        dataset=config.dataset,
        split=SplitSizes(
            train=len(split.train),
            validation=len(split.validation),
            test=len(split.test),
            ratio=config.train_ratio,
            seed=config.seed,
            test_sha256=digest(split.test),
        ),
        epoch=fitted.epoch,
        teacher=teacher.described if teacher else None,
        libraries=fitted.environment.libraries,
        hardware=fitted.environment.hardware,
        seconds=fitted.seconds,
    )
