"""Manifests of models that were never trained."""

from collections.abc import Mapping

from artifact.manifest import Blocks, File, Manifest, Parity, Provenance, Role, Split
from vision.input import Input


def manifest(
    name: str,
    labels: tuple[str, ...],
    files: Mapping[Role, File],
    provenance: Provenance,
    **others: object,
) -> Manifest:
    """One of small grey pictures and a network of one block, but for the `others` of its fields."""
    described: dict[str, object] = {
        "version": 1,
        "architecture": Blocks(
            blocks=("conv",), stem=4, widths=(4,), strides=(1,), parameters=272, macs=272
        ),
        "input": Input(shape=(1, 8, 8), mode="L", mean=(0,), std=(1,), preprocess="resize"),
        "temperature": 1,
        "rejection": None,
        "parity": Parity(images=1, max_abs_diff={}, tolerance=1e-4),
    }
    told = {"name": name, "labels": labels, "files": files, "provenance": provenance}
    return Manifest(**described | told | others)


def provenance(
    dataset: str, test: int, test_sha256: str | None = None, **others: object
) -> Provenance:
    """Of a data set with so many test images, but for the `others` of its fields."""
    described: dict[str, object] = {
        "commit": None,
        "seed": 0,
        "config": {},
        "dataset": dataset,
        "split": Split(
            train=4, validation=4, test=test, ratio=0.5, seed=0, test_sha256=test_sha256
        ),
        "epoch": 1,
        "libraries": {},
        "hardware": "none",
        "seconds": 0,
    }
    return Provenance(**described | others)
