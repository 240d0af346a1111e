"""
Which rows to label, and what they decide
=========================================

Twenty labels of the target are too few to train on, and enough to choose a method by,
if they are of the right rows. `AutoAdapt` names these, and then chooses by them.
"""

# %%
# A choice without labels
# -----------------------
# Who has a job? The source are people with a disability, the target people without. In
# the target more of them have one, and rows alone do not tell that for sure.

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
# They are drawn where methods differ. All other labels stay hidden.

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
# On the other rows, beside the model of the source, and one that is trained on half of
# the target with all its labels.

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
# How many labels?
# ----------------
# With all labels known, they can be hidden and drawn again and again: rows that are
# suggested, and rows at random.

LabelGainDisplay.from_estimator(auto, Xs, ys, Xt, yt, n_repeats=20)
plt.show()
