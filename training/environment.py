"""By what a run was begun: code, libraries and machine."""

import shutil
import subprocess
from pathlib import Path

import torch
from pydantic import BaseModel, ConfigDict

from artifact.hardware import describe_hardware, library_versions

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


class Environment(BaseModel):
    """Kept in the checkpoint: whoever resumes or publishes a run may be another version of us."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    commit: str | None
    libraries: dict[str, str]
    hardware: str


def describe_environment(device: torch.device) -> Environment:
    """This code, on this machine and that device."""
    return Environment(
        commit=commit(),
        libraries=library_versions(*_LIBRARIES),
        hardware=_hardware(device),
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
