"""Test pictures on the page: behind every figure, between two models, and to click."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.known_answer import publish_known_answer
from tests.page.conftest import ROOT, Opened, Scheme, at_any_width, opening
from tests.page.many_classes import publish_many_classes, publish_their_pictures
from tests.service.process import Running, serving

PICTURES = ".gallery .pictures li"


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """MNIST, 200 classes of colour pictures, and a model from before there were predictions."""
    folder = tmp_path_factory.mktemp("mixed")
    models = folder / "models"
    for published in ("mobilenet", "_datasets"):
        shutil.copytree(ROOT / "models" / published, models / published)
    for seed, name in enumerate(("birds-large", "birds-small")):
        publish_many_classes(models, name, seed)
    publish_their_pictures(models)
    publish_known_answer(models, runtimes=("onnx",), with_predictions=False)
    with serving(folder / "log", models_dir=models, runtimes="onnx") as running:
        yield running


@pytest.fixture
def mixture(browser: Browser, mixed: Running) -> Iterator[Opened]:
    with opening(browser, mixed) as opened:
        yield opened


def loaded(page: Page) -> bool:
    """Whether every sheet that is shown has arrived and is one."""
    script = """async (images) => (await Promise.all(images.map((each) => {
        const image = new Image(); image.src = each.href.baseVal;
        return image.decode().then(() => true, () => false); }))).every(Boolean)"""
    return bool(page.locator(".thumbnail image").evaluate_all(script))


def test_every_kind_of_cell_opens_as_many_pictures_as_it_counts(opened: Opened) -> None:
    page = opened.show("evidence/mobilenet")
    for name in ("5 pictures of 9 taken for 4", "2 pictures of 6 taken for 1"):
        page.get_by_role("button", name=name).click()
        expect(page.locator(PICTURES)).to_have_count(int(name[0]))
    cell = page.get_by_role("button", name="pictures of 5 named rightly")
    counted = cell.inner_text()
    cell.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".gallery")).to_contain_text(f"{counted} pictures.")
    page.get_by_role("button", name="Show more").click()
    expect(page.locator(PICTURES)).to_have_count(96)
    assert page.url.endswith("#evidence/mobilenet/5-5")
    assert loaded(page)


def test_address_of_a_cell_leads_to_its_pictures(opened: Opened) -> None:
    page = opened.show("evidence/conv/4-9")
    heading = page.get_by_role("heading", name="4 taken for 9")
    expect(heading).to_be_focused()
    assert page.get_by_label("Predicted class").input_value() == "9"


def test_filters_choose_and_sort_the_pictures(opened: Opened) -> None:
    page = opened.show("evidence/mobilenet")
    expect(page.locator(PICTURES)).to_have_count(35)
    expect(page.locator(".gallery .disputed")).to_have_count(7)
    page.get_by_label("Order").select_option("least sure first")
    expect(page.locator(PICTURES).first).to_contain_text("#6625")
    page.get_by_label("True class").select_option("8")
    page.get_by_label("Answers").select_option("right")
    expect(page.locator(".gallery")).to_contain_text("969 pictures.")


def test_two_models_are_told_apart_picture_by_picture(opened: Opened) -> None:
    page = opened.show("compare")
    page.get_by_role("link", name="conv/1 against mobilenet/1").click()
    page.get_by_role("heading", name="conv beside mobilenet").wait_for()
    for title, pictures in (("Only conv", 18), ("Only mobilenet", 13), ("Both are wrong", 17)):
        gallery = page.locator(".gallery", has=page.get_by_role("heading", name=title))
        expect(gallery.locator("li")).to_have_count(pictures)
    page.get_by_role("button", name="2 named 7: 4 times by conv, 0 by mobilenet").click()
    expect(page.get_by_role("heading", name="mobilenet: 2 taken for 7")).to_be_visible()
    assert page.url.endswith("#compare/conv/mobilenet/2-7")
    page.get_by_label("Second").select_option("mobilenet-tiny")
    page.get_by_role("heading", name="conv beside mobilenet-tiny").wait_for()


def test_example_is_sent_to_every_model(opened: Opened) -> None:
    page = opened.show("try")
    wrong = page.locator(".examples li").first
    expect(wrong).to_contain_text("7 taken for 1")
    wrong.get_by_role("link").click()
    expect(page.locator("main")).to_contain_text("Test picture 6576 of mnist, labelled 7.")
    expect(page.locator(".answer", has_text="mobilenet/1").locator(".big")).to_have_text("1")
    expect(page.locator(".answer")).to_have_count(5)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("main")).not_to_contain_text("Test picture 6576")


def test_many_classes_are_shown_as_their_most_confused_pairs(mixture: Opened) -> None:
    page = mixture.show("evidence/birds-large")
    page.get_by_text("200 classes: the 50 of").wait_for()
    row = page.get_by_role("region", name="Most confused pairs").locator("tbody tr").first
    counted = int(row.get_by_role("button").inner_text())
    row.get_by_role("button").click()
    expect(page.locator(PICTURES)).to_have_count(counted)
    assert loaded(page)
    expect(page.locator("select optgroup")).to_have_count(3)
    page.get_by_text("There are no curves").wait_for()


def test_models_of_other_pictures_are_no_rivals(mixture: Opened) -> None:
    page = mixture.show("compare/mobilenet/known")
    page.get_by_text("Two different models are needed that were tested on the same").wait_for()
    page = mixture.show("compare/birds-large/birds-small")
    page.get_by_text("Largest differences").or_(page.get_by_text("200 classes")).first.wait_for()
    assert page.get_by_label("Second").locator("option").all_text_contents() == ["birds-small"]


def test_answers_to_one_picture_are_grouped_by_data_set(mixture: Opened) -> None:
    page = mixture.show("try/mnist/0")
    expect(page.get_by_role("heading", name="Models of mnist: The model says 7.")).to_be_visible()
    expect(page.get_by_role("heading", name="Models of birds: ")).to_be_visible()
    expect(page.locator(".answer")).to_have_count(4)


def test_what_an_older_model_lacks_is_said_in_words(mixture: Opened) -> None:
    page = mixture.show("evidence/known")
    expect(page.locator(PICTURES)).to_have_count(1)
    gallery = page.locator(".gallery")
    expect(gallery).to_contain_text("published without its predictions")
    expect(gallery).to_contain_text("pictures themselves were not published")
    page.get_by_role("button", name="1 picture of top-left taken for bottom-right").click()
    expect(gallery).to_contain_text("top-left taken for bottom-right")


@at_any_width
@pytest.mark.parametrize(
    "place",
    ["evidence/mobilenet/9-4", "evidence/birds-large", "compare/birds-large/birds-small/1-0"],
)
def test_pictures_have_no_accessibility_violation_at_any_width(
    browser: Browser, mixed: Running, place: str, width: int, scheme: Scheme
) -> None:
    with opening(browser, mixed, width, scheme) as opened:
        opened.show(place).locator(PICTURES).first.wait_for()
        opened.check_accessibility()
