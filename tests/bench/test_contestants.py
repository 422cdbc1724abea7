import hashlib
import re
from pathlib import Path

import pytest

from bench.serving.contestants import CONTESTANTS, Contestant, choose
from bench.serving.running.environments import PEERS, prepare, versions

PEER_NAMES = sorted({one.environment for one in CONTESTANTS if one.environment})
GIVEN = dict.fromkeys(("python", "bin", "port", "spare", "spare2", "models", "seconds"), "given")


def test_names_differ() -> None:
    assert len({one.name for one in CONTESTANTS}) == len(CONTESTANTS)


@pytest.mark.parametrize("contestant", CONTESTANTS, ids=lambda one: one.name)
def test_command_is_filled_in(contestant: Contestant) -> None:
    command, variables = contestant.start(**GIVEN)
    assert not any("{" in part for part in (*command, *variables.values()))
    assert "given" in command[0]


def test_choice_keeps_the_common_order() -> None:
    assert [one.name for one in choose(["ray", "tandem"])] == ["tandem", "ray"]
    assert choose(None) == list(CONTESTANTS)


@pytest.mark.parametrize("peer", PEER_NAMES)
def test_every_requirement_is_pinned(peer: str) -> None:
    lines = (PEERS / peer / "requirements.txt").read_text().splitlines()
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+(\[\w+\])?==[\w.+!-]+", line) for line in lines)
    assert {"onnxruntime", "numpy"} <= {line.partition("==")[0] for line in lines}


@pytest.mark.parametrize("peer", PEER_NAMES)
def test_versions_name_the_peer_and_its_runtime(peer: str) -> None:
    assert {peer, "onnxruntime"} <= versions(peer).keys()


def test_all_peers_have_the_same_runtime_as_tandem() -> None:
    assert len({versions(peer)["onnxruntime"] for peer in PEER_NAMES}) == 1


def test_environment_that_is_made_is_left_alone(tmp_path: Path) -> None:
    requirements = (PEERS / "mosec" / "requirements.txt").read_bytes()
    folder = tmp_path / "mosec"
    folder.mkdir()
    (folder / ".complete").write_text(hashlib.sha256(requirements).hexdigest())
    lines: list[str] = []
    prepare("mosec", tmp_path, lines.append)
    assert not lines
    assert [path.name for path in folder.iterdir()] == [".complete"]


@pytest.mark.parametrize("contestant", CONTESTANTS, ids=lambda one: one.name)
def test_program_that_a_command_names_is_there(contestant: Contestant) -> None:
    folder = PEERS / (contestant.environment or "")
    for part in contestant.command:
        if part.endswith(".py"):
            assert (folder / part).is_file()
        elif match := re.fullmatch(r"(\w+):(\w+)", part):
            assert re.search(
                rf"^(class |async def )?{match[2]}\b", (folder / f"{match[1]}.py").read_text(), re.M
            )
    if contestant.environment == "mlserver":
        assert '"mlserver_model.Classify"' in (folder / "model-settings.json").read_text()
