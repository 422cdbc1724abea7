"""Every runtime by its id: the package that it needs, and how a model file is opened on it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

from artifact.errors import RuntimeUnavailable
from artifact.manifest import RuntimeId
from artifact.runtimes.base import Runtime
from artifact.runtimes.onnx import OnnxRuntime


@dataclass(frozen=True, slots=True)
class RuntimeEntry:
    """One row of the table."""

    package: str  # that must be installed
    open: Callable[[bytes, int], Runtime]  # loads a model file's bytes, for so many threads


def _open_torchscript(model: bytes, threads: int) -> Runtime:
    from artifact.runtimes.torchscript import TorchScriptRuntime  # noqa: PLC0415 - imports torch

    return TorchScriptRuntime(model, threads)


RUNTIMES: Final[Mapping[RuntimeId, RuntimeEntry]] = {
    "onnx": RuntimeEntry("onnxruntime", OnnxRuntime),
    "onnx-int8": RuntimeEntry("onnxruntime", OnnxRuntime),
    "torchscript": RuntimeEntry("torch", _open_torchscript),
}


def is_installed(runtime: RuntimeId) -> bool:
    """Whether the package that the runtime needs can be imported; does not import it."""
    return find_spec(RUNTIMES[runtime].package) is not None


def missing_runtimes() -> dict[RuntimeId, str]:
    """Say of each runtime that cannot be had here which package it lacks."""
    return {
        runtime: f"needs the package {entry.package}, which is not installed"
        for runtime, entry in RUNTIMES.items()
        if not is_installed(runtime)
    }


def open_runtime(runtime: RuntimeId, model: bytes, threads: int = 1) -> Runtime:
    """Load a model file's bytes into the runtime that executes it.

    Raises:
        BrokenArtifact: The bytes are not what the runtime reads.
        RuntimeUnavailable: The runtime's package is not installed.
    """
    missing = missing_runtimes()
    if runtime in missing:
        installed = ", ".join(name for name in RUNTIMES if name not in missing) or "none"
        raise RuntimeUnavailable(
            f"runtime {runtime} {missing[runtime]}; installed runtimes: {installed}"
        )
    return RUNTIMES[runtime].open(model, threads)
