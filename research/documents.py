"""Documents in Markdown: how a template is filled, and how figures are written in it."""

import re
from collections.abc import Iterable

from jinja2 import Environment, PackageLoader, StrictUndefined

from artifact.study import Summary


def render(package: str, template: str, **values: object) -> str:
    """Fill a template of a package's folder `templates`; empty lines are never doubled."""
    environment = Environment(  # noqa: S701 - Markdown, and no text of strangers
        loader=PackageLoader(package),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        counted=_counted,
        kib=lambda size: f"{size / 1024:.0f}",
        listed=_listed,
        micros=lambda milliseconds: "-" if milliseconds is None else f"{1000 * milliseconds:.0f}",
        p_value=lambda value: f"{value:.2g}",
        percent=lambda share: "-" if share is None else f"{100 * share:.2f}%",
        points=lambda difference: f"{abs(100 * difference):.2f} points",
        signed=lambda difference: f"{100 * difference:+.2f}",
        spread=_spread,
        tenths=lambda share: f"{100 * share:.1f}",
    )
    text = environment.get_template(template).render(values)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _counted(count: int, noun: str, plural: str | None = None) -> str:
    """`1 seed`, `3 seeds`."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"


def _listed(names: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last


def _spread(summary: Summary) -> str:
    """Mean and standard deviation of an accuracy; the mean alone for one seed."""
    mean, deviation = 100 * summary.mean, summary.standard_deviation
    return f"{mean:.2f}%" if deviation is None else f"{mean:.2f} ± {100 * deviation:.2f}%"
