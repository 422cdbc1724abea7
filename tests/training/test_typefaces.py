import pytest

from training.figures.canvas import blank, png
from training.figures.typefaces import choose_type, file_for

OWN = "DejaVu Sans"
INSTALLED = {
    "Some Han": frozenset(map(ord, "数字一")),
    "More Han": frozenset(map(ord, "数字一二三")),
    "Some Thai": frozenset(map(ord, "ไท")),
}
UNKNOWN = "\U0001f9ff\U000f0000"


@pytest.mark.parametrize(
    ("labels", "families", "names"),
    [
        (["bar", "line"], [OWN], ["bar", "line"]),
        (["bar", "数字二"], [OWN, "More Han"], ["bar", "数字二"]),
        (["ไท", "数字一"], [OWN, "Some Han", "Some Thai"], ["ไท", "数字一"]),
        (["bar", UNKNOWN, "数字二"], [OWN, "More Han"], ["bar", "class 2", "数字二"]),
        (["ไทย", "bar", "ไท"], [OWN, "Some Thai"], ["class 1", "bar", "ไท"]),
    ],
)
def test_each_character_has_a_typeface_or_the_class_its_number(
    labels: list[str], families: list[str], names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.figures.typefaces._all_installed", lambda: INSTALLED)
    chosen = choose_type(labels)
    assert [*chosen.families] == families
    assert [chosen.names[label] for label in labels] == names


def test_numbers_are_told_with_what_to_install(caplog: pytest.LogCaptureFixture) -> None:
    assert choose_type(["bar", UNKNOWN]).numbered
    assert "the figures write class 2" in caplog.text


def test_latin_names_need_nothing_but_our_own(caplog: pytest.LogCaptureFixture) -> None:
    chosen = choose_type(["café", "Größe", "ночь", "αβγ"])
    assert (chosen.families, chosen.numbered, caplog.text) == ((OWN,), False, "")


def test_figure_is_drawn_without_a_missing_character() -> None:
    chosen = choose_type(["数字"])
    figure = blank(1.0, chosen.names["数字"])
    chosen.use(figure)
    assert png(figure)  # a character that is missing would be a warning, which is an error here


def test_line_of_another_script_is_written_in_the_face_that_has_all_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed = {"Some Han": frozenset(), "DejaVu Sans Mono": frozenset(map(ord, "true 数字"))}
    monkeypatch.setattr("training.figures.typefaces._all_installed", lambda: installed)
    assert str(file_for("true 数字")).endswith("DejaVuSansMono.ttf")
    assert [file_for("true bar"), file_for("true 猫")] == [None, None]
