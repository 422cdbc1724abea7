"""A study as a person reads it in a terminal."""

from collections.abc import Iterator
from typing import Final

from artifact.metrics import Metrics
from artifact.repository import Artifact
from artifact.study import Study, StudyPair, Summary

_ARM: Final = "  {:<24}{:>22}{:>22}{:>10}{:>7}   {}"
_PAIR: Final = "  {:<46}{:>26} {:>10}   {}"


def lines(study: Study) -> Iterator[str]:
    """Write arms, pairs, and what is missing."""
    yield ""
    yield f"{study.name}: {study.question}"
    yield _ARM.format(
        "arm", "test accuracy", "validation accuracy", "seconds", "seeds", ""
    ).rstrip()
    for arm in study.arms:
        yield _ARM.format(
            arm.label,
            accuracy(arm.test_accuracy),
            accuracy(arm.validation_accuracy),
            f"{arm.seconds.mean:.0f}",
            len(arm.runs),
            ", ".join(f"{name} in {count}" for name, count in arm.findings.items()),
        ).rstrip()
    for pair in study.pairs:
        yield _PAIR.format(f"{pair.first} over {pair.second}", *_told(pair)).rstrip()
    for run in study.missing:
        yield f"  missing: {run.arm}, seed {run.seed}: {run.reason}"


def seed_lines(artifact: Artifact) -> Iterator[str]:
    """Write what every seed of a published model gave, and which one it is."""
    seeds = artifact.document("metrics", Metrics).seeds
    if seeds is None:
        return
    yield ""
    for seed, test in seeds.test_accuracy.items():
        validation = (seeds.validation_accuracy or {}).get(seed)
        chosen = "published" if seed == artifact.manifest.provenance.seed else ""
        on_validation = "" if validation is None else f"  validation {validation:.2%}"
        yield f"  seed {seed:>3}{on_validation}  test {test:.2%}  {chosen}".rstrip()
    yield f"  mean {seeds.mean:.3%} ± {seeds.standard_deviation:.3%} on test"


def accuracy(figure: Summary) -> str:
    """Mean and standard deviation, in percent."""
    if figure.standard_deviation is None:
        return f"{figure.mean:.2%}"
    return f"{figure.mean:.2%} ± {figure.standard_deviation:.2%}"


def _told(pair: StudyPair) -> tuple[str, str, str]:
    if pair.difference is None:
        return "-", "", "no seed in common"
    points = f"{100 * pair.difference:+.2f} points"
    if pair.interval is None or pair.adjusted_p_value is None:
        return points, "", "too few seeds to tell"
    low, high = pair.interval
    verdict = "more than noise" if pair.more_than_noise else "no more than noise"
    interval = f"{points} ({100 * low:+.2f} to {100 * high:+.2f})"
    return interval, f"p = {pair.adjusted_p_value:.2g}", verdict
