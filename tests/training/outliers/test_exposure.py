from pathlib import Path

import torch
from torch import Tensor

from training.outliers.exposure import cached


class Drawing:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> dict[str, Tensor]:
        self.count += 1
        return {"pixels": torch.full((2, 3), self.count, dtype=torch.uint8)}


def test_what_was_drawn_is_drawn_once_and_leaves_one_whole_file(tmp_path: Path) -> None:
    drawing = Drawing()
    first, again = (cached(tmp_path, "letters", (0,), drawing) for _ in range(2))
    assert drawing.count == 1
    assert torch.equal(first["pixels"], again["pixels"])
    assert again["pixels"].dtype == torch.uint8
    [file] = tmp_path.iterdir()
    assert file.suffix == ".pt"


def test_other_decisions_and_other_names_are_drawn_anew(tmp_path: Path) -> None:
    drawing = Drawing()
    for name, key in (("letters", 0), ("letters", 1), ("shapes", 0)):
        cached(tmp_path, name, (key,), drawing)
    assert drawing.count == 3
