"""The pictures of docs/OWN_PICTURES.md: a folder, one command, the decision, the page.

python -m tests.page.own_set [OPTIONS OF DECIDE]

Draws examples/draw_a_folder.py's folder, runs `decide` on it beside the published models, and
writes docs/page/own-*.png with a real browser.
"""

import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.service.process import serving

ROOT: Final = Path(__file__).parents[2]
PLACE: Final = ROOT / "docs" / "page"
WIDTH, HEIGHT = 1100, 845
BELOW_THE_HEADER = 80  # pixels
SHOWN = 12  # pictures of each class


def main(*options: str) -> None:
    """Write all three."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "things"
        run(ROOT / "examples" / "draw_a_folder.py", folder)
        write("own-folder", sheet(folder))
        models = shutil.copytree(ROOT / "models", Path(scratch) / "models")
        places = ("--models-dir", models, "--runs-dir", f"{scratch}/runs")
        run("-m", "training", "decide", folder, *places, *options)
        (report,) = Path(scratch).glob("runs/decide-things-*/report.html")
        with (
            sync_playwright() as playwright,
            serving(
                Path(scratch) / "log", models_dir=models, studies_dir=ROOT / "studies"
            ) as service,
        ):
            path = shutil.which("chromium") or shutil.which("chromium-browser")
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            page.goto(report.as_uri())
            write("own-report", seen(page))
            page.goto(f"{service.url}/#decide")
            heading = page.get_by_role("heading", name="Models of things")
            at = "heading.getBoundingClientRect().top + scrollY"
            heading.evaluate(f"heading => scrollTo(0, {at} - {BELOW_THE_HEADER})")
            write("own-page", seen(page))


def run(*command: object) -> None:
    """Run one of our programs to its end."""
    subprocess.run([sys.executable, *map(str, command)], check=True, cwd=ROOT)


def sheet(folder: Path) -> Image.Image:
    """The first pictures of each class, a row a class."""
    rows = [sorted(kind.iterdir())[:SHOWN] for kind in sorted(folder.iterdir())]
    pictures = [[Image.open(path) for path in row] for row in rows]
    width, height = pictures[0][0].size
    whole = Image.new("RGB", (width * SHOWN, height * len(rows)))
    for y, row in enumerate(pictures):
        for x, picture in enumerate(row):
            whole.paste(picture, (x * width, y * height))
    return whole


def seen(page: Page) -> Image.Image:
    """What the window shows."""
    page.wait_for_load_state("networkidle")
    return Image.open(io.BytesIO(page.screenshot()))


def write(name: str, picture: Image.Image) -> None:
    """Write it, as small as it goes without a loss."""
    picture.convert("RGB").save(PLACE / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
