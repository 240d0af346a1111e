"""Hold ours beside ADAPT and SKADA: `make bench`, or `run.py --help` for the options.

Every measurement has a process of its own, in the environment of its library. Ours and
the peer's take turns, so that a machine that slows down slows both.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import import_time
import measure
import ratios
from cases import CASES, Shallow
from peers import PEERS, PeerError, interpreter

import adapt.feature_based
import adapt.instance_based
import adapt.parameter_based

HERE = Path(__file__).resolve().parent
LIMITS = {"cpu_limit": 120, "memory_limit": 8}  # seconds, GB
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)
ON_CPU = {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}
OURS = {
    *adapt.feature_based.__all__,
    *adapt.instance_based.__all__,
    *adapt.parameter_based.__all__,
}
TITLES = {
    "shallow": "shallow methods, one thread",
    "epoch": "deep methods, one epoch after the first",
    "cold": "deep methods, a whole fit of 20 epochs from a cold process",
}


class Comparison(NamedTuple):
    """One case at one size: the ways to run ours with their bars, and one peer."""

    peer: str
    case: str
    n: int
    bars: dict
    environment: dict


def options(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=["imports", "shallow", "deep"])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--methods", nargs="+", help="classes to compare; default all")
    parser.add_argument("--json", type=Path, default=HERE / "results" / "latest.json")
    return parser.parse_args(arguments)


def comparisons(peer, settings):
    """Return the comparisons with a peer, by the title of their table."""
    found = {}
    for name, case in CASES[peer].items():
        kind = "shallow" if isinstance(case, Shallow) else "deep"
        if settings.only not in (None, kind) or case.method not in OURS:
            continue
        if settings.methods and case.method not in settings.methods:
            continue
        if kind == "shallow":
            title = TITLES["shallow"]
            new = [
                Comparison(peer, name, n, {"numpy": case.bar}, ONE_THREAD)
                for n in sorted(settings.sizes)
            ]
        else:
            title = TITLES[case.measure]
            # SKADA trains on one thread by choice, ADAPT as TensorFlow does.
            threads = ONE_THREAD if peer == "skada" else {}
            bars = {v: bar for v, bar in case.bars.items() if _has(_backend(v))}
            new = [Comparison(peer, name, case.n, bars, threads)]
        found.setdefault(title, []).extend(new)
    return found


def _backend(variant):
    return variant.removesuffix("+xla")


def _has(backend):
    if find_spec(backend):
        return True
    print(f"{backend} is not installed: its lines are left out.", file=sys.stderr)
    return False


def run_job(python, worker, job, environment):
    """Return what a worker measured; a dict with an ``error`` if it could not."""
    job = {**job, **LIMITS, "started": time.time()}
    wall_limit = 4 * LIMITS["cpu_limit"]
    try:
        done = subprocess.run(
            [python, HERE / worker, json.dumps(job)],
            env={**os.environ, **ON_CPU, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
            capture_output=True,
            text=True,
            timeout=wall_limit,
        )
    except subprocess.TimeoutExpired:
        return {"error": f"over {wall_limit} s"}
    for line in done.stdout.splitlines():
        if line.startswith(measure.PREFIX):
            return json.loads(line.removeprefix(measure.PREFIX))
    if done.returncode < 0:
        cpu, memory = LIMITS.values()
        return {"error": f"over {cpu} CPU s or {memory} GB"}
    last = (done.stderr.strip().splitlines() or ["no message"])[-1]
    return {"error": last[:200]}


def take_turns(comparison, python, repeats, exhausted):
    """Return the runs of the peer and of each way to run ours, repeat by repeat.

    Who ran into a limit is noted in ``exhausted``, and not asked again.
    """
    peer = PEERS[comparison.peer]
    runs = {"peer": [], **{variant: [] for variant in comparison.bars}}
    for seed in range(repeats):
        for variant, results in runs.items():
            who = comparison.peer, comparison.case, variant
            job = {
                "peer": comparison.peer,
                "case": comparison.case,
                "n": comparison.n,
                "seed": seed,
                "variant": variant,
            }
            if who in exhausted:
                result = {"error": "not run: over the limits before"}
            elif variant == "peer":
                backend = {"KERAS_BACKEND": "tensorflow"}
                environment = comparison.environment | backend
                result = run_job(python, peer.worker, job, environment)
            else:
                deep = variant != "numpy"
                backend = {"KERAS_BACKEND": _backend(variant)} if deep else {}
                environment = comparison.environment | backend
                result = run_job(sys.executable, "worker_ours.py", job, environment)
            if result.get("error", "").startswith("over"):
                exhausted.add(who)
            results.append(result)
    return runs


def compare(peer, settings, results):
    """Print the tables against one peer, and save each measurement as it comes."""
    found = comparisons(peer, settings)
    if not found:
        return
    try:
        python = interpreter(PEERS[peer])
    except PeerError as error:
        print(f"\n{error}")
        return
    title_of_peer, exhausted = PEERS[peer].title, set()
    for title, group in found.items():
        rows, notes = [], []
        for comparison in group:
            runs = take_turns(comparison, python, settings.repeats, exhausted)
            results["records"].append({**comparison._asdict(), "runs": runs})
            save(results, settings.json)
            peers = runs["peer"]
            label = f"{comparison.case}, {comparison.n} rows"
            notes += ratios.failures(f"{label}, {title_of_peer}", peers)
            name = comparison.case.removeprefix("deep ")
            for variant, bar in comparison.bars.items():
                ours = runs[variant]
                rows.append(ratios.row(name, comparison.n, variant, bar, ours, peers))
                notes += ratios.failures(f"{label}, ours on {variant}", ours)
                print(title_of_peer, *rows[-1], file=sys.stderr, flush=True)
        print(f"\n\nAgainst {title_of_peer}: {title}\n", flush=True)
        print("\n".join([ratios.aligned(ratios.COLUMNS, rows), *notes]), flush=True)


def save(results, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1))


def imports():
    """Print the table of import times; return what was measured."""
    found = {module: import_time.measure(module) for module in import_time.BARS}
    rows = []
    for module, cost in found.items():
        bar = import_time.BARS[module]
        met = cost["cpu"] < bar and not cost["keras"]
        keras = "yes" if cost["keras"] else "no"
        cells = map(ratios.number, (cost["cpu"], cost["wall"], bar))
        rows.append([module, *cells, keras, "yes" if met else "no"])
    print("\nImports, beyond that of scikit-learn\n")
    header = ["module", "CPU s", "wall s", "bar", "keras", "met"]
    print(ratios.aligned(header, rows))
    return found


def versions(records):
    """Return the versions that the workers reported, by library."""
    found = {}
    for record in records:
        for variant, runs in record["runs"].items():
            who = PEERS[record["peer"]].title if variant == "peer" else "ours"
            for run in runs:
                found.setdefault(who, {}).update(run.get("versions", {}))
    return found


def main(settings):
    started = time.time()
    results = {"cores": os.cpu_count(), "imports": None, "records": []}
    if settings.only in (None, "imports"):
        results["imports"] = imports()
    for peer in PEERS:
        compare(peer, settings, results)
    results["versions"] = versions(results["records"])
    save(results, settings.json)
    print(f"\n{results['cores']} cores")
    for who, packages in results["versions"].items():
        print(f"{who}: {', '.join(f'{k} {v}' for k, v in packages.items())}")
    print(f"{time.time() - started:.0f} s; single measurements in {settings.json}")


if __name__ == "__main__":
    main(options())
