"""The seed report's own figures, and the same comparisons repeated here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from matplotlib.figure import Figure

from artifact.study import REPORTED, Reported, Study, StudyArm, StudyPair, Summary, WholeStudy
from research.study.summary import adjusted, compare
from training.figures.canvas import BLUE, GREEN, PALE, VERMILION, blank, styled

ITS_PROTOCOL, OUR_PROTOCOL = "the report's protocol", "our protocol"

_ROW_INCHES: Final = 0.5


TITLES: Final = {
    "architectures": "Architecture 1 against architecture 2",
    "mixes": "One conv and three mobile blocks against three conv and one mobile",
    "optimizers": "SGD against Adam",
}


class Gap(NamedTuple):
    """Validation accuracy minus test accuracy: in the report, and at most in the repetition."""

    least: float
    most: float
    repeated: float


@dataclass(frozen=True)
class SeedComparison:
    """One comparison of the report."""

    name: str  # of its study
    its: WholeStudy | None  # the study that repeats it in the report's protocol
    ours: WholeStudy | None  # the study that repeats it in this project's protocol

    @property
    def title(self) -> str:
        """As a heading says it."""
        return TITLES[self.name]

    @property
    def reported(self) -> Mapping[str, Reported]:
        """The report's figures by arm."""
        return REPORTED[self.name]

    @property
    def studies(self) -> Mapping[str, Study]:
        """The repetitions by the name of their protocol."""
        both = {ITS_PROTOCOL: self.its, OUR_PROTOCOL: self.ours}
        return {protocol: whole.study for protocol, whole in both.items() if whole is not None}

    @property
    def repeated(self) -> Mapping[str, StudyArm]:
        """Arms of the report that were repeated in its protocol."""
        arms = self.its.study.arms if self.its else ()
        return {arm.label: arm for arm in arms if arm.label in self.reported}

    @property
    def gap(self) -> Gap | None:
        """How far validation and test accuracy are apart; None where one of them is missing."""
        gaps = [row.validation - row.test for row in self.reported.values() if row.test is not None]
        if not gaps or not self.repeated:
            return None
        repeated = max(
            abs(arm.validation_accuracy.mean - arm.test_accuracy.mean)
            for arm in self.repeated.values()
        )
        return Gap(min(gaps), max(gaps), repeated)

    @property
    def better(self) -> str:
        """Label of the arm that is ahead in the report."""
        return max(self.reported, key=lambda label: self.reported[label].headline)

    @property
    def lead(self) -> float:
        """By how much it is ahead there."""
        accuracies = [row.headline for row in self.reported.values()]
        return max(accuracies) - min(accuracies)

    def pair(self, study: Study) -> StudyPair | None:
        """The report's two arms in a repetition; None where one of them has no result."""
        return study.pair(*self.reported)

    @property
    def protocols(self) -> Mapping[str, StudyPair]:
        """Our protocol against the report's, by arm: arms that train the same network in both."""
        if self.its is None or self.ours is None:
            return {}
        shared = [
            (arm, other)
            for arm in self.its.study.arms
            for other in self.ours.study.arms
            if arm.label == other.label
            and _network(self.its.study, arm) == _network(self.ours.study, other)
        ]
        pairs = adjusted(
            compare(
                OUR_PROTOCOL,
                ITS_PROTOCOL,
                {
                    ITS_PROTOCOL: {seed: self.its.runs[run] for seed, run in arm.runs.items()},
                    OUR_PROTOCOL: {seed: self.ours.runs[run] for seed, run in other.runs.items()},
                },
            )
            for arm, other in shared
        )
        return {arm.label: pair for (arm, _), pair in zip(shared, pairs, strict=True)}


def comparisons(studies: Mapping[str, WholeStudy]) -> list[SeedComparison]:
    """Every comparison of the report that was repeated in its protocol or in ours."""
    found = (
        SeedComparison(name, studies.get(name), studies.get(f"{name}-ours")) for name in TITLES
    )
    return [comparison for comparison in found if comparison.studies]


@dataclass(frozen=True)
class FigureRow:
    """One network of the report: its test accuracy there, and here by protocol."""

    label: str
    reported: float
    repeated: Mapping[str, Summary]


def figure_rows(found: list[SeedComparison]) -> Iterator[FigureRow]:
    """Every network of the report with a test accuracy that was repeated."""
    for comparison in found:
        for label, row in comparison.reported.items():
            repeated = {
                protocol: arm.test_accuracy
                for protocol, study in comparison.studies.items()
                for arm in study.arms
                if arm.label == label
            }
            if repeated and row.test is not None:
                yield FigureRow(label, row.test, repeated)


@styled
def draw_seed_report(rows: list[FigureRow]) -> Figure:
    """Draw each network's accuracies in a row; a line is the 95% interval over the seeds."""
    figure = blank(1.9 + _ROW_INCHES * len(rows), "test accuracy: the seed report, and here")
    axes = figure.subplots()
    places = range(len(rows))
    reported = [100 * row.reported for row in rows]
    axes.plot(reported, places, "X", color=VERMILION, markersize=8, label="as reported")
    styles = {
        ITS_PROTOCOL: ("its protocol, without the fault", "o", BLUE),
        OUR_PROTOCOL: ("our protocol", "D", GREEN),
    }
    for protocol, (label, marker, colour) in styles.items():
        drawn = [
            (y, row.repeated[protocol]) for y, row in enumerate(rows) if protocol in row.repeated
        ]
        values = [100 * summary.mean for _, summary in drawn]
        if drawn:
            axes.plot(values, [y for y, _ in drawn], marker, color=colour, label=label)
        for y, summary in drawn:
            if summary.interval is not None:
                axes.plot([100 * end for end in summary.interval], [y, y], color=colour)
    axes.set_yticks(places, [row.label for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=PALE, linewidth=0.6)
    axes.set_xlabel("%")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.2), ncols=3, frameon=False)
    return figure


def _network(study: Study, arm: StudyArm) -> object:
    """The architecture that the arm trains."""
    return {**study.base, **arm.changes}["architecture"]
