import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.observability.shared import shared_folder
from service.server.sockets import bind
from service.server.supervisor import Supervisor
from service.settings import Settings
from tests.known_answer import picture
from tests.processes import children, is_running
from tests.service.process import PATIENCE, Running, Start, run_to_the_end, wait_until

pytestmark = pytest.mark.skipif(
    os.name != "posix", reason="needs a socket that processes can inherit"
)


@contextmanager
def two_workers(start: Start, **settings: object) -> Iterator[Running]:
    with start(workers=2, **settings) as running:
        workers = processes(running)
        try:
            yield running
        finally:
            end(running, workers)


def end(running: Running, workers: set[int]) -> None:
    running.process.send_signal(signal.SIGTERM)
    running.process.send_signal(signal.SIGINT)
    with suppress(Exception):
        running.process.wait(PATIENCE)
    for worker in workers:
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)


@pytest.fixture(scope="module")
def running(start: Start) -> Iterator[Running]:
    with two_workers(start) as running:
        yield running


def processes(running: Running) -> set[int]:
    started = re.findall(r"Started server process \[(\d+)\]", running.log.read_text())
    return {int(process) for process in started if Path(f"/proc/{process}").exists()}


def sample(running: Running, name: str) -> float:
    text = httpx.get(f"{running.url}/metrics").text
    return sum(
        float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name)
    )


def settled(running: Running, name: str) -> float:
    """Sample until every worker has handed over what it counted, every half a second."""
    latest = [0.0]

    def stays() -> bool:
        latest.append(sample(running, name))
        return latest[-1] == latest[-2]

    wait_until(stays, every=0.7)
    return latest[-1]


def predict(running: Running) -> int:
    return httpx.post(f"{running.url}/predict", content=picture("top-left")).status_code


def test_what_the_workers_count_adds_up(running: Running) -> None:
    answered = 'tandem_http_requests_total{method="POST",route="/predict",status="200"}'
    inferred = 'tandem_inference_seconds_count{model="known"'
    before = sample(running, answered), sample(running, inferred)
    assert [predict(running) for _ in range(40)] == [200] * 40
    wait_until(lambda: sample(running, answered) - before[0] == 40)
    assert sample(running, inferred) - before[1] == 40
    # The one that asks; who was asked before says so until it flushes.
    wait_until(lambda: sample(running, "tandem_http_requests_in_flight") == 1, every=0.7)


def test_metrics_have_the_names_that_one_process_has(running: Running, repository: Path) -> None:
    def names(client: httpx.Client) -> set[str]:
        assert client.post("/predict", content=picture("top-left")).status_code == 200
        assert client.post("/predict", content=b"text").status_code == 415
        text = client.get("/metrics").text
        return set(re.findall(r"^([a-z_]+)[{ ]", text, re.MULTILINE))

    alone = Settings(models_dir=repository, runtimes=("onnx",))
    with TestClient(create_app(alone)) as client, httpx.Client(base_url=running.url) as other:
        # Either worker may be asked, and a worker knows of the other what has settled.
        wait_until(lambda: names(other) == names(client), every=0.6)


def test_each_worker_shows_its_memory(running: Running) -> None:
    text = httpx.get(f"{running.url}/metrics").text
    for worker in "01":
        assert f'process_resident_memory_bytes{{worker="{worker}"}}' in text


def test_killed_worker_is_replaced_and_goes_on_counting(running: Running) -> None:
    answered = 'tandem_http_requests_total{method="POST",route="/predict",status="200"}'
    [predict(running) for _ in range(10)]
    before = processes(running)
    counted = settled(running, answered)
    os.kill(min(before), signal.SIGKILL)
    wait_until(lambda: min(before) not in processes(running))
    assert [predict(running) for _ in range(20)] == [200] * 20, "the other one goes on"
    wait_until(lambda: running.log.read_text().count("Application startup complete") >= 3)
    wait_until(lambda: len(processes(running)) == 2)
    assert [predict(running) for _ in range(20)] == [200] * 20
    wait_until(lambda: sample(running, answered) == counted + 40)
    assert "was ended by SIGKILL; another one starts in 0.1 s" in running.log.read_text()


def shared_folder_of(worker: int) -> Path:
    *_, folder, _ = Path(f"/proc/{worker}/cmdline").read_bytes().split(b"\0")
    return Path(folder.decode())


def test_signal_ends_all_after_a_delay_in_which_none_is_ready(start: Start) -> None:
    with two_workers(start, shutdown_delay=60) as running:
        workers = processes(running)
        folders = {shared_folder_of(worker) for worker in workers}
        running.process.send_signal(signal.SIGTERM)
        wait_until(lambda: ready(running) == 503)
        assert {ready(running) for _ in range(20)} == {503}
        assert {predict(running) for _ in range(20)} == {200}
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(PATIENCE) == 0, "a second signal ends the delay"
    assert len(workers) == 2
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
    assert not any(folder.exists() for folder in folders)
    assert "Traceback" not in running.log.read_text()


def ready(running: Running) -> int:
    return httpx.get(f"{running.url}/health/ready").status_code


def test_workers_end_when_the_supervisor_is_gone(start: Start) -> None:
    with two_workers(start) as running:
        workers = processes(running)
        [folder] = {shared_folder_of(worker) for worker in workers}
        running.process.kill()
        wait_until(lambda: not any(is_running(worker) for worker in workers))
    assert not folder.exists()


def test_taken_port_is_refused_even_where_its_owner_would_share(
    running: Running, repository: Path
) -> None:
    ended = run_to_the_end(models_dir=repository, workers=2, port=running.port)
    assert ended.returncode == 3
    assert f"cannot listen on 127.0.0.1 port {running.port}" in ended.stderr
    assert "Traceback" not in ended.stderr


FIRST_WORKER_CRASHES_ALWAYS = """
import os, pathlib, signal, sys
number, folder = sys.argv[1], pathlib.Path(sys.argv[4])
(folder / f"{number}.worker").write_text(str(os.getpid()))
if number == "1":
    (folder / "other").touch()
    signal.pause()
with (folder / "crashes").open("a") as crashes:
    crashes.write("x")
if (folder / "crashes").stat().st_size == 8:
    os.kill(os.getppid(), signal.SIGTERM)
    signal.pause()
sys.exit(7)
"""


def test_worker_that_crashes_again_and_again_is_given_more_time_and_the_other_lives(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.server.supervisor._LONGEST_PAUSE", 0.3)
    command = (sys.executable, "-c", FIRST_WORKER_CRASHES_ALWAYS)
    with bind("127.0.0.1", 0) as listener, shared_folder() as folder:
        settings = Settings(workers=2)
        assert Supervisor(settings, listener, folder, command).run() == 0
        assert (folder.path / "other").exists()
    pauses = re.findall(r"worker (\d) .* status 7; another one starts in (\S+) s", caplog.text)
    assert pauses == [("0", pause) for pause in ["0.1", "0.2", *["0.3"] * 5]]


@pytest.mark.parametrize("ending", ["sys.exit(7)", "os.kill(os.getpid(), 9)"])
def test_service_is_given_up_where_no_worker_can_start(
    caplog: pytest.LogCaptureFixture, ending: str
) -> None:
    command = (sys.executable, "-c", f"import os, sys; {ending}")
    with bind("127.0.0.1", 0) as listener, shared_folder() as folder:
        status = Supervisor(Settings(workers=2), listener, folder, command).run()
    assert status == (7 if "exit" in ending else 1)
    [message] = caplog.messages
    assert message.startswith("worker 0 (process ")
    assert message.endswith(" before any worker served; giving up")


def number_of(worker: int) -> int:
    return int(Path(f"/proc/{worker}/cmdline").read_bytes().split(b"\0")[3])


def test_hung_worker_keeps_no_connection_and_is_replaced(start: Start) -> None:
    hung = 'tandem_worker_restarts_total{reason="hung"}'
    with two_workers(start, worker_timeout=3) as running:
        before = sorted(children(running.process.pid), key=number_of)
        end = time.monotonic() + 4
        while time.monotonic() < end:
            assert predict(running) == 200
        assert set(children(running.process.pid)) == {*before}, "a busy one is left alone"
        assert sample(running, hung) == 0
        stopped, _ = before
        os.kill(stopped, signal.SIGSTOP)
        assert [predict(running) for _ in range(40)] == [200] * 40, "on 40 new connections"
        wait_until(lambda: not is_running(stopped))
        wait_until(lambda: "another one starts" in running.log.read_text())
        wait_until(lambda: len(running.log.read_text().split("startup complete")) > 3)
        assert sample(running, hung) == 1
        assert [predict(running) for _ in range(20)] == [200] * 20
    log = running.log.read_text()
    assert f"worker 0 (process {stopped}) gave no sign of life for 3 s; it is ended" in log
    assert f"worker 0 (process {stopped}) was ended by SIGKILL" in log


@pytest.mark.parametrize("workers", [1, 2])
def test_metrics_folder_of_another_program_is_left_alone(
    start: Start, tmp_path: Path, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = tmp_path / "foreign"
    if workers == 2:
        foreign.mkdir()
        (foreign / "counter_0.db").write_bytes(b"no such file of values")
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(foreign))
    with start(workers=workers) as running:
        assert predict(running) == 200
        answered = 'tandem_http_requests_total{method="POST",route="/predict",status="200"}'
        wait_until(lambda: sample(running, answered) == 1, every=0.6)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(PATIENCE) == 0
    assert [file.name for file in tmp_path.glob("foreign/*")] == ["counter_0.db"] * (workers - 1)
    assert "Traceback" not in running.log.read_text()


def test_worker_started_by_hand_says_how_it_is_done() -> None:
    ended = run_to_the_end(command=("-m", "service.server.worker", "0", "0", "1"))
    assert ended.returncode == 1
    assert "TANDEM_WORKERS" in ended.stderr
