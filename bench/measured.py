"""Runs a command and prints its CPU seconds and peak memory: ``python -S -E bench/measured.py COMMAND …``.

A process of its own, and a small one, because Linux counts what the parent held at the fork as the child's peak.
"""

import json
import os
import sys
import time

start = time.monotonic()
child = os.fork()
if child == 0:
    # The command's output is not what is measured, and the result has standard output for itself.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.execvp(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(child, 0)
measured = {
    "status": os.waitstatus_to_exitcode(status),
    "cpu_seconds": usage.ru_utime + usage.ru_stime,
    "wall_seconds": time.monotonic() - start,
    "peak_mb": usage.ru_maxrss / 1024,
}
print(json.dumps(measured))
