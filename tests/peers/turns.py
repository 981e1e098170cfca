"""How a peer takes its turns: it says who it is, then answers each command read from standard input with one number."""

import sys
import time


def serve(label, commands):
    """Writes `label`, then calls `commands[line]` for every line read and writes the number it returns."""
    memory = _resident_mib("VmRSS")
    commands = {"memory": lambda: _resident_mib("VmHWM") - memory, **commands}
    print(label, flush=True)
    for line in sys.stdin:
        print(repr(float(commands[line.strip()]())), flush=True)


def timed(work):
    """A command that does `work` once and returns the seconds it took."""

    def once():
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return once


def _resident_mib(field):
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith(field):
                    return float(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0
