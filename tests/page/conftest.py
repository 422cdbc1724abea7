"""A real browser on a real service, with the published models."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)

from tests.service.process import Running, serving

ROOT = Path(__file__).parents[2]
PATIENCE_MS = 60_000  # of a busy machine; who waits in vain waits for so long
Scheme = Literal["light", "dark"]
at_any_width = pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1200, "dark")])


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("chromium is not installed")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    log = tmp_path_factory.mktemp("page") / "service.log"
    models, studies = ROOT / "models", ROOT / "studies"
    with serving(log, models_dir=models, studies_dir=studies, runtimes="onnx,onnx-int8") as running:
        yield running


class Opened:
    """The page as a person sees it, and what the browser noted meanwhile."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.foreign: list[str] = []
        self.problems: list[str] = []
        page.on("request", lambda request: self._note(request.url))
        page.on("console", self._note_said)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.set_default_timeout(PATIENCE_MS)

    def show(self, section: str) -> Page:
        """Go to a section and wait until it is there."""
        self.page.goto(f"{self.url}/#{section}")
        self.page.wait_for_selector("main h1")
        return self.page

    def draw(self, *strokes: list[tuple[float, float]]) -> None:
        """Draw strokes, whose points are shares of the canvas."""
        box = self.page.locator("canvas.draw").bounding_box()
        assert box is not None
        for stroke in strokes:
            points = [
                (box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke
            ]
            self.page.mouse.move(*points[0])
            self.page.mouse.down()
            for point in points[1:]:
                self.page.mouse.move(*point, steps=6)
            self.page.mouse.up()

    def check_accessibility(self) -> None:
        """See to it that axe finds nothing, and that nothing lies beside the window."""
        self.page.wait_for_load_state("networkidle")
        found = Axe().run(self.page).response["violations"]
        assert not found, [(each["id"], each["nodes"][0]["html"]) for each in found]
        document = "document.documentElement"
        assert self.page.evaluate(f"{document}.scrollWidth <= {document}.clientWidth")

    def _note_said(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.problems.append(said.text)

    def _note(self, url: str) -> None:
        if not url.startswith((self.url, "data:", "blob:")):
            self.foreign.append(url)


@contextmanager
def opening(
    browser: Browser, service: Running, width: int = 1200, scheme: Scheme | None = None
) -> Iterator[Opened]:
    """Open the page; at the end, nothing came from elsewhere and nothing went wrong."""
    viewport: ViewportSize = {"width": width, "height": 850}
    context = browser.new_context(viewport=viewport, color_scheme=scheme)
    opened = Opened(context.new_page(), service.url)
    yield opened
    context.close()
    assert not opened.foreign
    assert not opened.problems


@pytest.fixture
def opened(browser: Browser, service: Running) -> Iterator[Opened]:
    with opening(browser, service) as opened:
        yield opened
