"""
Four hospitals that share no rows
=================================

How do hospitals train one model without sharing rows? Each of four hospitals sends sums
over its rows, once. The result is exactly the model of all rows. This is also an
example in which shrinkage helps little, because four domains are too few to estimate
how much domains differ.
"""

# %%
# A layout that all agree on
# --------------------------
# An empty state fixes the classes, the hospitals and a point near the rows. It holds
# nobody's data: the units of the columns are public.

import matplotlib.pyplot as plt
import numpy as np

from adapt.datasets import load_thyroid
from adapt.multi_domain import PooledLDA

bunch = load_thyroid(source=("STMW", "SVHC", "other"), target="SVI")
X = np.where(np.isnan(bunch.X), np.nanmedian(bunch.X, axis=0), bunch.X)
X = (X - X.mean(axis=0)) / X.std(axis=0)
y = bunch.y
hospital = np.array([bunch.domain_names[int(d)] for d in bunch.sample_domain])
rng = np.random.default_rng(0)
train = np.zeros(len(y), dtype=bool)
for name in np.unique(hospital):
    train[rng.permutation(np.flatnonzero(hospital == name))[:100]] = True
start = PooledLDA().empty_state(
    classes=np.unique(y), domains=np.unique(hospital), origin=np.zeros(X.shape[1])
)
ADDED = ("counts", "sums", "moments")


class Client:
    """A hospital, with the methods of a NumPyClient of Flower and no server."""

    def __init__(self, name):
        self.name = name

    def fit(self, parameters, config):
        """Return the sums of own rows, and 1 as the number of examples."""
        own = train & (hospital == self.name)
        model = PooledLDA.from_state(
            {**start, **dict(zip(ADDED, parameters, strict=True))}
        )
        model.partial_fit(X[own], y[own], sample_domain=self.name)
        state = model.state(min_count=2)
        return [state[name] for name in ADDED], 1, {}


# %%
# One round of plain federated averaging
# --------------------------------------
# A server takes the mean of what clients return, weighted by their numbers of examples.
# All say 1, so the mean times the number of clients is the sum.

clients = [Client(name) for name in np.unique(hospital)]
returned = [client.fit([start[name] for name in ADDED], {})[0] for client in clients]
means = [np.mean(arrays, axis=0) for arrays in zip(*returned, strict=True)]
total = {name: len(clients) * mean for name, mean in zip(ADDED, means, strict=True)}
federated = PooledLDA.from_state({**start, **total})
central = PooledLDA().fit(X[train], y[train], sample_domain=hospital[train])
gap = np.abs(federated.predict_proba(X) - central.predict_proba(X)).max()
print(f"largest difference of probabilities to a model of all rows: {gap:.1e}")

# %%
# The same by Flower
# ------------------
# Where it is installed, its strategy takes the mean.

try:
    from flwr.common import (
        Code,
        FitRes,
        Status,
        ndarrays_to_parameters,
        parameters_to_ndarrays,
    )
    from flwr.server.strategy import FedAvg
except ImportError:
    print("flwr is not installed")
else:
    results = [
        (None, FitRes(Status(Code.OK, ""), ndarrays_to_parameters(arrays), 1, {}))
        for arrays in returned
    ]
    parameters, _ = FedAvg().aggregate_fit(1, results, [])
    found = parameters_to_ndarrays(parameters)
    print("as above:", all(map(np.allclose, found, means)))

# %%
# Accuracy in each hospital
# -------------------------
# "One model" ignores the hospitals, "own" is trained on the labels of each hospital
# alone, and "between" is `PooledLDA`, which shrinks each hospital's means.

models = {
    "one model": PooledLDA(pooling="full", priors="shared"),
    "own": PooledLDA(pooling="none", priors="own"),
    "between": PooledLDA(),
}
names = np.unique(hospital)
_, ax = plt.subplots(layout="constrained")
for k, (label, model) in enumerate(models.items()):
    model.fit(X[train], y[train], sample_domain=hospital[train])
    right = model.predict(X[~train], sample_domain=hospital[~train]) == y[~train]
    heights = [right[hospital[~train] == name].mean() for name in names]
    print(f"{label:10s} mean accuracy {np.mean(heights):.3f}")
    ax.bar(np.arange(len(names)) + 0.25 * (k - 1), heights, 0.25, label=label)
ax.set_xticks(np.arange(len(names)), labels=names)
ax.set(ylabel="accuracy", ylim=(0.5, 1))
ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
plt.show()
