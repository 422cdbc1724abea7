import numpy as np
import pytest
from numpy.typing import NDArray

from research.robustness.corruptions import KINDS, corrupt

Pixels = NDArray[np.uint8]
REPEATABLE: tuple[str, ...] = ("scale", "brightness", "stripe", "canny edges")


@pytest.fixture(scope="module")
def sevens() -> Pixels:
    """Sixty times the same seven, 5 pixels off every side, light on black."""
    picture = np.zeros((28, 28), np.uint8)
    picture[5:8, 5:23] = 220
    for row in range(8, 23):
        picture[row, 21 - row // 2 : 24 - row // 2] = 255
    return np.tile(picture, (60, 1, 1))


@pytest.mark.parametrize("kind", KINDS)
class TestEveryKind:
    def test_every_picture_becomes_another_that_still_shows_something(
        self, kind: str, sevens: Pixels
    ) -> None:
        before = sevens.copy()
        corrupted = corrupt(kind, sevens, seed=0)
        assert (sevens == before).all()
        assert corrupted.shape == sevens.shape
        assert corrupted.dtype == np.uint8
        assert (corrupted != sevens).any(axis=(1, 2)).all()
        assert (np.ptp(corrupted, axis=(1, 2)) > 50).all()

    def test_chance_differs_by_seed_and_by_picture_alone(self, kind: str, sevens: Pixels) -> None:
        corrupted = corrupt(kind, sevens, seed=3)
        assert (corrupt(kind, sevens, seed=3) == corrupted).all()
        varies = (corrupted != corrupted[0]).any()
        assert varies == (kind not in REPEATABLE)
        assert (corrupt(kind, sevens, seed=4) != corrupted).any() == varies


def centres(pictures: Pixels) -> NDArray[np.float64]:
    """Centre of mass of each picture, row and column."""
    mass = pictures.sum(axis=(1, 2), dtype=float)
    rows = (pictures.sum(axis=2) @ np.arange(28)) / mass
    columns = (pictures.sum(axis=1) @ np.arange(28)) / mass
    return np.stack([rows, columns], 1)


def moved(kind: str, pictures: Pixels) -> NDArray[np.float64]:
    return centres(corrupt(kind, pictures, seed=0)) - centres(pictures)


def mass(pictures: Pixels) -> float:
    return float(pictures.mean(dtype=float))


def test_translation_keeps_every_pixel_and_goes_all_four_ways(sevens: Pixels) -> None:
    shifted = corrupt("translate", sevens, seed=0)
    assert (np.sort(shifted.reshape(60, -1)) == np.sort(sevens.reshape(60, -1))).all()
    ways = {tuple(way) for way in moved("translate", sevens).round(6).tolist()}
    assert ways == {(-3, -3), (-3, 3), (3, -3), (3, 3)}


def test_scaling_leaves_half_of_the_ink_about_the_same_middle(sevens: Pixels) -> None:
    assert mass(corrupt("scale", sevens, 0)) / mass(sevens) == pytest.approx(0.49, abs=0.01)
    middle = centres(sevens)[0] - 13.5
    assert moved("scale", sevens)[0] == pytest.approx(-0.3 * middle, abs=0.1)


def test_rotation_turns_by_23_degrees_either_way() -> None:
    bar = np.zeros((40, 28, 28), np.uint8)
    bar[:, 13:15, 4:24] = 255
    turned = corrupt("rotate", bar, seed=0)
    rows, columns = np.mgrid[-13.5:14, -13.5:14]
    angles = {
        round(float(np.arctan((picture * rows * columns).sum() / (picture * columns**2).sum())), 1)
        for picture in turned.astype(float)
    }
    assert angles == {-0.4, 0.4}
    assert mass(turned) == pytest.approx(mass(bar), rel=0.02)


def test_shear_moves_the_top_against_the_bottom() -> None:
    bar = np.zeros((40, 28, 28), np.uint8)
    bar[:, 4:24, 13:15] = 255
    leaned = corrupt("shear", bar, seed=0)
    is_top = np.arange(28)[:, None] < 14
    tops, bottoms = (centres(leaned * half)[:, 1] for half in (is_top, ~is_top))
    assert set(np.sign(tops - bottoms).tolist()) == {-1, 1}
    assert np.abs(tops - bottoms) == pytest.approx(10 * np.tan(0.4), abs=0.5)


def test_brightness_adds_half_of_the_range(sevens: Pixels) -> None:
    brighter = corrupt("brightness", sevens, seed=0)
    assert (brighter[sevens == 0] == 128).all()
    assert (brighter[sevens > 0] == 255).all()


def test_stripe_inverts_the_outer_quarters_alone(sevens: Pixels) -> None:
    striped = corrupt("stripe", sevens, seed=0)
    assert (striped[..., :7] == 255 - sevens[..., :7]).all()
    assert (striped[..., 21:] == 255 - sevens[..., 21:]).all()
    assert (striped[..., 7:21] == sevens[..., 7:21]).all()


def test_impulses_strike_a_sixth_of_the_pixels_black_or_white(sevens: Pixels) -> None:
    grey = np.full_like(sevens, 100)
    struck = corrupt("impulse noise", grey, seed=0)
    assert set(np.unique(struck)) == {0, 100, 255}
    assert np.mean(struck == 0) == pytest.approx(0.085, abs=0.005)
    assert np.mean(struck == 255) == pytest.approx(0.085, abs=0.005)


def test_shot_noise_leaves_black_alone_and_comes_in_thirds(sevens: Pixels) -> None:
    noisy = corrupt("shot noise", sevens, seed=0)
    assert set(np.unique(noisy)) == {0, 85, 170, 255}
    assert (noisy[sevens == 0] == 0).all()


@pytest.mark.parametrize("kind", ["glass blur", "motion blur"])
def test_blur_keeps_the_light_and_lowers_the_peaks(kind: str, sevens: Pixels) -> None:
    soft = corrupt(kind, sevens, seed=0)
    assert mass(soft) == pytest.approx(mass(sevens), rel=0.03)
    assert float(soft.std()) < 0.9 * float(sevens.std())


def test_motion_blur_goes_one_way_and_more_across_than_up_or_down(sevens: Pixels) -> None:
    way = moved("motion blur", sevens)
    assert (way[:, 1] < -1).all()
    assert (np.abs(way[:, 0]) <= -way[:, 1] + 0.2).all()


def test_fog_is_brighter_than_the_dimmed_ink(sevens: Pixels) -> None:
    foggy = corrupt("fog", sevens, seed=0)
    assert foggy.max() <= 255
    on, off = foggy[sevens == 255], foggy[sevens == 0]
    assert on.mean() - off.mean() == pytest.approx(255 / 4, rel=0.35)
    assert off.mean() > 40


def test_spatter_covers_ink_and_ground_with_dark_grey(sevens: Pixels) -> None:
    muddy = corrupt("spatter", sevens, seed=0)
    assert 0 < muddy[sevens == 0].max() <= 63
    assert muddy[sevens == 255].min() < 110
    assert 0.05 < np.mean(muddy != sevens) < 0.5


def test_canny_edges_are_thin_white_outlines(sevens: Pixels) -> None:
    edges = corrupt("canny edges", sevens, seed=0)
    assert set(np.unique(edges)) == {0, 255}
    assert not edges[:, :3].any()
    assert edges[0, 8:20].any()


@pytest.mark.parametrize(
    ("kind", "columns"), [("dotted line", (2, 26)), ("zigzag", (2, 24))], ids=["dotted", "zigzag"]
)
def test_stroke_only_adds_light_from_side_to_side(kind: str, columns: tuple[int, int]) -> None:
    strokes = corrupt(kind, np.zeros((60, 28, 28), np.uint8), seed=0)
    lit = np.flatnonzero((strokes > 100).max(axis=(0, 1)))
    assert (lit.min(), lit.max()) == columns
    assert 0.005 < np.mean(strokes > 100) < 0.12


def test_dotted_line_is_dotted() -> None:
    strokes = corrupt("dotted line", np.zeros((60, 28, 28), np.uint8), seed=0)
    dark = np.flatnonzero(strokes.max(axis=(0, 1)) == 0)
    assert dark.tolist() == [0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 27]
