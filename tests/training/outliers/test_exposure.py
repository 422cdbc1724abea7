from pathlib import Path

import torch
from torch import Tensor

from training.outliers.exposure import Cache


class Drawing:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> dict[str, Tensor]:
        self.count += 1
        return {"pixels": torch.full((2, 3), self.count, dtype=torch.uint8)}


def test_what_was_drawn_is_drawn_once(tmp_path: Path) -> None:
    drawing = Drawing()
    first = Cache(tmp_path).get("letters", {"seed": 0}, drawing)
    again = Cache(tmp_path).get("letters", {"seed": 0}, drawing)
    assert drawing.count == 1
    assert torch.equal(first["pixels"], again["pixels"])
    assert again["pixels"].dtype == torch.uint8


def test_other_decisions_and_other_names_are_drawn_anew(tmp_path: Path) -> None:
    drawing, cache = Drawing(), Cache(tmp_path)
    cache.get("letters", {"seed": 0}, drawing)
    cache.get("letters", {"seed": 1}, drawing)
    cache.get("shapes", {"seed": 0}, drawing)
    assert drawing.count == 3


def test_nothing_half_written_is_left(tmp_path: Path) -> None:
    Cache(tmp_path).get("letters", {"seed": 0}, Drawing())
    [file] = tmp_path.iterdir()
    assert file.suffix == ".pt"
