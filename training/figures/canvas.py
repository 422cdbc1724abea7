"""The paper that every figure is drawn on: size, colours, type, and how it becomes a PNG."""

from io import BytesIO

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito's palette: told apart with any kind of colour vision.
BLUE, VERMILION = "#0072B2", "#D55E00"
RUST = "#A84A00"  # vermilion, dark enough for type
INK, FADED, PALE = "#222222", "#767676", "#E6E6E6"

WIDTH = 10.0  # inches; at 100 px an inch, the width of a web page's column
DPI = 150

styled = mpl.rc_context(
    {
        "axes.edgecolor": FADED,
        "axes.labelcolor": INK,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlelocation": "left",
        "axes.titlesize": 11,
        "figure.titlesize": 13,
        "figure.constrained_layout.h_pad": 0.1,
        "figure.constrained_layout.w_pad": 0.1,
        "font.family": "DejaVu Sans",
        "font.size": 10,
        "text.color": INK,
        "text.parse_math": False,  # a class may be called "$5"
        "xtick.color": FADED,
        "xtick.labelcolor": INK,
        "ytick.color": FADED,
        "ytick.labelcolor": INK,
    }
)


def blank(height: float, title: str) -> Figure:
    """A figure of the common width, with its title at the upper left."""
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", weight="bold")
    return figure


def bare(axes: Axes) -> None:
    """Take ticks and frame away, where the picture speaks for itself."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


@styled
def png(figure: Figure) -> bytes:
    """Encode a figure: the same picture gives the same bytes, and they name no maker."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
