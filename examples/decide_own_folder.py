"""A folder of pictures in, a decision out, served and asked.

python examples/decide_own_folder.py [FOLDER]

Without a folder it draws one (draw_a_folder.py).
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
from draw_a_folder import draw_folder


def main(folder: str | None = None) -> None:
    """Decide which model of a folder to ship, and ask the service that serves it."""
    with tempfile.TemporaryDirectory() as scratch:
        pictures = Path(folder) if folder else draw_folder(Path(scratch) / "things")
        written = Path(scratch) / "decision.json"
        quick = ("--arms", "linear-hog-colour", "mobilenet", "--epochs", "8")  # for an example
        options = (*quick, "--minutes", "10", "--json", str(written), "--serve")
        places = ("--runs-dir", f"{scratch}/runs", "--models-dir", f"{scratch}/models")
        command = [sys.executable, "-m", "training", "decide", str(pictures), *options, *places]
        port = free_port()
        with subprocess.Popen(command, env={**os.environ, "TANDEM_PORT": str(port)}) as process:
            try:
                while not written.exists() and process.poll() is None:
                    time.sleep(0.2)
                decision = json.loads(written.read_text())["decision"]
                print(*decision["reasons"], sep="\n")
                if decision["pick"]:
                    ask(sorted(pictures.rglob("*.png"))[::40], port)
            finally:
                process.terminate()


def free_port() -> int:
    """Find a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        number: int = server.getsockname()[1]
    return number


def ask(files: list[Path], port: int) -> None:
    """Let the model that was chosen name some pictures."""
    transport = httpx.HTTPTransport(retries=9)  # the service takes some seconds to listen
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", transport=transport) as client:
        for file in files:
            answer = client.post("/predict", files={"image": file.read_bytes()}).json()
            print(f"{file.parent.name}: {answer['label']}")


if __name__ == "__main__":
    main(*sys.argv[1:])
