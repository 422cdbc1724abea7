"""The studies: the seed report's figures beside ours, and the flawed head as a story."""

from playwright.sync_api import expect

from tests.page.conftest import Opened


def test_study_is_opened_with_its_figures(opened: Opened) -> None:
    page = opened.show("studies")
    page.get_by_role("link", name="architectures", exact=True).click()
    expect(page.get_by_role("heading", level=1)).not_to_contain_text("questions")
    page.locator("figure img").first.wait_for()
    assert page.locator("figure img").first.evaluate("image => image.decode().then(() => true)")


def test_seed_reports_figures_stand_beside_ours(opened: Opened) -> None:
    page = opened.show("studies")
    chart = page.get_by_role("region", name="The seed report's figures beside ours")
    for reported in ("87.43%", "78.50%", "71.11%", "73.53%"):
        expect(chart).to_contain_text(reported)
    page.get_by_role("link", name="mixes", exact=True).click()
    expect(page.get_by_role("region", name="Arms", exact=True)).to_contain_text("71.11%")


def test_story_of_the_flawed_head_is_walked_through(opened: Opened) -> None:
    page = opened.show("studies")
    page.get_by_role("link", name="the flawed head, step by step").click()
    told = []
    for step in range(1, 7):
        page.get_by_text(f"step {step} of 6").wait_for()
        told.append(page.locator(".story").inner_text())
        if step < 6:
            page.locator(".story .button").last.click()
    assert "25 points" in told[0], "between validation and test, as reported"
    assert "conv never names 4 and 7" in told[1]
    assert "49.81%" in told[3], "with a ReLU on the logits"
    assert "94.22%" in told[4], "71.11% one against the rest"
    assert "3 of the 3 flawed networks" in told[5]
    page.get_by_role("link", name="4", exact=True).click()
    page.get_by_text("step 4 of 6").wait_for()
    assert page.locator("th.dead-class").all_text_contents() == ["4", "7"]
    page.get_by_role("combobox", name="Confusion matrix of").select_option(
        label="sound head, seed 0"
    )
    expect(page.locator("th.dead-class")).to_have_count(0)
