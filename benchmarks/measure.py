"""What the workers share: limits, clocks, memory, and the one line that they print."""

import json
import os
import re
import resource
import statistics
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np

PREFIX = "RESULT "
_QUICK = 0.3  # seconds to fill with repetitions of a fit that takes less


def _status(field):
    """Return a field of this process' status in MB."""
    text = Path("/proc/self/status").read_text()
    return int(re.search(rf"{field}:\s+(\d+)", text)[1]) / 1024


def cpu_seconds():
    """Return the CPU seconds of this process, of all its threads.

    `time.process_time` would advance by whole ticks of 4 ms under a limit of CPU time.
    """
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def timed(function):
    """Return what ``function`` returns, with its CPU seconds, wall seconds and memory.

    The memory is the highest resident set during the call over the one before it.
    """
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts at the present
    before = _status("VmRSS")
    wall, cpu = time.perf_counter(), cpu_seconds()
    result = function()
    cpu, wall = cpu_seconds() - cpu, time.perf_counter() - wall
    return result, {"cpu": cpu, "wall": wall, "memory": _status("VmHWM") - before}


def timed_fit(fit):
    """Time ``fit``; a quick one is repeated."""
    model, first = timed(fit)
    again = int(_QUICK / max(first["wall"], 1e-4))
    if not again:
        return model, first

    def repeat():
        for _ in range(again):
            fit()

    _, cost = timed(repeat)
    return model, {
        "cpu": cost["cpu"] / again,
        "wall": cost["wall"] / again,
        "memory": first["memory"],
    }


class EpochClock:
    """Costs of the epochs, from the end of one to the end of the next."""

    def __init__(self):
        self.cpu, self.wall = [cpu_seconds()], [time.perf_counter()]

    def tick(self, *args, **kwargs):
        """Note the end of an epoch; takes what any framework passes to callbacks."""
        self.cpu.append(cpu_seconds())
        self.wall.append(time.perf_counter())

    def steady(self):
        """Return the medians over the epochs after the first, which compiles."""
        return {
            "cpu": statistics.median(np.diff(self.cpu)[1:]),
            "wall": statistics.median(np.diff(self.wall)[1:]),
            "first_wall": self.wall[1] - self.wall[0],
        }


def since(started):
    """Return the cost of this process since its start, imports and all."""
    return {"cpu": cpu_seconds(), "wall": time.time() - started}


def run(work, packages):
    """Run ``work(job)`` within the limits of the job, and print its result.

    Parameters
    ----------
    work : callable
        Takes the job, a dict read from the command line; returns a dict.
    packages : list of str
        Distributions whose versions belong in the result.
    """
    job = json.loads(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_CPU, (job["cpu_limit"], job["cpu_limit"] + 5))
    resource.setrlimit(resource.RLIMIT_DATA, (job["memory_limit"] << 30,) * 2)
    warnings.simplefilter("ignore")
    # Some libraries print from within a fit: only the result goes to the true stdout.
    stdout = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        result = work(job)
    except MemoryError:
        result = {"error": f"over {job['memory_limit']} GB"}
    except Exception as error:
        message = str(error).splitlines() or [""]
        result = {"error": f"{type(error).__name__}: {message[0][:200]}"}
    result["versions"] = {name: version(name) for name in packages}
    print(PREFIX + json.dumps(result), file=stdout, flush=True)
