"""Where a model comes from: code, data, libraries and machine."""

import shutil
import subprocess
from pathlib import Path

import torch

from artifact.hardware import describe_hardware, library_versions
from artifact.manifest import Provenance
from artifact.manifest import Split as SplitSizes
from training.config import RunConfig
from training.data import Split
from training.fit import Fitted

_LIBRARIES = (
    "torch",
    "torchvision",
    "numpy",
    "scikit-learn",
    "onnx",
    "onnxscript",
    "onnxruntime",
    "opencv-python-headless",
    "pillow",
)


def describe(config: RunConfig, split: Split, fitted: Fitted, device: torch.device) -> Provenance:
    """Everything that is needed to make the same weights again."""
    return Provenance(
        commit=commit(),
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
        libraries=library_versions(*_LIBRARIES),
        hardware=_hardware(device),
        seconds=fitted.seconds,
    )


def commit() -> str | None:
    """The commit of this code, marked `-dirty` if it was changed since; None if it has none."""
    here = Path(__file__).resolve()
    if _git(here.parent, "ls-files", "--error-unmatch", here.name) is None:
        return None
    return _git(here.parent, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")


def _git(folder: Path, *arguments: str) -> str | None:
    """What git answers, or None where there is no git, no repository or no such thing in it."""
    git = shutil.which("git")
    if git is None:
        return None
    answer = subprocess.run(  # noqa: S603 - fixed arguments, no shell
        [git, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() if answer.returncode == 0 else None


def _hardware(device: torch.device) -> str:
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)}; {describe_hardware()}"
    return describe_hardware()
