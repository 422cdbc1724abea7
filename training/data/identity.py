"""Which data a network learns from: known by its content, whatever its folder is called."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from pydantic import JsonValue

from artifact.files import sha256
from artifact.manifest import Part, Provenance

_SHORT: Final = 8  # hexadecimal digits: enough to tell the data sets of one person apart
_MOST_LABELS: Final = 12  # in a message


class DataIdentity(Part):
    """What a network learns from, how it is split, and what is made of a picture.

    Kept in checkpoints: a run goes on with the same data only. `sha256` and `test_sha256` are None
    for models that were published before they were noted.
    """

    dataset: str
    labels: tuple[str, ...]
    pictures: int
    sha256: str | None
    test_sha256: str | None
    train_ratio: float
    seed: int
    preprocessing: Mapping[str, JsonValue]

    @classmethod
    def recorded(cls, provenance: Provenance, labels: tuple[str, ...]) -> "DataIdentity":
        """What a model learnt from; its preprocessing is in no provenance."""
        split = provenance.split
        asked = 0 if split.folds else split.test  # of folds, every picture is learnt from too
        if provenance.config.get("command") != "decide":  # which has no validation part of its own
            asked += split.validation
        return cls(
            dataset=provenance.dataset,
            labels=labels,
            pictures=split.train + asked,
            sha256=provenance.data_sha256,
            test_sha256=split.test_sha256,
            train_ratio=split.ratio,
            seed=split.seed,
            preprocessing={},
        )

    def __str__(self) -> str:
        digest = f"{short(self.sha256)}, " if self.sha256 else ""
        return f"{self.dataset} ({digest}{self.pictures:,} pictures of {len(self.labels)} classes)"

    def same_pictures(self, other: "DataIdentity") -> bool:
        """Whether both are of the same pictures with the same labels, however they are split.

        Digests decide where both are known, else names and numbers.
        """
        for one, two in ((self.sha256, other.sha256), (self.test_sha256, other.test_sha256)):
            if one and two:
                return one == two
        mine, its = ((each.dataset, each.labels, each.pictures) for each in (self, other))
        return mine == its

    def differences(self, other: "DataIdentity") -> str:
        """What differs, as `name before -> after`; empty where the other is the same."""
        return "; ".join((*self._pictures(other), *self._split(other), *self._preprocessing(other)))

    def other_pictures(self, other: "DataIdentity") -> str:
        """The same of pictures and labels alone."""
        return "; ".join(self._pictures(other))

    def _pictures(self, other: "DataIdentity") -> Iterator[str]:
        if self.labels != other.labels:
            yield f"labels {_listed(self.labels)} -> {_listed(other.labels)}"
        if not self.same_pictures(other):
            same_number = self.pictures == other.pictures
            note = " (as many, but not the same or not of the same classes)" if same_number else ""
            yield f"pictures {self.pictures:,} -> {other.pictures:,}{note}"

    def _split(self, other: "DataIdentity") -> Iterator[str]:
        for name in ("train_ratio", "seed"):
            if getattr(self, name) != getattr(other, name):
                yield f"split's {name} {getattr(self, name)} -> {getattr(other, name)}"
        if self.same_pictures(other) and self.test_sha256 != other.test_sha256:
            yield "the pictures of the test part"

    def _preprocessing(self, other: "DataIdentity") -> Iterator[str]:
        for name in sorted(self.preprocessing.keys() | other.preprocessing.keys()):
            before, after = self.preprocessing.get(name), other.preprocessing.get(name)
            if before != after:
                yield f"preprocessing's {name} {before} -> {after}"


def short(digest: str) -> str:
    """The first digits of a digest, for names and messages."""
    return digest[:_SHORT]


def digest_lines(lines: Iterable[str]) -> str:
    """SHA-256 of lines; their order does not count."""
    return sha256("\n".join(sorted(lines)).encode())


def _listed(labels: tuple[str, ...]) -> str:
    shown = ", ".join(labels[:_MOST_LABELS])
    more = len(labels) - _MOST_LABELS
    return f"{shown} and {more} more" if more > 0 else shown
