"""An environment of its own for every peer, made once, under a folder that git ignores."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from artifact.files import sha256
from bench.serving.contestants import ContestantFailed

PEERS: Final = Path(__file__).parents[2] / "peers"
_MARK: Final = ".complete"
_SECONDS: Final = 900  # for one environment


def python_of(folder: Path) -> Path:
    """The interpreter of an environment."""
    return folder / "bin" / "python"


def prepare(peer: str, root: Path, say: Callable[[str], None]) -> None:
    """Make a peer's environment where it is not made yet.

    Raises:
        ContestantFailed: Its packages cannot be installed here.
    """
    requirements = PEERS / peer / "requirements.txt"
    digest = sha256(requirements.read_bytes())
    folder = root / peer
    mark = folder / _MARK
    if not (mark.is_file() and mark.read_text() == digest):
        say(f"setting up {peer} in {folder} (once; it may take some minutes) ...")
        mark.unlink(missing_ok=True)
        _run(sys.executable, "-m", "venv", str(folder))
        pip = ("-m", "pip", "install", "--disable-pip-version-check", "--quiet")
        _run(str(python_of(folder)), *pip, "--requirement", str(requirements))
        mark.write_text(digest)


def versions(peer: str) -> dict[str, str]:
    """The versions of what matters most in a peer's environment."""
    pins = dict(
        line.split("==", 1)
        for line in (PEERS / peer / "requirements.txt").read_text().splitlines()
        if "==" in line
    )
    return {name: pins[name] for name in (peer, "onnxruntime", "uvicorn") if name in pins}


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_SECONDS)
    except subprocess.CalledProcessError as error:
        lines = (error.stderr or error.stdout).strip().splitlines()
        said = next((line for line in reversed(lines) if line.startswith("ERROR")), lines[-1])
        raise ContestantFailed(f"cannot be installed here: {said}") from error
    except subprocess.TimeoutExpired as error:
        raise ContestantFailed(f"cannot be installed here in {_SECONDS} seconds") from error
