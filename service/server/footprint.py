"""Memory that the process holds and does not need: after the start, and after large pictures."""

import ctypes
import mmap
import platform
import re
from pathlib import Path
from typing import Final

_MAPPINGS: Final = Path("/proc/self/smaps")  # Linux alone has it
# The line that begins a mapping of a file, and those below it that say that nothing of it differs.
_UNCHANGED: Final = re.compile(
    r"^([0-9a-f]+)-([0-9a-f]+) r-[-x]p \S+ \S+ [1-9]\d* .*\n"
    r"(?:[A-Z].*\n)*?Anonymous: +0 kB\n(?:[A-Z].*\n)*?Swap: +0 kB\n",
    re.MULTILINE,
)
_MMAP_THRESHOLD: Final = -3  # glibc's number for the size from which a block is mapped by itself
_LARGE_BLOCK: Final = 2**20  # bytes


def give_back_library_pages() -> None:
    """Give back the pages of libraries; those that are used again come back from the page cache.

    Two thirds of what the libraries hold after a start is code that registers and prepares, and
    never runs again. Only mappings are touched in which nothing differs from the file.
    """
    if _MAPPINGS.exists():
        library = ctypes.CDLL(None)
        for mapping in _UNCHANGED.finditer(_MAPPINGS.read_text(errors="replace")):
            start, end = (int(address, 16) for address in mapping.groups())
            size = ctypes.c_size_t(end - start)
            library.madvise(ctypes.c_void_p(start), size, mmap.MADV_DONTNEED)


def return_large_blocks() -> None:
    """Have the C library give back what is free now, and later blocks of a megabyte and more.

    glibc raises that size with every block that is freed, up to 32 MB, and then keeps the pixels
    of large pictures in its heaps: 330 MB are held after pictures of all formats, with this 128.
    Other libraries have no such setting.
    """
    if platform.libc_ver()[0] == "glibc":
        library = ctypes.CDLL(None)
        library.malloc_trim(0)
        library.mallopt(_MMAP_THRESHOLD, _LARGE_BLOCK)
