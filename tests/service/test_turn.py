from pathlib import Path

import pytest

from service.shared import SharedFolder
from service.turn import Taken, Turn


def test_turn_is_had_by_one_at_a_time() -> None:
    turn = Turn("measuring", folder=None)
    with turn.take(), pytest.raises(Taken), turn.take():
        pass
    with turn.take():
        pass


def test_turn_is_shared_by_all_of_a_folder(tmp_path: Path) -> None:
    # Each worker has its own: nothing but the folder joins them.
    first, second = (Turn("measuring", SharedFolder(tmp_path)) for _ in range(2))
    with first.take(), pytest.raises(Taken), second.take():
        pass
    with second.take():
        pass


def test_failure_gives_the_turn_back(tmp_path: Path) -> None:
    turn = Turn("measuring", SharedFolder(tmp_path))
    with pytest.raises(KeyError), turn.take():
        raise KeyError
    with turn.take():
        pass
