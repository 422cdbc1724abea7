"""What the races say, as a page and a picture."""

from statistics import median

from matplotlib.figure import Figure

from artifact.manifest import Part
from bench.training_speed.race import Race, RunnerName
from bench.training_speed.tandem import QUICK
from research.documents import render
from research.output import markdown
from training.figures.canvas import BLUE, FADED, VERMILION, blank, styled

_COLOURS: dict[RunnerName, str] = {"example": VERMILION, "tandem": BLUE}
_NAMES: dict[RunnerName, str] = {"example": "PyTorch's MNIST example", "tandem": "Tandem, quick"}


class Results(Part):
    """All races of one run on one machine."""

    when: str
    hardware: str
    torch: str
    threads: int
    accuracy: float
    races: tuple[Race, ...]

    def seconds(self, runner: RunnerName) -> list[float | None]:
        """Of every race of that runner, to the accuracy."""
        return [race.seconds_to(self.accuracy) for race in self.races if race.runner == runner]

    @property
    def ratio(self) -> float | None:
        """How many times sooner Tandem is there, by the medians; None where one never was."""
        example, tandem = self.seconds("example"), self.seconds("tandem")
        if not all(example) or not all(tandem):
            return None
        return median(filter(None, example)) / median(filter(None, tandem))


def page(results: Results, command: str) -> str:
    """The page, in Markdown."""
    head = ("", "seed", "epochs", "seconds", "test accuracy then")
    rows = (_row(race, results.accuracy) for race in results.races)
    return render(
        __package__,
        "training_speed.md.j2",
        results=results,
        command=command,
        races="\n".join(markdown("<>>>>", head, rows)),
        options=_options(),
    )


def _row(race: Race, accuracy: float) -> tuple[str, ...]:
    last, reached = race.laps[-1], race.seconds_to(accuracy) is not None
    seconds = f"{last.seconds:.1f}" if reached else f"not within {last.seconds:.1f}"
    name = _NAMES[race.runner]
    return name, f"{race.seed}", f"{len(race.laps)}", seconds, f"{last.accuracy:.2%}"


def _options() -> str:
    return (
        f"--architecture {QUICK.architecture} --pooling {QUICK.pooling} --epochs {QUICK.epochs} "
        f"--batch-size {QUICK.batch_size} --loss {QUICK.loss} "
        f"--learning-rate {QUICK.learning_rate:g} "
        f"--ema-decay {QUICK.ema_decay:g} --strength {QUICK.augmentation.strength:g}"
    )


@styled
def draw(results: Results) -> Figure:
    """Test accuracy over seconds, on a logarithmic axis, with the target accuracy."""
    figure = blank(4.5, f"Seconds to {results.accuracy:.1%} of the test images")
    axes = figure.subplots()
    axes.axhline(100 * results.accuracy, color=FADED, linewidth=1)
    for runner, name in _NAMES.items():
        races = [race for race in results.races if race.runner == runner]
        for race in races:
            label = name if race is races[0] else None
            seconds = [lap.seconds for lap in race.laps]
            shares = [100 * lap.accuracy for lap in race.laps]
            axes.plot(seconds, shares, "o-", color=_COLOURS[runner], label=label)
    axes.set_xscale("log")
    axes.set_xlabel("seconds since the start")
    axes.set_ylabel("test accuracy, %")
    axes.legend(frameon=False, loc="lower right")
    return figure
