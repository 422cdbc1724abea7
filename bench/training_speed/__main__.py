"""`python -m bench.training_speed`: race PyTorch's MNIST example to an accuracy, and report.

The two train in turn, several times; nothing else should run on the machine.
"""

import argparse
from datetime import UTC, datetime
from pathlib import Path

import torch

from artifact.hardware import describe_hardware, usable_cores
from bench.training_speed.example import Example
from bench.training_speed.race import Runner, RunnerName, race
from bench.training_speed.report import Results, draw, page
from bench.training_speed.tandem import Tandem
from training.environment import choose_device
from training.figures.canvas import png


def main() -> None:
    """Race, and write the page, the figures and the picture."""
    options = _parser().parse_args()
    torch.set_num_threads(options.threads)
    device = choose_device(options.device)
    runners: dict[RunnerName, Runner] = {
        "tandem": Tandem(options.data_dir, device),
        "example": Example(options.data_dir, device),
    }
    races = [
        race(name, runner, seed, options.accuracy)
        for seed in range(options.repeats)
        for name, runner in runners.items()
    ]
    results = Results(
        when=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        hardware=describe_hardware()
        if device.type == "cpu"
        else torch.cuda.get_device_name(device),
        torch=torch.__version__,
        threads=options.threads,
        accuracy=options.accuracy,
        races=tuple(races),
    )
    _write(results, options.output)


def _write(results: Results, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "training_speed.json").write_text(results.model_dump_json(indent=2) + "\n")
    (folder / "training_speed.png").write_bytes(png(draw(results)))
    (folder / "TRAINING_SPEED.md").write_text(page(results, "make bench-training"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m bench.training_speed", description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=Path("data"))
    parser.add_argument("--output", type=Path, default=Path("docs"))
    parser.add_argument("--accuracy", type=float, default=0.99)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=usable_cores())
    parser.add_argument("--device", default="auto")
    return parser


if __name__ == "__main__":
    main()
