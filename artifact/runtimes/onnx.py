"""ONNX Runtime, for float and 8-bit files alike."""

import os
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import numpy as np

from artifact.errors import BrokenArtifact
from artifact.runtimes.base import MOST_AT_ONCE, Batch, Logits, pieces

# Pictures at once: 256 small networks' activations leave a core's caches, and take a third longer
# each than in pieces of 16 to 64.
_PIECE: Final = 32

Untyped = Any  # of ONNX Runtime, which has no annotations


class OnnxRuntime:
    """ONNX Runtime on the CPU."""

    def __init__(self, model: bytes, threads: int = 1) -> None:
        """Load a model that has one input and one output and keeps no data outside its bytes.

        Raises:
            BrokenArtifact: The bytes are no such model.
        """
        session = open_session(model, threads)
        try:
            (source,), (target,) = session.get_inputs(), session.get_outputs()
        except ValueError as error:
            raise BrokenArtifact("the model has not one input and one output") from error
        self.input_name: str = source.name
        self.output_name: str = target.name
        # Below the method that checks the input's name once more, in 2 of the 80 microseconds that
        # a small network takes.
        self._run_session = session._sess.run  # noqa: SLF001 - its own does more

    def run(self, batch: Batch) -> Logits:
        """Compute the logits [N, K] of a batch [N, C, H, W], in pieces that fit the caches."""
        if len(batch) <= _PIECE and batch.size <= MOST_AT_ONCE:
            return self._run(batch)
        return np.concatenate([self._run(piece) for piece in pieces(batch, _PIECE)])

    def _run(self, batch: Batch) -> Logits:
        logits: Logits = self._run_session([self.output_name], {self.input_name: batch}, None)[0]
        return logits


def open_session(
    model: bytes, threads: int = 1, configure: Callable[[Untyped], None] = lambda _: None
) -> Untyped:
    """Open an ONNX file's bytes.

    Args:
        model: That keeps no data outside them.
        threads: Of one run.
        configure: Is given ONNX Runtime's `SessionOptions` to change.

    Raises:
        BrokenArtifact: The bytes are no such model.
    """
    onnxruntime = import_onnxruntime()
    options = _options(onnxruntime, threads)
    configure(options)
    try:
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own tree has no common root but Exception
        reason = str(error).strip().partition("\n")[0]
        raise BrokenArtifact(f"ONNX Runtime refuses the model: {reason}") from error
    # It keeps the file for a fallback to other providers, of which there is none.
    session._model_bytes = None  # noqa: SLF001 - its own has no way to drop it
    return session


def import_onnxruntime() -> Untyped:
    """Import ONNX Runtime so that it reports to nobody."""
    # Some wheels carry a telemetry client that reads this when the library is imported.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime  # noqa: PLC0415 - after that

    onnxruntime.disable_telemetry_events()
    return onnxruntime


@cache
def _share_arena(onnxruntime: Untyped) -> None:
    """Let all sessions of this process take their memory from one arena.

    Each would keep one of its own, as large as its largest batch ever needed.
    """
    memory = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    onnxruntime.create_and_register_allocator(memory, onnxruntime.OrtArenaCfg({}))


def _options(onnxruntime: Untyped, threads: int) -> Untyped:
    _share_arena(onnxruntime)
    options = onnxruntime.SessionOptions()
    # Its default is one thread per core of the host, blind to the container's share of them.
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    # A spinning thread takes its core from the other requests and from torch.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.use_env_allocators", "1")
    # Data outside the file is looked for in the working directory, and no checksum covers it.
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", os.devnull
    )
    options.log_severity_level = 3
    return options
