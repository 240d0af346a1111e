"""Many rows: seconds, memory and growth of ours alone. `scaling.py [METHOD ...]`.

Each fit has a process of its own, with a quarter of the rows and then with all of them:
methods that are documented as linear should take five times as long at most for four
times the rows. Of methods that weigh, only the weights are computed.
"""

import json
import subprocess
import sys
from typing import NamedTuple

import measure
import numpy as np
import ratios


class Case(NamedTuple):
    """A method at so many rows of each domain, and what it may take."""

    method: str
    n: int
    columns: int
    seconds: float
    gigabytes: float
    params: dict = {}


GAMMAS, LAMBDAS = [0.01, 0.03], [0.001, 0.01, 0.1]
CASES = {
    "KMM": Case("KMM", 100_000, 20, 60, 2),
    "KLIEP": Case("KLIEP", 1_000_000, 20, 60, 2, {"gamma": 0.03}),
    "ULSIF": Case("ULSIF", 1_000_000, 20, 60, 2, {"gamma": 0.03}),
    "RULSIF 2x3": Case(
        "RULSIF", 1_000_000, 20, 60, 2, {"gamma": GAMMAS, "lambdas": LAMBDAS}
    ),
    "NearestNeighborsWeighting": Case(
        "NearestNeighborsWeighting", 200_000, 20, 60, 2, {"n_jobs": -1}
    ),
    "IWC": Case("IWC", 200_000, 20, 60, 2),
    "GaussianWeighting": Case("GaussianWeighting", 1_000_000, 20, 60, 2),
    "KernelDensityWeighting": Case("KernelDensityWeighting", 100_000, 20, 60, 2),
    "LDM": Case("LDM", 100_000, 20, 60, 2),
    "BBSE": Case("BBSE", 200_000, 20, 60, 2),
    "RLLS": Case("RLLS", 200_000, 20, 60, 2),
    "SaerensEM": Case("SaerensEM", 200_000, 20, 60, 2),
    "MMDTarS": Case("MMDTarS", 20_000, 20, 60, 2, {"gamma": 0.03}),
    "BalancedWeighting": Case("BalancedWeighting", 1_000_000, 20, 60, 2),
    "TCA": Case("TCA", 50_000, 50, 30, 2, {"n_components": 20}),
    "JDA": Case("JDA", 50_000, 50, 30, 2, {"n_components": 20}),
    "CORAL": Case("CORAL", 50_000, 50, 3, 1),
    "SA": Case("SA", 50_000, 50, 3, 1),
    "LinearOT": Case("LinearOT", 50_000, 50, 3, 1),
    "QuantileMatching": Case("QuantileMatching", 50_000, 50, 3, 1),
    "OTMapping": Case("OTMapping", 50_000, 50, 60, 2),
    "OTMapping, sinkhorn": Case("OTMapping", 50_000, 50, 60, 2, {"method": "sinkhorn"}),
}


def fit(job):
    """Fit one case in this process, on a share of its rows; return what it took."""
    from adapt import feature_based, instance_based

    case = CASES[job["case"]]
    n = case.n // job["divisor"]
    rng = np.random.default_rng(0)
    Xs = rng.normal(size=(n, case.columns))
    Xt = 0.8 * rng.normal(size=(n, case.columns)) + 0.4
    ys, yt = ((X[:, 0] + 0.3 * rng.normal(size=n) > 0).astype(int) for X in (Xs, Xt))
    cls = getattr(instance_based, case.method, None)
    if cls is not None:
        model = cls(random_state=0, **case.params)
        _, cost = measure.timed(lambda: model.fit_weights(Xs, Xt, ys, yt))
    else:
        model = getattr(feature_based, case.method)(random_state=0, **case.params)
        _, cost = measure.timed(lambda: model.fit(Xs, ys, Xt=Xt))
    return {**cost, "n": n}


def run(name, divisor):
    """Return what a fit in a process of its own took."""
    job = {"case": name, "divisor": divisor, "cpu_limit": 600, "memory_limit": 8}
    done = subprocess.run(
        [sys.executable, __file__, "--job", json.dumps(job)],
        capture_output=True,
        text=True,
    )
    for line in done.stdout.splitlines():
        if line.startswith(measure.PREFIX):
            return json.loads(line.removeprefix(measure.PREFIX))
    return {"error": (done.stderr.strip().splitlines() or ["stopped"])[-1][:200]}


def main(names):
    rows = []
    for name, case in CASES.items():
        if names and case.method not in names:
            continue
        quarter, whole = run(name, 4), run(name, 1)
        if "error" in quarter or "error" in whole:
            print(name, quarter.get("error", ""), whole.get("error", ""))
            continue
        gigabytes = whole["memory"] / 1024
        met = whole["wall"] < case.seconds and gigabytes < case.gigabytes
        numbers = whole["cpu"], whole["wall"], case.seconds, gigabytes, case.gigabytes
        growth = whole["cpu"] / quarter["cpu"]
        cells = [ratios.number(number) for number in (*numbers, growth)]
        rows.append([name, str(case.n), *cells, "yes" if met else "no"])
        print(*rows[-1], file=sys.stderr, flush=True)
    header = ["method", "rows", "CPU s", "wall s", "limit", "GB", "limit", "x4", "met"]
    print(ratios.aligned(header, rows))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--job"]:
        del sys.argv[1]
        measure.run(fit, ["adapt-learn"])
    else:
        main(sys.argv[1:])
