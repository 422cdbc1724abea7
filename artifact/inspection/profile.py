"""How long each layer takes, by ONNX Runtime's own profiler.

ONNX Runtime fuses operators and changes the layout of maps between some: what it adds belongs to no
layer of the file, and is told apart.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from pydantic import Field

from artifact.files import temporary_folder
from artifact.hardware import describe_hardware
from artifact.inspection.layers import NetworkLayer
from artifact.latency import repeat
from artifact.manifest import Part
from artifact.runtimes.onnx import Untyped, open_session

_MOST_RUNS: Final = 100  # each writes half a kilobyte for every operator
_FEWEST_RUNS: Final = 5
_WARM_UP_RUNS: Final = 3
# What it puts around a name when it fuses an operator, or changes the layout of its maps.
_AROUND: Final = re.compile(r"^fused |(_nchwc)?(_token_\d+)?_kernel_time$")


class Profile(Part):
    """Where one picture's time goes."""

    hardware: str
    threads: int = Field(description="Of the runtime.")
    runs: int = Field(description="Timed; each time is the mean of the middle half of them.")
    layers: dict[str, float] = Field(
        description="Microseconds by the layer's name; one that was fused into another has none."
    )
    added: dict[str, float] = Field(
        description="Microseconds of what ONNX Runtime added, by operator: changes of layout."
    )
    microseconds: float = Field(
        description="From the call to the answer; more than the sum, for the profiler takes time."
    )


def profile(
    model: bytes,
    shape: tuple[int, int, int],
    layers: Sequence[NetworkLayer],
    seconds: float,
    check: Callable[[], None] = lambda: None,
) -> Profile:
    """Run an ONNX file on one picture again and again, and time each of its layers.

    Args:
        model: Bytes of the file.
        shape: Channels, height and width of its input.
        layers: Of the file.
        seconds: Spent at most, but for five runs.
        check: Called before every run, untimed; what it raises ends the measurement.
    """
    with temporary_folder() as folder:

        def configure(options: Untyped) -> None:
            options.enable_profiling = True
            options.profile_file_prefix = str(Path(folder) / "profile")

        session = open_session(model, configure=configure)
        try:
            runs = _run(session, shape, seconds, check)
        finally:
            file = Path(session.end_profiling())
        events = json.loads(file.read_bytes())
    return _summarise(events, layers, runs)


def _run(
    session: Untyped, shape: tuple[int, int, int], seconds: float, check: Callable[[], None]
) -> int:
    batch = np.random.default_rng(0).standard_normal((1, *shape), dtype=np.float32)
    name = session.get_inputs()[0].name

    def run_once() -> None:
        check()
        session.run(None, {name: batch})

    runs = repeat(run_once, seconds, fewest=_WARM_UP_RUNS + _FEWEST_RUNS, most=_MOST_RUNS)
    return len(runs) - _WARM_UP_RUNS


def _summarise(
    events: Sequence[Mapping[str, Untyped]], layers: Sequence[NetworkLayer], runs: int
) -> Profile:
    names = {name: layer.told.name for layer in layers for name in layer.names}
    timed: defaultdict[str, list[float]] = defaultdict(list)
    operators: dict[str, str] = {}
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            timed[event["name"]].append(event["dur"])
            operators[event["name"]] = event["args"]["op_name"]
    of_layers: defaultdict[str, float] = defaultdict(float)
    added: defaultdict[str, float] = defaultdict(float)
    for event_name, durations in timed.items():
        layer = names.get(_AROUND.sub("", event_name))
        times, key = (added, operators[event_name]) if layer is None else (of_layers, layer)
        times[key] += _middle(durations[-runs:])
    whole = [event["dur"] for event in events if event.get("name") == "model_run"]
    return Profile(
        hardware=describe_hardware(),
        threads=1,
        runs=runs,
        layers=of_layers,
        added=added,
        microseconds=_middle(whole[-runs:]),
    )


def _middle(durations: Sequence[float]) -> float:
    """Mean of the middle half: the profiler's clock has whole microseconds, a median too."""
    quarter = len(durations) // 4
    return float(np.mean(sorted(durations)[quarter : len(durations) - quarter]))
