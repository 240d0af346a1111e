"""How long our imports take beyond scikit-learn's own, and whether they pull Keras."""

import json
import statistics
import subprocess
import sys

BARS = {"adapt": 0.1, "adapt.instance_based": 0.3}  # CPU seconds

_CODE = """
import json, sys, time
import sklearn
start = time.process_time(), time.perf_counter()
import {module}
took = {{"cpu": time.process_time() - start[0], "wall": time.perf_counter() - start[1]}}
print(json.dumps({{**took, "keras": "keras" in sys.modules}}))
"""


def measure(module, repeats=5):
    """Return the median costs of importing a module in a fresh process."""
    command = [sys.executable, "-c", _CODE.format(module=module)]
    runs = [json.loads(subprocess.check_output(command)) for _ in range(repeats)]
    return {
        "cpu": statistics.median(run["cpu"] for run in runs),
        "wall": statistics.median(run["wall"] for run in runs),
        "keras": any(run["keras"] for run in runs),
    }
