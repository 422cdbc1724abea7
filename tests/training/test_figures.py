from collections.abc import Sequence
from typing import get_args

import matplotlib as mpl
import numpy as np
import pytest

from artifact.manifest import FigureRole
from artifact.metrics import Calibration, Epoch, Metrics, SplitMetrics
from tests.figures import decode, greys, tick_names, title, words
from training.evaluation.evaluate import calibration, choose_examples, split_metrics
from training.figures import FigureInputs, draw_figures
from training.figures.canvas import png
from training.figures.confusion import draw_confusion
from training.figures.curves import draw_curves
from training.figures.reliability import draw_reliability
from training.networks.architectures import ARCHITECTURES, build
from training.networks.filters import describe_filters


def epochs(train: Sequence[float], validation: Sequence[float]) -> list[Epoch]:
    """Curves of these accuracies."""
    return [
        Epoch(
            epoch=number,
            learning_rate=0.001,
            train_loss=2 * (1 - ours),
            train_accuracy=ours,
            validation_loss=3 * (1 - theirs),
            validation_accuracy=theirs,
            seconds=1,
        )
        for number, (ours, theirs) in enumerate(zip(train, validation, strict=True), start=1)
    ]


def measured(classes: int, images: int = 400, wrong: float = 0.05) -> SplitMetrics:
    generator = np.random.default_rng(0)
    labels = np.arange(images) % classes
    mistaken = generator.random(images) < wrong
    predicted = np.where(mistaken, (labels + 1) % classes, labels)
    return split_metrics(np.eye(classes)[predicted], labels, [f"c{k}" for k in range(classes)])


def calibrated(images: int = 400) -> Calibration:
    """Of a network that is twice as sure as it may be, before and after the temperature."""
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, (images, 4))
    labels = (logits + generator.gumbel(size=logits.shape)).argmax(axis=1)
    return calibration(2 * logits, labels, temperature=2)


@pytest.fixture(scope="module")
def inputs() -> FigureInputs:
    metrics = measured(4)
    labels = np.arange(80) % 4
    logits = np.eye(4)[(labels + (np.arange(80) < 5)) % 4]
    return FigureInputs(
        name="mobilenet",
        network=build(ARCHITECTURES["mobilenet"], shape=(1, 28, 28), classes=4, seed=0),
        epoch=2,
        metrics=Metrics(
            train=metrics,
            validation=metrics,
            test=metrics,
            curves=tuple(epochs([0.9, 0.98], [0.95, 0.99])),
            calibration=calibrated(),
        ),
        examples=choose_examples(logits, labels, [*"0123"]),
        pixels=greys(),
    )


@pytest.fixture(scope="module")
def drawn(inputs: FigureInputs) -> dict[FigureRole, bytes]:
    return draw_figures(inputs)


class TestWholeSet:
    def test_every_role_is_drawn(self, drawn: dict[FigureRole, bytes]) -> None:
        assert set(drawn) == set(get_args(FigureRole))

    @pytest.mark.parametrize("role", get_args(FigureRole))
    def test_figure_is_a_png_of_the_common_width_without_marks_of_its_maker(
        self, drawn: dict[FigureRole, bytes], role: FigureRole
    ) -> None:
        picture = decode(drawn[role])
        assert picture.format == "PNG"
        assert picture.width == 1500
        assert set(picture.info) == {"dpi"}
        assert len(np.unique(np.asarray(picture.convert("L")))) > 10

    def test_same_inputs_give_the_same_bytes(
        self, inputs: FigureInputs, drawn: dict[FigureRole, bytes]
    ) -> None:
        assert draw_figures(inputs) == drawn

    def test_filter_figures_name_their_layers(self, inputs: FigureInputs) -> None:
        assert inputs.network is not None
        figures = {layer.figure: layer for layer in describe_filters(inputs.network).layers}
        assert figures["filters_first"].name == "stem.0"
        assert figures["filters_last"].kind == "pointwise"


def settings() -> dict[str, object]:
    """All but the backend, which matplotlib chooses at its first use."""
    return {name: value for name, value in mpl.rcParams.copy().items() if name != "backend"}


def test_drawing_leaves_matplotlibs_settings_alone() -> None:
    before = settings()
    png(draw_confusion(measured(2), "conv"))
    assert settings() == before


class TestCurves:
    def test_title_names_the_chosen_epoch_and_its_accuracy(self) -> None:
        figure = draw_curves(epochs([0.9, 0.98], [0.9954, 0.99]), 1, "mobilenet")
        assert title(figure) == "mobilenet: epoch 1 chosen, 99.54% validation accuracy"

    def test_chosen_epoch_is_marked_in_both_panels(self) -> None:
        figure = draw_curves(epochs([0.9, 0.95, 0.98], [0.95, 0.99, 0.98]), 2, "conv")
        for axes in figure.axes:
            (line,) = [line for line in axes.lines if line.get_label() == "chosen epoch"]
            assert list(np.asarray(line.get_xdata())) == [2, 2]

    def test_lines_hold_the_losses_and_the_errors(self) -> None:
        loss, accuracy = draw_curves(epochs([0.9, 0.98], [0.95, 0.99]), 2, "conv").axes
        assert loss.lines[0].get_ydata() == pytest.approx([0.2, 0.04])
        assert loss.lines[1].get_ydata() == pytest.approx([0.15, 0.03])
        assert accuracy.lines[0].get_ydata() == pytest.approx([0.1, 0.02])
        assert accuracy.lines[1].get_ydata() == pytest.approx([0.05, 0.01])

    @pytest.mark.parametrize(
        ("validation", "expected"),
        [
            ([0.9, 0.98, 0.995], {"90%", "95%", "98%", "99%", "99.5%"}),
            ([0.994, 0.9951, 0.9955], {"99.4%", "99.5%"}),
            ([0.98, 0.99, 1.0], {"98%", "99%", "100%"}),
            ([0.5, 0.5, 0.5], {"50%"}),
        ],
        ids=["wide", "narrow", "perfect", "flat"],
    )
    def test_accuracy_axis_is_labelled_in_accuracies(
        self, validation: list[float], expected: set[str]
    ) -> None:
        axes = draw_curves(epochs(validation, validation), 1, "conv").axes[1]
        assert expected <= set(tick_names(axes.yaxis))
        bottom, top = axes.get_ylim()
        assert bottom > top, "fewer errors are higher up"

    @pytest.mark.parametrize(
        "accuracies",
        [[0.9], [1.0, 1.0], [0.0, 0.1], [0.9] * 40],
        ids=["one", "all", "none", "many"],
    )
    def test_extreme_runs_can_be_drawn(self, accuracies: list[float]) -> None:
        assert decode(png(draw_curves(epochs(accuracies, accuracies), 1, "conv")))


class TestConfusion:
    def test_every_count_above_zero_is_written(self) -> None:
        metrics = split_metrics(
            np.eye(3)[[0, 0, 1, 1, 1, 0]], np.array([0, 0, 0, 1, 1, 2]), ["a", "b", "c"]
        )
        figure = draw_confusion(metrics, "conv")
        places = {text.get_position(): text.get_text() for text in figure.axes[0].texts}
        assert places == {(0, 0): "2", (1, 0): "1", (1, 1): "2", (0, 2): "1"}
        assert title(figure) == "conv: 2 of 6 test images wrong, 66.67% right"

    def test_axes_say_which_label_is_which(self) -> None:
        axes = draw_confusion(measured(3), "conv").axes[0]
        assert axes.get_ylabel() == "true label (rows)"
        assert axes.get_xlabel() == "predicted label (columns)"
        assert tick_names(axes.yaxis) == tick_names(axes.xaxis) == ["c0", "c1", "c2"]

    def test_of_many_classes_those_with_the_most_errors_are_drawn_legibly(self) -> None:
        labels = np.repeat(np.arange(200), 3)
        predicted = np.where(labels % 10 == 7, (labels + 10) % 200, labels)
        names = [f"c{k}" for k in range(200)]
        axes = draw_confusion(split_metrics(np.eye(200)[predicted], labels, names), "conv").axes[0]
        shown = tick_names(axes.yaxis)
        assert len(shown) == 40
        assert {f"c{k}" for k in range(7, 200, 10)} <= set(shown)
        assert "the 40 of 200 classes with the most errors" in axes.get_xlabel()
        assert min(float(label.get_fontsize()) for label in axes.get_yticklabels()) > 8

    def test_recall_stands_at_the_rows_and_precision_at_the_columns(self) -> None:
        metrics = split_metrics(np.eye(2)[[0, 1, 1, 1]], np.array([0, 0, 1, 1]), ["a", "b"])
        recall, precision = draw_confusion(metrics, "conv").axes[0].child_axes
        assert tick_names(recall.yaxis) == ["50.0%", "100.0%"]
        assert tick_names(precision.xaxis) == ["100.0%", "66.7%"]

    def test_diagonal_has_one_colour_and_errors_darken_with_their_number(self) -> None:
        labels = np.repeat([0, 1, 2], [100, 60, 50])
        predicted = np.concatenate([[0] * 90, [1] * 10, [1] * 59, [2], [2] * 50])
        metrics = split_metrics(np.eye(3)[predicted], labels, ["a", "b", "c"])
        (image,) = draw_confusion(metrics, "conv").axes[0].images
        cells = np.asarray(image.get_array())[..., :3]
        diagonal = cells[[0, 1, 2], [0, 1, 2]]
        many, one, none = (cells[cell].sum() for cell in ((0, 1), (1, 2), (2, 0)))
        assert (diagonal == diagonal[0]).all()
        assert np.ptp(diagonal[0]) == 0, "neutral grey"
        assert many < one < none
        assert diagonal[0].sum() < none

    @pytest.mark.parametrize("classes", [2, 50])
    def test_any_number_of_classes_can_be_drawn(self, classes: int) -> None:
        assert decode(png(draw_confusion(measured(classes), "conv"))).width == 1500

    def test_no_error_at_all_can_be_drawn(self) -> None:
        figure = draw_confusion(measured(4, wrong=0), "conv")
        assert sorted(words(figure)) == ["100"] * 4
        assert title(figure).startswith("conv: 0 of 400")

    def test_long_labels_stand_upright(self) -> None:
        metrics = split_metrics(np.eye(8), np.arange(8), [f"Ankle boot {k}" for k in range(8)])
        axes = draw_confusion(metrics, "conv").axes[0]
        assert axes.get_xticklabels()[0].get_rotation() == 90
        assert axes.get_yticklabels()[0].get_rotation() == 0

    def test_labels_longer_than_the_matrix_are_cut(self) -> None:
        metrics = split_metrics(np.eye(2), np.arange(2), ["x" * 200, "y"])
        axes = draw_confusion(metrics, "conv").axes[0]
        assert tick_names(axes.yaxis) == tick_names(axes.xaxis) == [f"{'x' * 23}…", "y"]

    def test_dollar_signs_are_no_formula(self) -> None:
        metrics = split_metrics(np.eye(2), np.arange(2), ["$5", "$x^{$"])
        assert decode(png(draw_confusion(metrics, "conv")))


class TestReliability:
    def test_points_are_accuracy_against_confidence_before_and_after(self) -> None:
        calibration = calibrated()
        before, after, *_ = draw_reliability(calibration, "conv").axes
        for axes, expected in ((before, calibration.before), (after, calibration.after)):
            (points,) = [line for line in axes.lines if line.get_marker() == "o"]
            assert points.get_xdata() == pytest.approx(
                [place.confidence for place in expected.bins]
            )
            assert points.get_ydata() == pytest.approx([place.accuracy for place in expected.bins])

    def test_images_of_each_bin_are_written(self) -> None:
        calibration = calibrated()
        images = draw_reliability(calibration, "conv").axes[3]
        counts = [text.get_text() for text in images.texts]
        assert counts == [f"{place.images:,}" for place in calibration.after.bins]

    def test_title_has_the_error_before_and_after(self) -> None:
        calibration = calibrated()
        before, after = (part.calibration_error for part in (calibration.before, calibration.after))
        assert before > after
        assert title(draw_reliability(calibration, "conv")) == (
            f"conv: calibration error {before:.2%} before the temperature, {after:.2%} as served"
        )

    def test_one_image_can_be_drawn(self) -> None:
        assert decode(png(draw_reliability(calibrated(images=1), "conv"))).width == 1500
