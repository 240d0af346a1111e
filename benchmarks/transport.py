"""What we add to POT: Sinkhorn plans and fits of ours, and POT called directly.

    python benchmarks/transport.py

CPU seconds, medians of alternating repeats, and the median of their ratios. Theirs is
what a user of POT would write: the same costs, entropic plan and barycentres, and for a
fit the same logistic regression on them.
"""

import time

import numpy as np
from sklearn.linear_model import LogisticRegression

from adapt._pot import import_pot
from adapt.feature_based import OTMapping, transport_plan
from adapt.feature_based._transport_plan import transport_cost

ot = import_pot()
_REPEATS = 25
_REG = 0.1


def cost_and_plan(Xs, Xt):
    C = ot.dist(Xs, Xt)
    C /= C.mean()
    mass = np.full(len(C), 1 / len(C))
    return ot.sinkhorn(mass, mass, C, _REG, numItermax=1000)


def direct_fit(Xs, ys, Xt):
    plan = cost_and_plan(Xs, Xt)
    return LogisticRegression().fit(plan @ Xt / plan.sum(axis=1, keepdims=True), ys)


def cpu_seconds(call):
    start = time.process_time()
    call()
    return time.process_time() - start


def main():
    rng = np.random.default_rng(0)
    print(f"{'':6}{'rows':>6}{'POT':>8}{'ours':>8}{'ratio':>8}")
    for n in 1000, 2000:
        Xs, Xt = rng.normal(size=(n, 20)), 0.8 * rng.normal(size=(n, 20)) + 0.4
        ys = (Xs[:, 0] > 0).astype(int)
        model = OTMapping(LogisticRegression(), method="sinkhorn", reg=_REG)
        pairs = {
            "plan": (
                lambda Xs=Xs, Xt=Xt: cost_and_plan(Xs, Xt),
                lambda Xs=Xs, Xt=Xt: transport_plan(
                    transport_cost(Xs, Xt), method="sinkhorn", reg=_REG
                ),
            ),
            "fit": (
                lambda Xs=Xs, ys=ys, Xt=Xt: direct_fit(Xs, ys, Xt),
                lambda Xs=Xs, ys=ys, Xt=Xt, m=model: m.fit(Xs, ys, Xt=Xt),
            ),
        }
        for name, (theirs, ours) in pairs.items():
            theirs(), ours()  # the first call is slower
            took = np.array(
                [[cpu_seconds(theirs), cpu_seconds(ours)] for _ in range(_REPEATS)]
            )
            pot, own = np.median(took, axis=0)
            ratio = np.median(took[:, 1] / took[:, 0])
            print(f"{name:6}{n:6}{pot:8.3f}{own:8.3f}{ratio:8.2f}", flush=True)


if __name__ == "__main__":
    main()
