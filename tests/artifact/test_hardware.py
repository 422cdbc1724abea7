import os
from pathlib import Path

import pytest

from artifact.hardware import container_share, describe_hardware, usable_cores, usable_memory


@pytest.mark.parametrize(
    ("files", "share"),
    [
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": ""}, None),
        ({"cpu/cpu.cfs_quota_us": "50000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 0.5),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({}, None),
    ],
    ids=["v2", "v2-unlimited", "v2-empty", "v1", "v1-unlimited", "none"],
)
def test_share_of_a_container_is_what_its_control_group_says(
    tmp_path: Path, files: dict[str, str], share: float | None
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert container_share(tmp_path) == share


@pytest.mark.parametrize(
    ("files", "own", "limit"),
    [
        ({"memory.max": "1000\n"}, "0::/\n", 1000),
        ({"memory.max": "max\n"}, "0::/\n", None),
        ({"a/memory.max": "2000\n", "a/b/memory.max": "max\n"}, "0::/a/b\n", 2000),
        ({"memory/memory.limit_in_bytes": "3000\n"}, "4:memory:/docker/x\n", 3000),
        ({"memory/a/memory.limit_in_bytes": "4000\n"}, "5:cpu:/\n4:memory:/a\n", 4000),
        ({"memory/memory.limit_in_bytes": f"{2**63 - 4096}\n"}, "4:memory:/\n", None),
        ({}, "", None),
    ],
    ids=["v2", "v2-unlimited", "v2-around", "v1", "v1-inside", "v1-unlimited", "none"],
)
def test_memory_is_what_the_control_groups_leave(
    tmp_path: Path, files: dict[str, str], own: str, limit: int | None
) -> None:
    for name, text in files.items():
        (tmp_path / "groups" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "groups" / name).write_text(text)
    (tmp_path / "own").write_text(own)
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert usable_memory(tmp_path / "groups", tmp_path / "own") == (limit or machine)


def test_hardware_names_the_processor_and_its_cores() -> None:
    processor, _, cores = describe_hardware().partition(", ")
    assert processor
    assert int(cores.split()[0]) >= 1


@pytest.mark.parametrize(
    ("quota", "cores"),
    [
        ("max 100000", 8),
        ("1200000 100000", 8),
        ("200000 100000", 2),
        ("190000 100000", 1),
        ("20000 100000", 1),
    ],
    ids=["no-limit", "more-than-there-are", "two", "nearly-two", "a-fifth"],
)
def test_usable_cores_are_whole_and_those_of_the_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str, cores: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    (tmp_path / "cpu.max").write_text(quota)
    assert usable_cores(tmp_path) == cores
