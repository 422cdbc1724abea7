"""The environment of a run: code, libraries, machine, device, precision and memory."""

import ctypes
import platform
import shutil
import subprocess
from pathlib import Path

import torch

from artifact.hardware import describe_hardware, library_versions
from artifact.manifest import Part
from training.config import RunConfig
from training.errors import DeviceError
from training.networks.architectures import architecture

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

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # of malloc.h
_LARGEST_ON_HEAP = 32 << 20  # bytes: the most that glibc accepts
_KEPT = 1 << 30
_GROWTH = 64 << 20


class Environment(Part):
    """Kept in the checkpoint: another version of the code may resume or publish the run."""

    commit: str | None
    libraries: dict[str, str]
    hardware: str


def describe_environment(device: torch.device) -> Environment:
    """This code, on this machine and that device."""
    gpu = f"{torch.cuda.get_device_name(device)}; " if device.type == "cuda" else ""
    return Environment(
        commit=commit(),
        libraries=library_versions(*_LIBRARIES),
        hardware=f"{gpu}{describe_hardware()}",
    )


def commit() -> str | None:
    """The commit of this code, marked `-dirty` if it was changed since; None if it has none."""
    module = Path(__file__).resolve()
    if _git(module.parent, "ls-files", "--error-unmatch", module.name) is None:
        return None
    return _git(module.parent, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")


def _git(folder: Path, *arguments: str) -> str | None:
    """Output of git; None where git, a repository or the file in it is missing."""
    git = shutil.which("git")
    if git is None:
        return None
    answer = subprocess.run(  # noqa: S603 - fixed arguments, no shell
        [git, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() if answer.returncode == 0 else None


def choose_device(name: str) -> torch.device:
    """The device of that name; `auto` is a GPU where there is one.

    Raises:
        DeviceError: There is no such device on this machine.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise DeviceError(
            f"device {name!r} cannot be used here: accepted are auto, cpu and, with a GPU, cuda"
        ) from error
    return device


def uses_bfloat16(config: RunConfig, device: torch.device) -> bool:
    """Whether training's forward pass is lowered; weights and published models never are.

    Measured on a processor with AVX-512 BF16: standard convolutions train 1.5 times as fast,
    depthwise ones half as fast.
    """
    if config.precision != "auto":
        return config.precision == "bfloat16"
    blocks = architecture(config.architecture).blocks
    return blocks.count("conv") > len(blocks) / 2 and _has_bfloat16(device)


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu.get_capabilities().get("avx512_bf16", False))


def reuse_memory() -> None:
    """Have the C library keep freed memory, for the life of this process, where that is glibc.

    By default it returns every large tensor to the system and asks for it anew, and the kernel
    clears each page again: a third of the time of a small network's training step on a CPU.
    """
    if _has_glibc():
        library = ctypes.CDLL(None)
        library.mallopt(_MMAP_THRESHOLD, _LARGEST_ON_HEAP)
        library.mallopt(_TRIM_THRESHOLD, _KEPT)
        library.mallopt(_TOP_PAD, _GROWTH)


def give_back_memory() -> None:
    """Have the C library return what is free: glibc would keep one training's beside the next's."""
    if _has_glibc():
        ctypes.CDLL(None).malloc_trim(0)


def _has_glibc() -> bool:
    return platform.libc_ver()[0] == "glibc"
