from collections.abc import Iterator

import pytest
import torch

from bench.training_speed.example import network
from bench.training_speed.race import Lap, Race, RunnerName, race
from bench.training_speed.report import Results, draw, page


def runner(*accuracies: float) -> Iterator[Lap]:
    for number, accuracy in enumerate(accuracies, start=1):
        yield Lap(seconds=10.0 * number, accuracy=accuracy)


def raced(name: RunnerName, *accuracies: float) -> Race:
    return race(name, lambda _: runner(*accuracies), seed=0, accuracy=0.99)


def results(*races: Race) -> Results:
    return Results(when="now", hardware="a core", torch="2", threads=1, accuracy=0.99, races=races)


def test_race_ends_at_the_first_lap_that_is_accurate_enough() -> None:
    done = raced("tandem", 0.98, 0.991, 0.995)
    assert [lap.accuracy for lap in done.laps] == [0.98, 0.991]
    assert done.seconds_to(0.99) == 20
    assert done.seconds_to(0.98) == 10


def test_ratio_is_of_the_medians() -> None:
    example = [raced("example", *[0.9] * laps, 0.99) for laps in (5, 1, 3)]
    tandem = [raced("tandem", 0.99)]
    assert results(*example, *tandem).ratio == pytest.approx(4)


def test_without_arriving_there_is_no_ratio_and_the_page_says_so() -> None:
    never = results(raced("example", 0.9, 0.95), raced("tandem", 0.99))
    assert never.ratio is None
    assert "not within 20.0" in page(never, "make")
    assert "no ratio" in page(never, "make")


def test_page_gives_every_race_and_the_ratio() -> None:
    told = page(results(raced("example", 0.9, 0.99), raced("tandem", 0.992)), "make")
    assert "2.0 times sooner" in told
    assert "| Tandem, quick | 0 | 1 | 10.0 | 99.20% |" in told


def test_every_race_is_drawn() -> None:
    figure = draw(results(raced("example", 0.9, 0.99), raced("tandem", 0.992)))
    assert len(figure.axes[0].lines) == 1 + 2


def test_example_has_the_size_of_its_recipe() -> None:
    learner = network().eval()
    assert sum(weight.numel() for weight in learner.parameters()) == 1_199_882
    with torch.inference_mode():
        logs = learner(torch.zeros(2, 1, 28, 28))
    assert torch.allclose(logs.exp().sum(dim=1), torch.ones(2))
