"""What was tried to make the published models better, and what did not pay."""

from collections.abc import Iterator

from research.report.evidence import Evidence, Trial
from research.report.words import percent, signed, table


def frontier(evidence: Evidence) -> Iterator[str]:
    """One table, what was kept first."""
    if not evidence.trials:
        return
    kept = [trial for trial in evidence.trials if trial.kept]
    dropped = [trial for trial in evidence.trials if not trial.kept]
    yield "## What was tried for the published models"
    yield (
        f"{len(evidence.trials)} changes were tried, {len(kept)} were kept, some until a "
        "later one. The decisions rest on the part of the data that the table names; a change of "
        "one seed says little."
    )
    head = ["model", "tried", "why", "kept", "measured on", "seeds", "right", "against without"]
    yield table(head, [*map(_row, kept), *map(_row, dropped)], left=5)


def _row(trial: Trial) -> list[str]:
    deviation = trial.standard_deviation
    right = percent(trial.accuracy)
    if deviation is not None:
        right = f"{100 * trial.accuracy:.2f} ± {100 * deviation:.2f}%"
    against = "-" if trial.baseline is None else signed(trial.accuracy - trial.baseline)
    kept = "yes" if trial.kept else "no"
    words = [f"`{trial.model}`", trial.tried, trial.note or "-", kept, trial.measured_on]
    return [*words, str(trial.seeds), right, against]
