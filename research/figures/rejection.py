"""What a threshold costs: outliers declined against digits accepted."""

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from artifact.manifest import Separation
from training.figures.canvas import BLUE, FADED, INK, PALE, VERMILION, blank, styled

_STYLES = tuple((colour, line) for line in ("-", "--") for colour in (BLUE, VERMILION, INK))


@styled
def draw_rejection(separations: Mapping[str, Separation]) -> Figure:
    """Draw one panel for each: the share of each kind declined as the threshold rises.

    Args:
        separations: By what to call them.
    """
    figure = blank(4.2, "Outliers declined against digits accepted")
    panels = figure.subplots(1, len(separations), sharey=True, squeeze=False)[0]
    for axes, (name, separation) in zip(panels, separations.items(), strict=True):
        _draw_kinds(axes, separation)
        axes.set_title(f"{name}\nAUROC {separation.auroc:.2%}")
    panels[0].set_ylabel("outliers declined")
    panels[0].legend(frameon=False, fontsize=8)
    return figure


def _draw_kinds(axes: Axes, separation: Separation) -> None:
    declined_digits = [1 - point.accepted for point in separation.curve]
    for kind, (colour, line) in zip(separation.auroc_by_kind, _STYLES, strict=False):
        declined = [1 - point.outliers[kind] for point in separation.curve]
        axes.plot(
            declined_digits, declined, line, color=colour, marker="o", markersize=3, label=kind
        )
    axes.axvline(0.005, color=FADED, linestyle=":")
    axes.set_xscale("symlog", linthresh=0.001)
    ticks = {0.0: "100%", 0.001: "99.9%", 0.005: "99.5%", 0.02: "98%", 0.1: "90%"}
    axes.set_xticks(list(ticks), list(ticks.values()), minor=False)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
    axes.set_xlabel("digits accepted")
    axes.grid(axis="y", color=PALE)
