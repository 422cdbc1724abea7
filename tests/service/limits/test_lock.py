from pathlib import Path

import pytest

from service.limits.lock import Lock, LockHeld
from service.observability.shared import SharedFolder


def test_turn_is_had_by_one_at_a_time() -> None:
    turn = Lock("measuring", folder=None)
    with turn.take(), pytest.raises(LockHeld), turn.take():
        pass
    with turn.take():
        pass


def test_turn_is_shared_by_all_of_a_folder(tmp_path: Path) -> None:
    # Each worker has its own: nothing but the folder joins them.
    first, second = (Lock("measuring", SharedFolder(tmp_path)) for _ in range(2))
    with first.take(), pytest.raises(LockHeld), second.take():
        pass
    with second.take():
        pass


def test_failure_gives_the_turn_back(tmp_path: Path) -> None:
    turn = Lock("measuring", SharedFolder(tmp_path))
    with pytest.raises(KeyError), turn.take():
        raise KeyError
    with turn.take():
        pass
