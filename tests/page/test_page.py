"""The page does what it promises, in a real browser."""

from math import cos, pi, sin
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.page.conftest import ROOT, Opened, Scheme, at_any_width, opening
from tests.service.process import Running, serving
from tests.vision.pictures import encode, seven

SECTIONS = ("decide", "try", "why", "layers", "compare", "evidence", "studies")
STORY = ("studies/flawed-head/4", "studies/flawed-head/5")


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> list[Any]:
    turns = [start + (end - start) * step / 24 for step in range(25)]
    return [(x + rx * cos(2 * pi * turn), y + ry * sin(2 * pi * turn)) for turn in turns]


STROKES = {
    "0": [arc(0.5, 0.5, 0.16, 0.26, -0.25, 0.75)],
    "1": [[(0.5, 0.2), (0.5, 0.8)]],
    "2": [[*arc(0.5, 0.36, 0.15, 0.14, 0.5, 1.05), (0.36, 0.76), (0.68, 0.76)]],
    "3": [[*arc(0.48, 0.36, 0.15, 0.13, 0.55, 1.2), *arc(0.48, 0.63, 0.17, 0.15, -0.2, 0.42)]],
    "4": [[(0.42, 0.2), (0.32, 0.55), (0.68, 0.55)], [(0.58, 0.3), (0.58, 0.82)]],
    "6": [[(0.6, 0.18), (0.42, 0.42), *arc(0.5, 0.63, 0.15, 0.16, 0.55, 1.55)]],
    "7": [[(0.3, 0.22), (0.7, 0.22), (0.45, 0.82)]],
    "8": [[*arc(0.5, 0.35, 0.12, 0.13, 0.25, 1.25), *arc(0.5, 0.63, 0.15, 0.15, -0.25, 0.75)]],
}


@pytest.mark.parametrize("digit", STROKES)
def test_drawn_digit_is_read_by_every_model(opened: Opened, digit: str) -> None:
    page = opened.show("try")
    opened.draw(*STROKES[digit])
    expect(page.get_by_text(f"All 5 models say {digit}.")).to_be_visible()
    assert page.locator(".answer .big").all_text_contents() == [digit] * 5
    expect(page.locator(".seen img").first).to_be_visible()


def test_clear_and_undo_take_back_what_was_drawn(opened: Opened) -> None:
    page = opened.show("try")
    opened.draw(*STROKES["7"], [(0.4, 0.5), (0.6, 0.5)])
    page.get_by_text("All 5 models say 7.").wait_for()
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("All 5 models say 7.").wait_for()
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".answer")).to_have_count(0)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("seven.png", encode(255 - seven(200, 16)), "All 5 models say 7."),
        ("seven.jpg", encode(255 - seven(200, 16), "JPEG"), "All 5 models say 7."),
        ("notes.txt", b"no picture", "accepted"),
        ("empty.png", b"", "empty"),
        ("cut.png", encode(255 - seven(200, 16))[:100], "cut short"),
    ],
    ids=["png", "jpeg", "text", "empty", "cut-short"],
)
def test_picture_that_is_brought_is_answered_or_refused_in_words(
    opened: Opened, name: str, data: bytes, said: str, tmp_path: Path
) -> None:
    page = opened.show("try")
    file = tmp_path / name
    file.write_bytes(data)
    page.locator("input[type=file]").set_input_files(file)
    expect(page.locator("main")).to_contain_text(said)
    opened.problems = [each for each in opened.problems if "status of 4" not in each]


def test_sliders_move_the_pick(opened: Opened) -> None:
    page = opened.show("decide")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ship mobilenet/1 on onnx")
    page.get_by_label("At most this file size").fill("0")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ship mobilenet-tiny/1")
    page.get_by_label("At least this accuracy").fill("200")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ship none")
    expect(page.locator(".none")).to_contain_text("fails")


def test_table_is_sorted_by_a_click_on_its_head(opened: Opened) -> None:
    page = opened.show("compare")
    table = page.locator("table").first
    table.get_by_role("button", name="Parameters").click()
    expect(table.locator("tbody tr").first).to_contain_text("mobilenet-tiny")
    table.get_by_role("button", name="Parameters").click()
    expect(table.locator("tbody tr").first).to_contain_text("conv/1")


def test_places_and_bias_are_shown_with_their_sum(opened: Opened) -> None:
    page = opened.show("try")
    opened.draw(*STROKES["7"])
    page.get_by_role("link", name="Why?").first.click()  # the drawing comes along
    page.get_by_text("conv/1 says 7").wait_for()
    page.get_by_label("Also for the class").select_option("2")
    chosen = page.locator(".class-map").filter(has_text="2places")
    chosen.wait_for()
    sums = chosen.locator(".sum span:last-child").all_text_contents()
    places, bias, logit = (float(each.replace("\N{MINUS SIGN}", "-")) for each in sums)
    assert places + bias == pytest.approx(logit, abs=0.002)
    near = page.locator("h3:text-is('Nearest of 7') + ul li")
    expect(near).to_have_count(6)  # features of all test pictures come first


def test_whole_drawing_comes_along_without_a_wait(opened: Opened) -> None:
    page = opened.show("try")
    opened.draw(*STROKES["1"])
    page.get_by_text("All 5 models say 1.").wait_for()
    opened.draw([(0.3, 0.22), (0.5, 0.2)], [(0.3, 0.8), (0.7, 0.8)], [(0.28, 0.2), (0.28, 0.8)])
    drawn = page.locator("canvas.draw").evaluate("canvas => canvas.toDataURL()")
    page.evaluate("location.hash = '#why/conv'")  # before the answer to the last stroke
    page.get_by_text("conv/1 says").wait_for()
    canvas = page.locator("canvas.draw")
    assert canvas.evaluate("canvas => canvas.toDataURL()") == drawn


def test_layers_of_two_networks_lie_beside_each_other(opened: Opened) -> None:
    page = opened.show("why/mobilenet")
    opened.draw(*STROKES["3"])
    page.get_by_role("heading", name="mobilenet: block 3").wait_for()
    expect(page.get_by_role("heading", name="conv: block 3")).to_be_visible()
    filters = page.get_by_alt_text("Filters of blocks.3.depthwise")
    filters.scroll_into_view_if_needed()
    assert filters.evaluate("image => image.decode().then(() => image.naturalWidth)") == 63


def test_graph_shows_what_a_mobilenet_block_saves(opened: Opened) -> None:
    page = opened.show("layers/conv/mobilenet")
    bars = page.get_by_role("region", name="Bars of multiply-adds")
    expect(bars).to_contain_text("5,419 K")
    expect(bars).to_contain_text("11.0")  # times fewer in block 3
    page.get_by_label("time, measured here").check()
    page.get_by_text("Measured on").wait_for()
    expect(page.get_by_role("region", name="Bars of time")).to_contain_text("µs")
    page.locator("summary").last.click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the ONNX file of mobilenet").click()
    assert download.value.suggested_filename == "mobilenet-1-model.onnx"


def test_benchmark_shows_progress_and_can_be_stopped(opened: Opened) -> None:
    page = opened.show("compare")
    page.get_by_role("button", name="Measure every model").click()
    page.get_by_text("Measured on").wait_for()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Measure every model")).to_be_enabled()


@at_any_width
@pytest.mark.parametrize("section", [*SECTIONS, *STORY])
def test_section_has_no_accessibility_violation_at_any_width(
    browser: Browser, service: Running, section: str, width: int, scheme: Scheme
) -> None:
    with opening(browser, service, width, scheme) as opened:
        page = opened.show(section)
        if section in ("try", "why"):
            opened.draw(*STROKES["7"])
            page.locator(".answer, .class-map").first.wait_for()
        opened.check_accessibility()


def test_first_screen_is_small(opened: Opened) -> None:
    sizes: list[int] = []
    opened.page.on(
        "requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"])
    )
    page = opened.show("decide")
    page.wait_for_load_state("networkidle")
    assert len(sizes) <= 15
    assert sum(sizes) < 150_000


def test_page_comes_back_when_the_service_does(browser: Browser, tmp_path: Path) -> None:
    models = ROOT / "models"
    context = browser.new_context()
    with serving(tmp_path / "first.log", models_dir=models, runtimes="onnx") as first:
        opened = Opened(context.new_page(), first.url)
        opened.show("decide")
        port = first.port
    opened.page.evaluate("location.hash = '#studies'")
    expect(opened.page.locator("#notice")).to_be_visible()
    with serving(tmp_path / "second.log", models_dir=models, runtimes="onnx", port=port):
        expect(opened.page.locator("#notice")).to_be_hidden()
        opened.page.wait_for_selector("main h1")
    context.close()


def test_page_can_be_turned_off(tmp_path: Path) -> None:
    log, models = tmp_path / "log", ROOT / "models"
    with serving(log, models_dir=models, runtimes="onnx", page="false") as running:
        assert httpx.get(running.url).status_code == 404
        assert httpx.get(f"{running.url}/models").status_code == 200


def test_names_in_the_chart_stay_inside_it(opened: Opened) -> None:
    page = opened.show("decide")
    overhang = """async () => {
        const { scatter } = await import("/page/chart.js");
        const options = [1, 2, 40].map((bytes) => ({
            model: "things-efficientnet-lite0-192-tuned/1", runtime: "onnx", bytes: 1e5 * bytes,
            accuracy: .9, interval: [.8, .95], seeds: [] }));
        const chart = scatter({ dataset: "things" }, options, "bytes", null, {});
        document.querySelector("main").append(chart);
        const outer = chart.getBoundingClientRect();
        return [...chart.querySelectorAll("text")].map((text) => text.getBoundingClientRect())
            .filter((inner) => inner.left < outer.left || inner.right > outer.right).length; }"""
    assert page.evaluate(overhang) == 0
