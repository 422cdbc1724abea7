"""Figures as the report says them."""

from collections.abc import Iterable, Sequence

from artifact.study import StudyArm, StudyPair, Summary


def percent(share: float) -> str:
    """An accuracy."""
    return f"{100 * share:.2f}%"


def points(difference: float) -> str:
    """A difference of two accuracies, without its sign."""
    return f"{abs(100 * difference):.2f} points"


def signed(difference: float) -> str:
    """A difference of two accuracies in points, with its sign."""
    return f"{100 * difference:+.2f}"


def spread(figure: Summary) -> str:
    """Mean and standard deviation of an accuracy; the mean alone of one seed."""
    if figure.standard_deviation is None:
        return percent(figure.mean)
    return f"{100 * figure.mean:.2f} ± {100 * figure.standard_deviation:.2f}%"


def counted(count: int, noun: str) -> str:
    """`1 seed`, `3 seeds`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(names: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last


def seeds_of(arms: Iterable[StudyArm]) -> str:
    """How many seeds the arms have: `3 seeds`, or `2 to 3 seeds`."""
    counts = {len(arm.runs) for arm in arms}
    if len(counts) == 1:
        return counted(counts.pop(), "seed")
    return f"{min(counts)} to {max(counts)} seeds"


def judged(pair: StudyPair) -> str:
    """What a pair says: which is better, by how much, and whether that is more than noise."""
    if pair.difference is None:
        return f"**{pair.first}** and **{pair.second}** have no seed in common: nothing is told"
    if pair.difference == 0:
        return f"**{pair.first}** and **{pair.second}** are equally right"
    lead = f"**{pair.first}** is ahead of **{pair.second}** by {points(pair.difference)}"
    if pair.interval is None or pair.adjusted_p_value is None:
        return f"{lead}, but {counted(pair.seeds, 'seed')} in common cannot tell it from noise"
    low, high = (100 * end for end in pair.interval)
    return (
        f"{lead} (95% interval {low:+.2f} to {high:+.2f}, {counted(pair.seeds, 'seed')}, "
        f"p = {pair.adjusted_p_value:.2g}): {noise(pair.more_than_noise)}"
    )


def noise(more: bool | None) -> str:
    """The verdict alone."""
    if more is None:
        return "it cannot be told from noise"
    return "more than noise" if more else "no more than noise"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """A Markdown table; the first columns are words, the others figures."""
    rules = ["---"] * left + ["---:"] * (len(head) - left)
    lines = [head, rules, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
