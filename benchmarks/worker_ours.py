"""Measure one case with this repository's library: `worker_ours.py JOB`."""

import os

import measure
from cases import CASES, Shallow


def work(job):
    import drop_in

    case = CASES[job["peer"]][job["case"]]
    if isinstance(case, Shallow):
        return drop_in.shallow(case, job["n"], job["seed"], **case.ours)
    xla = {"jit_compile": True} if job["variant"].endswith("+xla") else {}
    return drop_in.deep(case, job["seed"], job["started"], **case.ours, **xla)


if __name__ == "__main__":
    backend = os.environ.get("KERAS_BACKEND")
    packages = ["adapt-learn", "numpy", "scipy", "scikit-learn"]
    measure.run(work, packages + (["keras", backend] if backend else []))
