import platform
import subprocess
import sys
from pathlib import Path

import pytest

from service.server import footprint
from tests.known_answer import onnx_model

SCRIPT = """
import sys
from pathlib import Path
import numpy as np
from artifact.runtimes.table import open_runtime
from service.server.footprint import give_back_library_pages

def megabytes_of_files():
    fields = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["RssFile"].split()[0]) / 1000

network = open_runtime("onnx", Path(sys.argv[1]).read_bytes())
batch = np.random.default_rng(0).standard_normal((3, 1, 8, 8), np.float32)
answer = network.run(batch)
before = megabytes_of_files()
give_back_library_pages()
after = megabytes_of_files()
assert np.array_equal(network.run(batch), answer)
print(before, after)
"""


@pytest.mark.skipif(not footprint._MAPPINGS.exists(), reason="Linux alone says what is mapped")  # noqa: SLF001 - a file
def test_most_of_what_the_libraries_held_is_given_back_and_they_still_work(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(onnx_model(1.0))
    said = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "model.onnx")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    before, after = map(float, said.split())
    assert after < before / 2


FREED = """
import numpy as np
from service.server.footprint import return_large_blocks

def megabytes():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4096 / 1e6

return_large_blocks()
before = megabytes()
for _ in range(3):
    blocks = [np.ones(12_000_000, np.uint8) for _ in range(8)]
    small = np.ones(1000)
    del blocks
print(megabytes() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep nothing")
def test_large_blocks_are_given_back_when_they_are_free() -> None:
    said = subprocess.run([sys.executable, "-c", FREED], capture_output=True, text=True, check=True)
    assert float(said.stdout) < 5
