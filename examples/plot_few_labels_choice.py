"""
Which rows to label, and what they decide
=========================================

If I can label twenty target rows, which ones should I label, and what do I gain? Twenty
labels are too few to train on. But if they are of the right rows, they can choose
between methods. `AutoAdapt` suggests the rows, and then chooses by their labels.
"""

# %%
# A choice without labels
# -----------------------
# The label is whether a person is employed. The source are people with a disability,
# the target people without. More of the target are employed: there is label shift,
# which cannot be distinguished from covariate shift without labels.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression

from adapt.datasets import load_employment
from adapt.inspection import LabelGainDisplay
from adapt.model_selection import AutoAdapt

data = load_employment(
    split="disability", source="disabled", target="abled", as_frame=True
)
target = np.flatnonzero(data.sample_domain < 0)
source = np.flatnonzero(data.sample_domain >= 0)
rng = np.random.default_rng(0)
source, target = rng.permutation(source)[:400], rng.permutation(target)[:600]
Xs, ys = data.X.iloc[source], data.y.iloc[source]
Xt, yt = data.X.iloc[target], data.y.iloc[target].to_numpy()

auto = AutoAdapt(LogisticRegression(max_iter=1000), cv=3, random_state=0)
auto.fit(Xs, ys, Xt=Xt)
print(auto.decision_)
print(f"accuracy on the target: {auto.score(Xt, yt):.3f}")

# %%
# Twenty rows to label
# --------------------
# The rows are drawn at random from those on which methods differ. All other labels stay
# hidden.

rows = auto.suggest_labels(20)
labels = np.full(len(yt), np.nan)
labels[rows] = yt[rows]

chosen = AutoAdapt(LogisticRegression(max_iter=1000), cv=3, random_state=0)
chosen.fit(Xs, ys, Xt=Xt, yt=labels)
print(chosen.decision_)
print(chosen.comparison_.labels)

# %%
# Was it right?
# -------------
# Accuracy on the other rows, with the source-only model, and a model that is trained on
# half of the target labels.

rest = np.setdiff1d(np.arange(len(yt)), rows)
half = rest[: len(rest) // 2]
others = rest[len(rest) // 2 :]
source_only = AutoAdapt(LogisticRegression(max_iter=1000), methods=[], random_state=0)
source_only.fit(Xs, ys, Xt=Xt)
trained = AutoAdapt(LogisticRegression(max_iter=1000), methods=[], random_state=0)
trained.fit(Xt.iloc[half], yt[half], Xt=Xt)
for name, model in {
    "source only": source_only,
    "without labels": auto,
    "by 20 labels": chosen,
    "target-trained": trained,
}.items():
    print(f"{name:<15} {model.score(Xt.iloc[others], yt[others]):.3f}")

# %%
# Twenty labels raise the accuracy from 0.48 to 0.79, and a model that is trained on
# hundreds of labels has 0.77.
#
# How many labels?
# ----------------
# All labels are known here, so the choice can be repeated with other draws: of
# suggested rows, and of rows at random.

LabelGainDisplay.from_estimator(auto, Xs, ys, Xt, yt, n_repeats=20)
plt.show()
