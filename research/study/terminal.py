"""What a person sees of a study in a terminal: a line a finished run, then tables."""

import time
from collections.abc import Iterable, Iterator, Sequence

from artifact.metrics import Metrics
from artifact.repository import Artifact
from artifact.study import Study, StudyArm, StudyPair, Summary
from research.output import plain, say
from research.study.definition import Run
from research.study.execution import Result


def with_progress(results: Iterable[Result], runs: Sequence[Run]) -> Iterator[Result]:
    """Pass the results of these runs on, and write a line of each: what it is, and what is left."""
    works, done = [*map(_work, runs)], list[float]()
    began = time.monotonic()
    for result in results:
        yield result
        done.append(_work(result.job.run))
        elapsed = time.monotonic() - began
        place = f"[{len(done):>{len(str(len(works)))}}/{len(works)}]"
        rate = f"{3600 * len(done) / max(elapsed, 1e-9):.1f} runs/h"
        left = f"{duration(elapsed * (sum(works) / sum(done) - 1))} left"
        say([f"{place} {result.job.name:<42} {_outcome(result)}  {rate}, {left}"])


def duration(seconds: float) -> str:
    """A time as a person says it."""
    minutes = round(seconds / 60)
    if minutes < 2:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def _work(run: Run) -> float:
    """In passes over all images."""
    return run.config.epochs * run.config.train_ratio


def _outcome(result: Result) -> str:
    if result.outcome is None:
        return f"FAILED: {result.reason}"
    metrics, provenance = result.outcome.metrics, result.outcome.provenance
    findings = sorted({finding.name for finding in result.outcome.findings})
    return (
        f"test {metrics.test.accuracy:.2%}  validation {metrics.validation.accuracy:.2%}  "
        f"epoch {provenance.epoch}/{len(metrics.curves)}  {provenance.seconds:.0f} s"
        + (f"  flawed: {', '.join(findings)}" if findings else "")
    )


def lines(study: Study) -> Iterator[str]:
    """Arms, pairs and missing runs, as tables for a terminal."""
    yield ""
    yield f"{study.name}: {study.question}"
    head = ("arm", "test accuracy", "validation accuracy", "seconds", "seeds", "findings")
    yield from plain("<>>>><", head, map(_arm, study.arms))
    if study.pairs:
        yield from plain("<>><", ("pair", "points (95%)", "p", ""), map(_pair, study.pairs))
    for run in study.missing:
        yield f"  missing: {run.arm}, seed {run.seed}: {run.reason}"


def seed_lines(artifact: Artifact) -> Iterator[str]:
    """The accuracies of every seed of a published model, and which seed is published."""
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


def _arm(arm: StudyArm) -> tuple[str, ...]:
    return (
        arm.label,
        accuracy(arm.test_accuracy),
        accuracy(arm.validation_accuracy),
        f"{arm.seconds.mean:.0f}",
        f"{len(arm.runs)}",
        ", ".join(f"{name} in {count}" for name, count in arm.findings.items()),
    )


def _pair(pair: StudyPair) -> tuple[str, ...]:
    name = f"{pair.first} over {pair.second}"
    if pair.difference is None:
        return name, "-", "", "no seed in common"
    points = f"{100 * pair.difference:+.2f}"
    if pair.interval is None or pair.adjusted_p_value is None:
        return name, points, "", "too few seeds to tell"
    low, high = pair.interval
    verdict = "more than noise" if pair.more_than_noise else "no more than noise"
    interval = f"{points} ({100 * low:+.2f} to {100 * high:+.2f})"
    return name, interval, f"{pair.adjusted_p_value:.2g}", verdict
