"""Memory for decoding: shared by all threads, waited for, refused where it never comes."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.errors import Unavailable
from service.limits.threads import MemoryBudget
from service.settings import Settings


def test_shares_never_exceed_the_budget() -> None:
    budget, held, peak, lock = MemoryBudget(100, 5), 0, 0, threading.Lock()

    def work(size: int) -> None:
        nonlocal held, peak
        with budget.share(size):
            with lock:
                held += size
                peak = max(peak, held)
            time.sleep(0.002)
            with lock:
                held -= size

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, [10, 60, 100, 30] * 20))
    assert held == 0
    assert 60 < peak <= 100


def test_share_that_is_not_free_in_time_is_refused_for_now() -> None:
    budget = MemoryBudget(100, 0.05)
    with budget.share(60), pytest.raises(Unavailable, match=r"not free within 0\.05 s"):
        budget.share(50).__enter__()
    with budget.share(100):
        pass


def test_share_is_given_back_when_decoding_fails() -> None:
    budget = MemoryBudget(100, 0.05)
    with pytest.raises(ZeroDivisionError), budget.share(100):
        raise ZeroDivisionError
    with budget.share(100):
        pass


def test_default_budgets_are_parts_of_the_memory_of_one_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("service.settings.usable_memory", lambda: 512 * 2**20)
    settings = Settings()
    assert settings.decode_memory == 512 * 2**20 // 3
    assert settings.upload_bytes == 64 * 2**20
    assert Settings(workers=2).decode_memory == 256 * 2**20 // 3
    assert Settings(decode_memory_bytes=5, max_upload_bytes=6).limits.max_memory == 5
    monkeypatch.setattr("service.settings.usable_memory", lambda: 2**40)
    assert Settings().decode_memory == 1_000_000_000
    assert Settings().upload_bytes == 256_000_000
