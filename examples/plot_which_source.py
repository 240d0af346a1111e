"""
Nine models and forty labels
============================

Which of several source models should I use if the target has forty labels? Nine people
each left a model of seven exercises, and three of them have wrong class names. A tenth
person labels forty windows. The labels can rank the models. A mixture of all, with a
model of the forty labels, is better than the best single model.
"""

# %%
# Nine sources, three of which are wrong
# --------------------------------------

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression

from adapt.datasets import load_watch
from adapt.inspection import SourceRankingDisplay
from adapt.model_selection import rank_sources
from adapt.parameter_based import SourceMixture

watch = load_watch()
S, y, subject = watch.X, watch.y, watch.groups
X = np.hstack([S.mean(axis=1), S.std(axis=1), np.abs(np.diff(S, axis=1)).mean(axis=1)])
X = (X - X.mean(axis=0)) / X.std(axis=0)
new, *others = np.unique(subject)
exercises = np.unique(y)
models = {}
for name in others:
    rows = subject == name
    labels = y[rows]
    if name in others[:3]:
        labels = exercises[(np.searchsorted(exercises, labels) + 1) % len(exercises)]
    label = f"subject {name}" + (" (wrong names)" if name in others[:3] else "")
    models[label] = LogisticRegression(C=0.3, max_iter=300).fit(X[rows], labels)

rows = np.random.default_rng(0).permutation(np.flatnonzero(subject == new))
few, rest = rows[:40], rows[40:]

# %%
# Rank them
# ---------
# Models that are used unchanged are ranked by the likelihood of the labels. Bars are
# two standard errors. Sources whose difference to the best is within the error are
# blue.

ranking = rank_sources(models, X[few], y[few])
truth = {name: model.score(X[rest], y[rest]) for name, model in models.items()}
SourceRankingDisplay.from_ranking(ranking, truth=truth)
plt.show()

# %%
# LEEP answers another question: which model has good features for a new head? It
# tolerates wrong class names, because a head can translate them. Here it ranks a model
# that is always wrong among the best, so do not use it to choose a model that is used
# unchanged.

by_leep = rank_sources(models, X[few], y[few], used_as="features")
print(by_leep.round(3))

# %%
# Or mix them
# -----------
# The mixture learns a weight for each model, and for a model of the forty labels, which
# is scored on held-out folds. "Forty labels alone" is target-trained.

own = LogisticRegression(C=0.3, max_iter=300)
mixture = SourceMixture(own, estimators=models, random_state=0).fit(X[few], y[few])
uniform = SourceMixture(estimators=models, pool="uniform", own=False)
scores = {
    "best by LEEP": truth[by_leep.index[0]],
    "mean of all models": uniform.fit(X[few], y[few]).score(X[rest], y[rest]),
    "forty labels alone": own.fit(X[few], y[few]).score(X[rest], y[rest]),
    "best by likelihood": truth[ranking.index[0]],
    "best model (not known)": max(truth.values()),
    "mixture": mixture.score(X[rest], y[rest]),
}
_, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
axes[0].barh(list(mixture.weights_), list(mixture.weights_.values()))
axes[0].invert_yaxis()
axes[0].set_xlabel("weight in the mixture")
axes[1].barh(list(scores), list(scores.values()), color="tab:orange")
axes[1].set_xlabel("accuracy on the other windows")
plt.show()
for name, score in scores.items():
    print(f"{name:24s} {score:.2f}")

# %%
# The mixture is right on 0.95 of the other windows, the model of the forty labels alone
# on 0.90, and the mean of all models on 0.80.
