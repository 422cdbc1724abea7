"""Connected pieces of ink, and which of them together are one digit."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.pixels import Box, Pixels

_MOST_PIECES = 30
_NEAR = 0.15  # of the digit's longer side: how far off a piece of it may lie
_NEAR_ABOVE = 0.22  # the same for a piece above or below, where no other digit stands
_SMALLEST = 0.1  # of the digit's longer side: anything shorter is a speck
_AS_TALL = 0.65  # of the taller of two: how far two digits side by side overlap in height
_RIM = 0.12  # of a frame's side: where its lines lie


@dataclass(frozen=True, slots=True)
class Pieces:
    """The 8-connected pieces of a mask; row 0 of every array is the ground."""

    labels: NDArray[np.uint16]  # [H, W], which piece each pixel belongs to
    boxes: NDArray[np.int64]  # [N, 4], left, top, right, bottom
    areas: NDArray[np.int64]  # [N], in pixels
    contacts: NDArray[np.int64]  # [N], pixels that lie on the picture's border

    @classmethod
    def of(cls, mask: Pixels) -> "Pieces":
        """Label the pixels [H, W] of a mask that are not 0."""
        count, labels, stats = label(mask)
        border = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
        boxes = stats[:, :4].astype(np.int64)
        boxes[:, 2:] += boxes[:, :2]
        contacts = np.bincount(border, minlength=count)
        return cls(np.asarray(labels), boxes, stats[:, 4].astype(np.int64), contacts)

    @property
    def sides(self) -> NDArray[np.int64]:
        """Width and height of each piece, [N, 2]."""
        return self.boxes[:, 2:] - self.boxes[:, :2]

    def longest_share(self) -> float:
        """How much of the picture's width or height the longest piece spans."""
        height, width = self.labels.shape
        return float((self.sides[1:] / (width, height)).max(initial=0))

    def by_prominence(self) -> list[int]:
        """List the pieces that may be a digit or part of one, the likeliest first.

        Likely is what is large, in the middle, and not cut off by the picture's border.
        """
        height, width = self.labels.shape
        middles = (self.boxes[:, :2] + self.boxes[:, 2:]) / (2 * width, 2 * height) - 0.5
        central = 1 - 0.85 * np.hypot(*middles.T)
        uncut = np.maximum(1 - 1.3 * self.contacts / self.sides.sum(axis=1), 0.05)
        prominence = np.sqrt(self.areas) * central * uncut
        order = np.argsort(-prominence[1:], kind="stable")[:_MOST_PIECES] + 1
        return [piece for piece in order.tolist() if not self.is_frame(piece)]

    def is_frame(self, piece: int) -> bool:
        """Whether the piece is a box drawn around something else."""
        box = self.box(piece)
        sides = box.width, box.height
        if max(sides) < 0.3 * max(self.labels.shape) or min(sides) < 12:
            return False
        x, y = (max(2, int(_RIM * side)) for side in sides)
        within = self.labels[box.window]
        ink = within == piece
        covered = (
            ink[:y].any(axis=0).mean(),
            ink[-y:].any(axis=0).mean(),
            ink[:, :x].any(axis=1).mean(),
            ink[:, -x:].any(axis=1).mean(),
        )
        inside = within[y:-y, x:-x]
        own = np.count_nonzero(ink[y:-y, x:-x])
        outlines = sum(side > 0.75 for side in covered) >= 3 and own < 0.12 * self.areas[piece]
        return bool(outlines and np.count_nonzero(inside) - own > 0.004 * inside.size)

    def gather(self, main: int, others: list[int]) -> "Group":
        """Add to a piece whatever of the others is near and large enough to be part of it."""
        group = Group(self, (main,), self.box(main))
        for piece in others:
            if piece != main and group.takes(piece):
                group = Group(self, (*group.members, piece), group.box.union(self.box(piece)))
        return group

    def box(self, piece: int) -> Box:
        """The box of one piece."""
        return Box(*self.boxes[piece].tolist())


@dataclass(frozen=True, slots=True)
class Group:
    """Pieces that together may be one digit, the main one first."""

    pieces: Pieces
    members: tuple[int, ...]
    box: Box

    @property
    def longest(self) -> int:
        """The longer side of the box in pixels."""
        return max(self.box.width, self.box.height)

    def takes(self, piece: int) -> bool:
        """Whether a piece is part of this digit: no speck, no neighbour, no ornament around it."""
        main, sides = self.members[0], self.pieces.sides
        longer = int(sides[piece].max())
        if longer < _SMALLEST * self.longest or longer > 1.3 * int(sides[main].max()):
            return False
        if self.pieces.areas[piece] < 0.02 * self.pieces.areas[main]:
            return False
        cut_off = self.pieces.contacts[piece] > 0 and self.pieces.contacts[main] == 0
        other = self.pieces.box(piece)
        # Over or under the group, as the bar of a 5.
        is_above = other.left < self.box.right and self.box.left < other.right
        near = _NEAR / 3 if cut_off else _NEAR_ABOVE if is_above else _NEAR
        return self.box.gap(other) <= near * self.longest

    @property
    def contact(self) -> int:
        """How many of its pixels lie on the picture's border."""
        return int(self.pieces.contacts[list(self.members)].sum())

    def has_rival(self) -> bool:
        """Whether there is another digit beside this one, or this is two side by side."""
        return self._is_two() or any(self._rivals(piece) for piece in self._whole_and_large())

    def _whole_and_large(self) -> list[int]:
        """Pieces beside this group that the picture's border does not cut, if it cuts neither."""
        areas = self.pieces.areas
        large = areas > 0.3 * areas[list(self.members)].sum()
        large[[0, *self.members]] = False
        return np.flatnonzero(large & (self.pieces.contacts + self.contact == 0)).tolist()

    def _rivals(self, piece: int) -> bool:
        """As tall, at the same height, near, and no frame."""
        own, other = self.box, self.pieces.box(piece)
        tallest = max(other.height, own.height)
        overlap = min(other.bottom, own.bottom) - max(other.top, own.top)
        near = 0 < own.gap(other) < 2 * tallest
        return near and overlap > _AS_TALL * tallest and not self.pieces.is_frame(piece)

    def _is_two(self) -> bool:
        """Two tall pieces apart that are together wider than any digit."""
        boxes = map(self.pieces.box, self.members)
        tall = sorted(box for box in boxes if box.height > 0.8 * self.box.height)
        is_wide = self.box.width >= 1.15 * self.box.height
        return is_wide and len(tall) == 2 and tall[0].right < tall[1].left

    def mask(self, region: Box) -> Pixels:
        """Mark with 1 the members' pixels within a region of the picture."""
        is_member = np.zeros(len(self.pieces.areas), np.uint8)
        is_member[list(self.members)] = 1
        return is_member[self.pieces.labels[region.window]]

    def around(self, margin: float) -> Box:
        """Widen the box by a share of its longer side, but not beyond the picture."""
        return self.box.widened(margin, self.pieces.labels.shape)


def label(mask: Pixels) -> tuple[int, NDArray[np.uint16], NDArray[np.int32]]:
    """Label the 8-connected pieces of a mask of at most 2**18 pixels.

    Returns:
        How many labels there are with the ground's 0, the labels [H, W], and OpenCV's statistics.
    """
    # Labels of 16 bits take a third of the time of the usual 32.
    count, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(
        mask, connectivity=8, ltype=cv2.CV_16U, ccltype=cv2.CCL_DEFAULT
    )
    return count, np.asarray(labels, np.uint16), np.asarray(stats, np.int32)
