"""Size and power of the tests of shift, over many draws.

Run as ``python benchmarks/tests_of_shift.py [runs]``. Prints the share of p-values
under .05 without shift, which should be .05, and with the mean moved by half a standard
deviation: of each column, and (harder) of one column of ten.
"""

import sys

import numpy as np

from adapt.metrics import classifier_test, energy_test, mmd_test

TESTS = {"classifier": classifier_test, "mmd": mmd_test, "energy": energy_test}
SHIFTS = {
    "no shift": np.zeros(10),
    "half sigma, every column": np.full(10, 0.5),
    "half sigma, one column": np.eye(10)[0] / 2,
}


def rejections(test, shift, runs, n=500):
    """Return the share of runs in which the test sees a shift."""
    seen = 0
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        Xs, Xt = rng.normal(size=(n, 10)), rng.normal(size=(n, 10)) + shift
        seen += test(Xs, Xt, random_state=seed).p_value < 0.05
    return seen / runs


def main(runs="400"):
    for case, shift in SHIFTS.items():
        for name, test in TESTS.items():
            some = int(runs) if case == "no shift" else int(runs) // 4
            share = rejections(test, shift, some)
            print(f"{case:26}{name:12}{share:.3f} of {some}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
