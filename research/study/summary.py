"""From the outcomes of a study's runs to its figures: means, spreads, and what is noise."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations

import numpy as np
from scipy import stats

from artifact.statistics.paired import holm
from artifact.study import MissingRun, Outcome, Study, StudyArm, StudyPair, Summary
from research.study.definition import Arm, Definition
from training.errors import StudyError

Outcomes = Mapping[int, Outcome]  # of one arm, by seed

_CONFIDENCE = 0.95


def summarise(
    definition: Definition, outcomes: Mapping[str, Outcomes], missing: Sequence[MissingRun] = ()
) -> Study:
    """Everything that the study says, but its figures.

    Raises:
        StudyError: No arm has any result.
    """
    arms = tuple(
        _arm(arm, outcomes[arm.label]) for arm in definition.arms if outcomes.get(arm.label)
    )
    if not arms:
        raise StudyError(f"study {definition.name!r} has no finished run")
    return Study(
        name=definition.name,
        question=definition.question,
        protocol=definition.protocol,
        base=definition.base.model_dump(mode="json"),
        arms=arms,
        pairs=_pairs({arm.label: outcomes[arm.label] for arm in arms}),
        missing=tuple(missing),
    )


def summary(values: Sequence[float]) -> Summary:
    """Mean, standard deviation, and Student's 95% interval of the mean."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return Summary(mean=mean, standard_deviation=None, interval=None)
    error = float(stats.sem(values))
    return Summary(
        mean=mean,
        standard_deviation=float(np.std(values, ddof=1)),
        interval=stats.t.interval(_CONFIDENCE, len(values) - 1, mean, error)
        if error
        else (mean,) * 2,
    )


def _arm(arm: Arm, outcomes: Outcomes) -> StudyArm:
    def over_seeds(figure: Callable[[Outcome], float]) -> Summary:
        return summary([figure(outcome) for outcome in outcomes.values()])

    network = next(iter(outcomes.values())).network
    found = Counter(
        name
        for outcome in outcomes.values()
        for name in {finding.name for finding in outcome.findings}
    )
    return StudyArm(
        label=arm.label,
        changes=arm.changes,
        head=arm.head,
        runs={seed: outcome.digest for seed, outcome in outcomes.items()},
        parameters=network.parameters,
        macs=network.macs,
        train_accuracy=over_seeds(lambda outcome: outcome.metrics.train.accuracy),
        validation_accuracy=over_seeds(lambda outcome: outcome.metrics.validation.accuracy),
        test_accuracy=over_seeds(lambda outcome: outcome.metrics.test.accuracy),
        macro_recall=over_seeds(lambda outcome: outcome.metrics.test.macro.recall),
        seconds=over_seeds(lambda outcome: outcome.provenance.seconds),
        findings=dict(sorted(found.items())),
    )


def _pairs(outcomes: Mapping[str, Outcomes]) -> tuple[StudyPair, ...]:
    """Every two arms, with their p corrected for being told together."""
    pairs = [_compare(one, other, outcomes) for one, other in combinations(outcomes, 2)]
    corrected = iter(holm([pair.p_value for pair in pairs if pair.p_value is not None]))
    return tuple(
        pair
        if pair.p_value is None
        else pair.model_copy(update={"adjusted_p_value": next(corrected)})
        for pair in pairs
    )


def _compare(one: str, other: str, outcomes: Mapping[str, Outcomes]) -> StudyPair:
    """Two arms compared on the seeds that both have, the better one first."""
    seeds = sorted(outcomes[one].keys() & outcomes[other].keys())
    differences = np.array([_test(outcomes[one][k]) - _test(outcomes[other][k]) for k in seeds])
    if differences.size and differences.mean() < 0:
        one, other, differences = other, one, -differences
    interval, p_value = _noise(differences)
    return StudyPair(
        first=one,
        second=other,
        seeds=len(seeds),
        difference=float(differences.mean()) if seeds else None,
        interval=interval,
        p_value=p_value,
        adjusted_p_value=None,
    )


def _noise(
    differences: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> tuple[tuple[float, float] | None, float | None]:
    """Interval and p of Student's paired test; None where there is no spread to judge by."""
    if len(differences) < 2 or not np.ptp(differences):
        return None, None
    test = stats.ttest_1samp(differences, 0)
    low, high = test.confidence_interval(_CONFIDENCE)
    return (float(low), float(high)), float(test.pvalue)


def _test(outcome: Outcome) -> float:
    return outcome.metrics.test.accuracy
