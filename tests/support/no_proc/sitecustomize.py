"""Python as on a Unix without /proc, for mlm_demo alone: put this folder into PYTHONPATH.

Whatever in mlm_demo reads a file under /proc, in the tests, in servers and in workers, finds that it does not exist.
"""

import builtins
import errno
import io
import sys

_open = io.open


def _without_proc(file, *arguments, **named):
    if str(file).startswith("/proc"):
        frame = sys._getframe(1)
        while frame and "pathlib" in frame.f_code.co_filename:
            frame = frame.f_back
        if frame and "/mlm_demo/" in frame.f_code.co_filename:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(file))
    return _open(file, *arguments, **named)


io.open = builtins.open = _without_proc
