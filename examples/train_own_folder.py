"""A folder of pictures, one folder a class: trained, published, served and asked.

python examples/train_own_folder.py [FOLDER]

Without a folder it draws one: circles, crosses and squares, forty of each.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import httpx
import numpy as np

from training.config import Places, RunConfig
from training.run import run

SIDE = 32


def main(folder: str | None = None) -> None:
    """Train a small MobileNet on a folder, and ask the service that serves it."""
    with tempfile.TemporaryDirectory() as scratch:
        pictures = Path(folder) if folder else draw_shapes(Path(scratch) / "shapes")
        places = Places(
            data_dir=pictures, runs_dir=Path(scratch) / "runs", models_dir=Path(scratch) / "models"
        )
        config = RunConfig(dataset="folder", side=SIDE, epochs=12, batch_size=8)
        artifact = run(config, places)
        print(f"published {artifact}: labels {', '.join(artifact.manifest.labels)}")

        with serving(places.models_dir) as client:
            for picture in sorted(pictures.rglob("*.png"))[::40]:
                answer = client.post("/predict", files={"image": picture.read_bytes()}).json()
                print(f"{picture.parent.name}: {answer['label']} ({answer['probability']:.1%})")


@contextmanager
def serving(models_dir: Path, port: int = 8765) -> Iterator[httpx.Client]:
    """Serve a model repository in a process of its own, as `make serve` does."""
    variables = {
        "TANDEM_MODELS_DIR": str(models_dir),
        "TANDEM_PORT": str(port),
        "TANDEM_RUNTIMES": "onnx",  # starts sooner than with torch
    }
    command = [sys.executable, "-m", "service"]
    with subprocess.Popen(command, env={**os.environ, **variables}) as process:
        try:
            transport = httpx.HTTPTransport(retries=9)  # it takes some seconds to listen
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", transport=transport) as client:
                yield client
        finally:
            process.terminate()


def draw_shapes(folder: Path, count: int = 40) -> Path:
    """Draw circles, crosses and squares of many sizes and places, one folder a class."""
    choice = np.random.default_rng(0)
    for name in ("circle", "cross", "square"):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            size, x, y = choice.integers((6, 12, 12), (10, 20, 20)).tolist()
            canvas = np.zeros((SIDE, SIDE), np.uint8)
            draw_shape(canvas, name, size, (x, y))
            cv2.imwrite(str(folder / name / f"{number:03}.png"), canvas)
    return folder


def draw_shape(canvas: np.ndarray, name: str, size: int, centre: tuple[int, int]) -> None:
    """Draw one shape, white, into a black canvas [H, W]."""
    x, y = centre
    if name == "circle":
        cv2.circle(canvas, (x, y), size, 255, 2)
    elif name == "square":
        cv2.rectangle(canvas, (x - size, y - size), (x + size, y + size), 255, 2)
    else:
        cv2.line(canvas, (x - size, y), (x + size, y), 255, 2)
        cv2.line(canvas, (x, y - size), (x, y + size), 255, 2)


if __name__ == "__main__":
    main(*sys.argv[1:])
