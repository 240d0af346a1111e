"""
Forget a patient
================

How do I remove the rows of a patient from a fitted model, exactly and without training
it again? The state of `PooledLDA` consists of sums over rows, from which rows can be
subtracted. Afterwards the model is the one that had never seen them. A state that is
given to others can be checked for classes of few rows.
"""

# %%
# A model, and the same without some rows
# ---------------------------------------

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler

from adapt.multi_domain import PooledLDA

X, y = load_breast_cancer(return_X_y=True)
X = StandardScaler().fit_transform(X)
y = np.where(y == 1, "benign", "malignant")
ward = np.arange(len(y)) % 5
gone = np.random.default_rng(0).permutation(len(y))[:40]
kept = np.setdiff1d(np.arange(len(y)), gone)
never = PooledLDA().fit(X[kept], y[kept], sample_domain=ward[kept])
model = PooledLDA().fit(X, y, sample_domain=ward)
before = model.decision_function(X, sample_domain=ward)
expected = never.decision_function(X, sample_domain=ward)

# %%
# One after another
# -----------------
# The difference to the model that never saw these forty patients, as they are removed.

distance = [np.abs(before - expected).max()]
for row in gone:
    model.forget(X[[row]], y[[row]], sample_domain=ward[[row]])
    now = model.decision_function(X, sample_domain=ward)
    distance.append(np.abs(now - expected).max())
_, ax = plt.subplots(layout="constrained")
ax.semilogy(distance, "o-", ms=3)
ax.set(xlabel="patients forgotten", ylabel="largest difference of a discriminant")
plt.show()
print(f"all rows: {distance[0]:.2f}, forty forgotten: {distance[-1]:.0e}")

# %%
# What may be given to others
# ---------------------------
# The sum over a class of one row is that row. `min_count` refuses to give away such a
# state.

model.partial_fit(X[[gone[0]]], ["rare"], sample_domain=0)
try:
    model.state(min_count=10)
except ValueError as error:
    print(error)
