"""Memory that the process holds and does not need: after the start, and after large pictures."""

import ctypes
import mmap
import platform
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

_MAPPINGS: Final = Path("/proc/self/smaps")  # Linux alone has it
_KILOBYTE: Final = 1024
_MMAP_THRESHOLD: Final = -3  # glibc's number for the size from which a block is mapped by itself
_LARGE_BLOCK: Final = 2**20  # bytes


def give_back_library_pages() -> int:
    """Give back the pages of libraries; those that are used again come back from the page cache.

    Two thirds of what the libraries hold after a start is code that registers and prepares, and
    never runs again. Only mappings are touched in which nothing differs from the file.

    Returns:
        How many bytes were resident in them.
    """
    if not _MAPPINGS.exists():
        return 0
    library = ctypes.CDLL(None)
    given_back = 0
    for start, end, resident in _unchanged(_MAPPINGS.read_text(errors="replace").splitlines()):
        advice = (ctypes.c_void_p(start), ctypes.c_size_t(end - start), mmap.MADV_DONTNEED)
        if library.madvise(*advice) == 0:
            given_back += resident
    return given_back


def return_large_blocks() -> bool:
    """Have the C library give back what is free now, and later blocks of a megabyte and more.

    glibc raises that size with every block that is freed, up to 32 MB, and then keeps the pixels
    of large pictures in its heaps: 330 MB are held after pictures of all formats, with this 128.

    Returns:
        Whether the library can: glibc can, others have no such setting.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    library = ctypes.CDLL(None)
    library.malloc_trim(0)
    return bool(library.mallopt(_MMAP_THRESHOLD, _LARGE_BLOCK))


def _unchanged(lines: list[str]) -> Iterator[tuple[int, int, int]]:
    """Start, end and resident bytes of every mapping of a file that holds what the file does."""
    for head, fields in _mappings(lines):
        addresses, rights, _, _, inode = head.split(maxsplit=5)[:5]
        from_file = inode != "0" and rights in {"r--p", "r-xp"}
        if from_file and fields.get("Anonymous") == 0 and (resident := fields.get("Rss", 0)):
            start, _, end = addresses.partition("-")
            yield int(start, 16), int(end, 16), resident * _KILOBYTE


def _mappings(lines: list[str]) -> Iterator[tuple[str, dict[str, int]]]:
    """The line that begins each mapping, and the kilobytes that those below it give by name."""
    head = ""
    for is_field, group in groupby(lines, lambda line: line.partition(" ")[0].endswith(":")):
        if not is_field:
            *_, head = group
            continue
        pairs = (line.split() for line in group)
        yield head, {name[:-1]: int(size) for name, size, *unit in pairs if unit == ["kB"]}
