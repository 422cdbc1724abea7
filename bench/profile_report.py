"""The profile of a request as a page and a figure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from matplotlib.figure import Figure

from bench.busy_core import Busy

_TITLE: Final = "Where the time of a request goes"
_PARTS: Final = ("form", "decode", "preprocess", "tensor", "inference", "answer", "JSON")
_SERVICE: Final = "the service around them"
_QUIET: Final = 0.5  # processes
_SERVER: Final = "HTTP server and event loop"


@dataclass(frozen=True, slots=True)
class Profile:
    """All of it in microseconds.

    Attributes:
        model: Who answered.
        hardware: What it ran on.
        load: Processes that ran there already, on average over the minute before.
        parts: Of one request, by name.
        calls: Of the whole application in process: every part, without a server.
        busy: Of a server process, by form and number of clients.
    """

    model: str
    hardware: str
    load: float
    parts: Mapping[str, float]
    calls: Mapping[str, float]
    busy: Mapping[tuple[str, int], Busy]

    def shares(self, form: str) -> dict[str, float]:
        """Divide what one request takes with one client among its parts."""
        names = [name for name in _PARTS if name != "form" or form == "multipart"]
        shares = {name: self.parts[name] for name in names}
        shares[_SERVICE] = max(0.0, self.calls[form] - sum(shares.values()))
        shares[_SERVER] = max(0.0, self.busy[form, 1].core - self.calls[form])
        return shares


def write(profile: Profile, folder: Path) -> list[Path]:
    """Write PROFILE.md and profile.png into a folder; give their paths."""
    page, picture = folder / "PROFILE.md", folder / "profile.png"
    folder.mkdir(parents=True, exist_ok=True)
    page.write_text("\n".join(_page(profile)) + "\n", encoding="utf-8")
    _draw(profile).savefig(picture, dpi=150, metadata={"Software": None})
    return [page, picture]


def _page(profile: Profile) -> Iterator[str]:
    raw, form = profile.shares("raw"), profile.shares("multipart")
    yield f"# {_TITLE}"
    yield ""
    yield f"`python -m bench.profile_request` on {profile.hardware}: one 28 x 28 PNG file to"
    yield f"`POST /predict`, `{profile.model}` on ONNX Runtime, one core. Microseconds; medians of"
    yield "parts that were timed in turn. The last row but one is what is left of the whole call,"
    yield "the last one what is left of the server's time on the processor, with one client."
    if profile.load > _QUIET:
        yield f"{profile.load:.1f} other processes ran on the machine meanwhile: all figures are"
        yield "higher than on a quiet one."
    yield ""
    yield "![Stacked bars](profile.png)"
    yield ""
    yield "| | raw body | multipart |"
    yield "|---|---|---|"
    for name in form:
        yield f"| {name} | {f'{raw[name]:.0f}' if name in raw else ''} | {form[name]:.0f} |"
    yield f"| **together** | **{sum(raw.values()):.0f}** | **{sum(form.values()):.0f}** |"
    yield ""
    yield from _remarks(profile)


def _remarks(profile: Profile) -> Iterator[str]:
    yield "| server's core time for one request | raw body | multipart |"
    yield "|---|---|---|"
    for clients in (1, 16):
        raw, form = (profile.busy[kind, clients].core for kind in ("raw", "multipart"))
        yield f"| {clients} client{'s' * (clients > 1)} | {raw:.0f} | {form:.0f} |"
    yield ""
    [(name, several)] = [
        item for item in profile.parts.items() if item[0].startswith("inference of")
    ]
    pictures = int(name.rpartition(" ")[2])
    yield f"Of {pictures} pictures that run as one batch each takes {several / pictures:.0f} us of"
    yield f"inference, of one alone {profile.parts['inference']:.0f} us."
    yield ""
    yield from _together(profile)
    yield "By FastAPI's route, as every request that is not plain, a form takes"
    yield f"{profile.calls['multipart, by the route']:.0f} us in place of"
    yield f"{profile.calls['multipart']:.0f} us before the HTTP server's part."


def _together(profile: Profile) -> Iterator[str]:
    """Say what is gained where requests arrive together; the name of the call says how many."""
    [(name, all_of_them)] = [item for item in profile.calls.items() if item[0].endswith("together")]
    count = int(name.split()[1])
    yield f"All of the above, the HTTP server aside, takes {profile.calls['raw']:.0f} us for a raw"
    yield f"body alone, and {all_of_them / count:.0f} us each for {count} that arrive in one turn"
    yield "of the event loop: the same step of all of them finds its code in the caches."
    yield ""


def _draw(profile: Profile) -> Figure:
    figure = Figure(figsize=(9, 2.8), layout="constrained")
    axes = figure.subplots()
    bars = {"raw body": profile.shares("raw"), "multipart": profile.shares("multipart")}
    for place, name in enumerate(bars["multipart"]):
        widths = [shares.get(name, 0.0) for shares in bars.values()]
        starts = [_before(shares, name) for shares in bars.values()]
        axes.barh(list(bars), widths, left=starts, label=name, color=f"C{place}")
    axes.invert_yaxis()
    axes.set_xlabel("microseconds of one core")
    axes.set_title(_TITLE, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=5, frameon=False)
    return figure


def _before(shares: Mapping[str, float], name: str) -> float:
    names = list(shares)
    return sum(shares[each] for each in names[: names.index(name)]) if name in shares else 0.0
