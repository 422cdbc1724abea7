import os
import sys
import time
from pathlib import Path

import pytest

from bench.serving.running.processes import running
from tests.processes import is_running

DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()                 # a session of its own, and then an orphan
    if os.fork() == 0:
        print(os.getpid(), flush=True)
        time.sleep(600)
    os._exit(0)
print("started", flush=True)
time.sleep(600)
"""
STUBBORN = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(os.getpid(), flush=True)
time.sleep(600)
"""
BUSY = """
import time
while time.process_time() < 0.5: pass
print("done", flush=True)
time.sleep(600)
"""
CORES = os.sched_getaffinity(0)


def wait_for(log: Path, words: int) -> list[str]:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if len(found := log.read_text().split()) >= words:
            return found
        time.sleep(0.01)
    raise AssertionError(f"it said only {log.read_text()!r}")


def daemon_in(log: Path) -> int:
    return next(int(word) for word in log.read_text().split() if word.isdigit())


def test_daemon_that_left_its_session_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running([sys.executable, "-c", DAEMON], tmp_path, {}, CORES, log):
        wait_for(log, 2)
        daemon = daemon_in(log)
        assert is_running(daemon)
    assert not is_running(daemon)


def interrupt_when_started(folder: Path, log: Path) -> None:
    with running([sys.executable, "-c", DAEMON], folder, {}, CORES, log):
        wait_for(log, 2)
        raise KeyboardInterrupt


def test_interrupt_kills_what_was_started(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with pytest.raises(KeyboardInterrupt):
        interrupt_when_started(tmp_path, log)
    assert not is_running(daemon_in(log))


def test_server_that_ignores_the_request_to_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.serving.running.processes._GRACE", 0.2)
    log = tmp_path / "log"
    with running([sys.executable, "-c", STUBBORN], tmp_path, {}, CORES, log):
        [pid] = map(int, wait_for(log, 1))
    assert not is_running(pid)


def test_processes_of_others_live_on(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    with running([sys.executable, "-c", STUBBORN], tmp_path, {}, CORES, first) as server:
        wait_for(first, 1)
        with running([sys.executable, "-c", "print('started')"], tmp_path, {}, CORES, second):
            wait_for(second, 1)
        assert server.alive
        os.kill(int(first.read_text()), 9)


def test_memory_is_of_the_whole_tree(tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {STUBBORN!r}])"
    with running([sys.executable, "-c", child], tmp_path, {}, CORES, log) as server:
        wait_for(log, 1)
        memory = server.memory()
        os.kill(int(log.read_text()), 9)
    assert memory.processes == 2
    assert 5 < memory.pss <= memory.rss


def test_core_seconds_are_of_work_and_not_of_waiting(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running([sys.executable, "-c", BUSY], tmp_path, {}, CORES, log) as server:
        wait_for(log, 1)
        worked = server.core_seconds()
        time.sleep(0.3)
        assert 0.45 < worked <= server.core_seconds() < worked + 0.2


def test_server_has_the_cores_that_it_was_given(tmp_path: Path) -> None:
    log, core = tmp_path / "log", min(CORES)
    program = "import os; print(*os.sched_getaffinity(0))"
    with running([sys.executable, "-c", program], tmp_path, {}, {core}, log):
        assert wait_for(log, 1) == [str(core)]


def test_last_words_are_kept(tmp_path: Path) -> None:
    program = "print('loading'); raise SystemExit('no such model')"
    with running([sys.executable, "-c", program], tmp_path, {}, CORES, tmp_path / "log") as server:
        wait_for(tmp_path / "log", 4)
        while server.alive:
            time.sleep(0.01)
        assert server.last_words() == "no such model"
