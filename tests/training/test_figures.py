import io
from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from artifact.manifest import FigureRole
from artifact.metrics import Calibration, Epoch, Example, FilterLayer, Metrics, SplitMetrics
from training.evaluation.evaluate import choose_examples, reliability, split_metrics
from training.figures import FigureInputs, draw_figures
from training.figures.canvas import png
from training.figures.confusion import draw_confusion
from training.figures.curves import draw_curves
from training.figures.filters import draw_filters
from training.figures.galleries import draw_correct, draw_wrong
from training.figures.reliability import draw_reliability
from training.networks.architectures import ARCHITECTURES, build
from training.networks.filters import describe_filters


def words(figure: Figure) -> list[str]:
    """All that is written within the axes of a figure."""
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def title(figure: Figure) -> str:
    return figure.get_suptitle()


def tick_names(axis: Axis) -> list[str]:
    return [label.get_text() for label in axis.get_ticklabels()]


def decode(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


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
    return Calibration(before=reliability(2 * logits, labels), after=reliability(logits, labels))


def mistake(index: int, probability: float = 0.75, predicted: str = "7") -> Example:
    return Example(index=index, true="1", predicted=predicted, probability=probability)


@pytest.fixture(scope="module")
def pixels() -> NDArray[np.uint8]:
    """Eighty pictures, each of one grey that is its index."""
    greys = np.arange(80, dtype=np.uint8)
    return np.broadcast_to(greys[:, None, None, None], (80, 1, 8, 8)).copy()


@pytest.fixture(scope="module")
def inputs(pixels: NDArray[np.uint8]) -> FigureInputs:
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
        examples=choose_examples(logits, labels, [*"0123"], seed=0),
        pixels=pixels,
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


class TestFilterLayers:
    @pytest.mark.parametrize(
        ("name", "kinds"),
        [
            ("conv", ["standard"] * 5),
            ("mobilenet", ["standard"] + ["depthwise", "pointwise"] * 4),
            ("conv3-mobile1", ["standard"] * 4 + ["depthwise", "pointwise"]),
        ],
    )
    def test_kinds_follow_the_blocks(self, name: str, kinds: list[str]) -> None:
        network = build(ARCHITECTURES[name], shape=(1, 28, 28), classes=10, seed=0)
        layers = describe_filters(network).layers
        assert [layer.kind for layer in layers] == kinds
        figures = ["filters_first", *[None] * (len(kinds) - 2), "filters_last"]
        assert [layer.figure for layer in layers] == figures

    def test_weighted_pooling_is_the_last_layer(self) -> None:
        weighted = replace(ARCHITECTURES["mobilenet"], pooling="weighted")
        *_, last = describe_filters(build(weighted, (1, 28, 28), 10, seed=0)).layers
        assert (last.kind, last.shape) == ("depthwise", (128, 1, 7, 7))
        assert last.figure == "filters_last"

    def test_names_and_shapes_are_the_modules(self) -> None:
        network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, (3, 5), groups=8))
        assert describe_filters(network).layers == (
            FilterLayer(name="0", kind="standard", shape=(8, 3, 3, 3), figure="filters_first"),
            FilterLayer(name="2", kind="depthwise", shape=(8, 1, 3, 5), figure="filters_last"),
        )

    def test_single_layer_is_the_first(self) -> None:
        (layer,) = describe_filters(nn.Sequential(nn.Conv2d(1, 4, 1))).layers
        assert (layer.kind, layer.figure) == ("pointwise", "filters_first")

    def test_groups_that_are_no_channels_are_refused(self) -> None:
        with pytest.raises(ValueError, match="2 groups over 8 channels"):
            describe_filters(nn.Conv2d(8, 8, 3, groups=2))


class TestFilters:
    @staticmethod
    def weight(*shape: int) -> NDArray[np.float32]:
        return np.random.default_rng(0).normal(size=shape).astype(np.float32)

    def test_pointwise_layer_is_a_heat_map_of_inputs_down_and_outputs_across(self) -> None:
        weight = self.weight(12, 5, 1, 1)
        axes = draw_filters(weight, "pointwise", "title").axes[0]
        (image,) = axes.images
        assert np.array_equal(np.asarray(image.get_array()), weight[:, :, 0, 0].T)
        assert image.get_clim() == (-abs(weight).max(), abs(weight).max())
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("output channel", "input channel")

    @pytest.mark.parametrize(
        ("kind", "shape"),
        [
            ("standard", (16, 1, 3, 3)),
            ("standard", (8, 3, 3, 3)),
            ("depthwise", (96, 1, 3, 3)),
            ("standard", (1, 1, 5, 5)),
        ],
        ids=["grey-stem", "colour-stem", "depthwise", "single"],
    )
    def test_few_kernels_are_all_drawn_on_one_symmetric_scale(
        self, kind: str, shape: tuple[int, int, int, int]
    ) -> None:
        weight = self.weight(*shape)
        images = draw_filters(weight, kind, "title").axes[0].images  # type: ignore[arg-type]  # a table of literals
        assert len(images) == shape[0] * shape[1]
        assert np.array_equal(np.asarray(images[-1].get_array()), weight[-1, -1])
        assert {image.get_clim() for image in images} == {(-abs(weight).max(), abs(weight).max())}

    def test_wide_layer_shows_all_norms_and_the_strongest_kernels(self) -> None:
        weight = self.weight(20, 10, 3, 3)
        weight[7, 4] = 9
        norms, strongest = draw_filters(weight, "standard", "title").axes[:2]
        heat = np.asarray(norms.images[0].get_array())
        assert heat.shape == (10, 20)
        assert heat[4, 7] == heat.max() == pytest.approx(27)
        assert len(strongest.images) == 64
        assert (np.asarray(strongest.images[0].get_array()) == 9).all()

    @pytest.mark.parametrize(
        ("kind", "shape"),
        [
            ("pointwise", (4, 4, 1, 1)),
            ("pointwise", (4, 400, 1, 1)),
            ("depthwise", (4, 1, 3, 3)),
            ("standard", (16, 16, 3, 3)),
        ],
        ids=["pointwise", "tall", "depthwise", "standard"],
    )
    def test_weights_of_zero_can_be_drawn(
        self, kind: str, shape: tuple[int, int, int, int]
    ) -> None:
        figure = draw_filters(np.zeros(shape, np.float32), kind, "title")  # type: ignore[arg-type]  # a table of literals
        assert decode(png(figure)).width == 1500

    def test_zero_is_in_the_middle_of_the_scale_even_where_all_is_zero(self) -> None:
        figure = draw_filters(np.zeros((4, 1, 3, 3), np.float32), "depthwise", "title")
        assert figure.axes[0].images[0].norm(np.zeros(1)) == 0.5


class TestGalleries:
    def test_wrong_answer_is_told_in_words(self, pixels: NDArray[np.uint8]) -> None:
        figure = draw_wrong([mistake(42)], pixels, "conv")
        assert words(figure) == ["true 1", "predicted 7", "75.0%  #42"]
        true, predicted, _ = figure.axes[0].texts
        assert true.get_color() != predicted.get_color()

    def test_disputed_label_is_named_and_counted(self, pixels: NDArray[np.uint8]) -> None:
        disputed = mistake(42).model_copy(update={"disputed": True})
        figure = draw_wrong([disputed, mistake(7)], pixels, "conv")
        assert words(figure)[:2] == ["disputed label 1", "predicted 7"]
        assert words(figure)[3:5] == ["true 1", "predicted 7"]
        assert "disagree with the label of 1; they count" in title(figure)

    def test_disputed_label_is_named_where_the_network_agrees_with_it(
        self, pixels: NDArray[np.uint8]
    ) -> None:
        right = Example(index=3, true="1", predicted="1", probability=0.987, disputed=True)
        assert words(draw_correct([right], pixels, 1, "conv"))[0] == "disputed label 1"

    def test_right_answer_has_its_label_once(self, pixels: NDArray[np.uint8]) -> None:
        right = Example(index=3, true="1", predicted="1", probability=0.987)
        figure = draw_correct([right], pixels, 9942, "conv")
        assert words(figure) == ["1", "98.7%  #3"]
        assert title(figure) == "conv: 1 of 9,942 right answers, drawn at random from each class"

    def test_pictures_are_those_of_the_indices(self, pixels: NDArray[np.uint8]) -> None:
        figure = draw_wrong([mistake(42), mistake(7)], pixels, "conv")
        shown = [np.asarray(image.get_array()) for image in figure.axes[0].images]
        assert [picture.max() for picture in shown] == [42, 7]
        assert {image.get_clim() for image in figure.axes[0].images} == {(0, 255)}

    @pytest.mark.parametrize(
        ("wrong", "shown", "expected"),
        [
            (3, 3, "conv: all 3 wrong answers, the most confident first"),
            (42, 42, "conv: all 42 wrong answers, the most confident first"),
            (80, 42, "conv: the first 42 of 80 wrong answers, the most confident first"),
            (0, 0, "conv: not one wrong answer"),
        ],
        ids=["few", "full", "capped", "none"],
    )
    def test_title_says_how_many_of_how_many(
        self, pixels: NDArray[np.uint8], wrong: int, shown: int, expected: str
    ) -> None:
        figure = draw_wrong([mistake(index) for index in range(wrong)], pixels, "conv")
        assert title(figure) == expected
        assert len(figure.axes[0].images) == shown

    @pytest.mark.parametrize("count", [0, 1, 8])
    def test_any_number_can_be_drawn(self, pixels: NDArray[np.uint8], count: int) -> None:
        figure = draw_wrong([mistake(index) for index in range(count)], pixels, "conv")
        assert decode(png(figure)).width == 1500

    def test_right_answers_are_capped(self, pixels: NDArray[np.uint8]) -> None:
        figure = draw_correct([mistake(index) for index in range(80)], pixels, 80, "conv")
        assert len(figure.axes[0].images) == 60
        assert title(figure).startswith("conv: 60 of 80")

    @pytest.mark.parametrize(
        ("probability", "written"),
        [(0.5, "50.0%"), (0.9994, "99.9%"), (0.9996, ">99.9%"), (1.0, ">99.9%")],
    )
    def test_confidence_is_never_rounded_up_to_certainty(
        self, pixels: NDArray[np.uint8], probability: float, written: str
    ) -> None:
        figure = draw_wrong([mistake(1, probability)], pixels, "conv")
        assert words(figure)[2] == f"{written}  #1"

    def test_long_label_is_cut(self, pixels: NDArray[np.uint8]) -> None:
        figure = draw_wrong([mistake(1, predicted="a very long class name")], pixels, "conv")
        assert words(figure)[1] == "predicted a very long …"

    def test_colour_pictures_keep_their_channels(self) -> None:
        red = np.zeros((1, 3, 4, 4), np.uint8)
        red[:, 0] = 255
        (image,) = draw_wrong([mistake(0)], red, "conv").axes[0].images
        assert np.asarray(image.get_array())[0, 0].tolist() == [255, 0, 0]
