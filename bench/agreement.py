"""Whether the answers over HTTP agree with the metrics that the same service publishes.

Every test image is encoded as PNG and posted by itself, to every model on every runtime; the
confusion matrix of the answers must be the published one, to the last count.

python -m bench.agreement --data-dir data [--url http://127.0.0.1:8000]
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import httpx
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix
from tqdm import tqdm

from training import data
from training.export.parity import encode

ROW = "{:<15} {:<12} {:>9} {:>9} {:>9} {:>9}  {}"
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Case:
    """One model on one runtime."""

    model: str
    runtime: str


def main() -> None:
    """Print one row a model and runtime; exit with 1 where an answer disagrees."""
    options = _parser().parse_args()
    test = data.load(options.dataset, options.data_dir).test
    pictures = [encode(picture) for picture in test.pixels]
    agreed = True
    with httpx.Client(base_url=options.url, timeout=30) as client:
        tqdm.write(
            ROW.format("model", "runtime", "pictures", "right", "accuracy", "req/s", "agrees")
        )
        for case in _cases(client):
            began = perf_counter()
            answers = answer_all(client, case, pictures)
            rate = len(pictures) / (perf_counter() - began)
            labels = class_labels(client, case)
            truth = [labels[number] for number in test.labels.tolist()]
            counts = confusion_matrix(truth, answers, labels=labels)
            published = published_counts(client, case)
            same = bool((counts == published).all())
            agreed &= same
            right = int(counts.trace())
            accuracy = f"{right / len(pictures):.2%}"
            verdict = "yes" if same else f"NO: {(counts != published).sum()} counts differ"
            tqdm.write(
                ROW.format(
                    *vars(case).values(), len(pictures), right, accuracy, round(rate), verdict
                )
            )
    sys.exit(0 if agreed else 1)


def answer_all(client: httpx.Client, case: Case, pictures: Sequence[bytes]) -> list[str]:
    """The label that the service gives to each picture."""
    headers = {"Content-Type": "image/png"}
    return [
        client.post("/predict", params=vars(case), content=picture, headers=headers)
        .raise_for_status()
        .json()["label"]
        for picture in tqdm(pictures, desc=f"{case.model} {case.runtime}", leave=False)
    ]


def class_labels(client: httpx.Client, case: Case) -> list[str]:
    """Names of the classes, in the order of the published matrix."""
    labels: list[str] = client.get(f"/models/{case.model}").raise_for_status().json()["labels"]
    return labels


def published_counts(client: httpx.Client, case: Case) -> Counts:
    """The confusion matrix that was published of the file which that runtime executes."""
    metrics = client.get(f"/models/{case.model}/metrics").raise_for_status().json()
    measured = metrics["quantised"] if case.runtime == "onnx-int8" else metrics
    return np.array(measured["test"]["confusion_matrix"], np.int64)


def _cases(client: httpx.Client) -> Iterator[Case]:
    for model in client.get("/models").raise_for_status().json()["models"]:
        for runtime in model["runtimes"]:
            yield Case(model["name"], runtime)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="of a running service")
    parser.add_argument("--dataset", default="mnist")
    parser.add_argument("--data-dir", type=Path, default=Path("data"))
    return parser


if __name__ == "__main__":
    main()
