"""What libraries in C write to standard error, as lines of the log.

libpng and libtiff say there what is wrong with a damaged picture, ONNX Runtime what it warns of.
"""

import faulthandler
import logging
import os
import sys
import threading
import time
from typing import Final

_MOST_BYTES: Final = 4096  # of one reading
_PAUSE: Final = 0.1  # seconds after a reading: no client can flood the log with damaged pictures

log = logging.getLogger(__name__)


def log_native_errors() -> None:
    """Log each line that is written to file descriptor 2 from now on, Python's warnings too.

    `sys.stderr`, and so the log and tracebacks, still goes where standard error went. A library
    never waits for the log: what does not fit into the pipe is lost.
    """
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace")
    faulthandler.enable(sys.stderr)
    logging.captureWarnings(True)
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    os.dup2(writer, 2)
    os.close(writer)
    threading.Thread(target=_log_lines, args=(reader,), name="native-errors", daemon=True).start()


def _log_lines(reader: int) -> None:
    while written := os.read(reader, _MOST_BYTES):
        for line in written.decode(errors="backslashreplace").splitlines():
            log.warning("%s", line)
        time.sleep(_PAUSE)
