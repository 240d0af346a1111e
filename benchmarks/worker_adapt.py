"""Measure one case with ADAPT, in its own environment: `worker_adapt.py JOB`."""

import measure
from cases import CASES, Shallow


def work(job):
    import drop_in

    case = CASES[job["peer"]][job["case"]]
    if isinstance(case, Shallow):
        return drop_in.shallow(case, job["n"], job["seed"])
    return drop_in.deep(case, job["seed"], job["started"], one_hot=True, **case.theirs)


if __name__ == "__main__":
    packages = ["adapt", "numpy", "scipy", "scikit-learn", "keras", "tensorflow"]
    measure.run(work, packages)
