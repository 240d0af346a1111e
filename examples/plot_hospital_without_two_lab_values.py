"""
A hospital without two lab values
=================================

How do I train on a source whose columns are not those of the target? A clinic has a
table of 250 patients with nine measurements. Another hospital lacks two of these
columns, has three others, and has labelled thirty patients. `PartialColumns` uses all
of it.
"""

# %%
# Two tables that share seven columns
# -----------------------------------
# Columns are matched by name. ``suggestions_`` names pairs that may be the same thing
# under another name: they are not matched until you rename one.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from adapt.feature_based import PartialColumns

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
y = y.to_numpy()
shared = [
    "texture error",
    "smoothness error",
    "symmetry error",
    "compactness error",
    "mean fractal dimension",
    "mean symmetry",
    "worst smoothness",
]
clinic = [*shared, "mean area", "worst concavity"]
hospital = [*shared, "worst texture", "mean smoothness", "worst fractal dimension"]
rows = np.random.default_rng(0).permutation(len(X))
source, target = rows[:250], rows[250:]
Xs, Xt = X.iloc[source][clinic], X.iloc[target][hospital]
known = y[target].astype(float)
known[30:] = np.nan
rest = slice(30, None)

inner = make_pipeline(StandardScaler(), LogisticRegression(C=0.3))
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    model = PartialColumns(inner, random_state=0).fit(Xs, y[source], Xt, known)
print("the hospital lacks", model.source_only_columns_)
print("the clinic lacks", model.target_only_columns_)
print("may be the same:", model.suggestions_)

# %%
# Five ways, and their average
# ----------------------------
# Each way is scored on held-out labelled patients of the hospital, and the average
# weights the ways by that score. "shared" is the baseline without the other columns,
# and "target" is trained on the thirty labels alone.


def auc(model):
    """Return how well a model tells other patients of the hospital apart."""
    return roc_auc_score(y[target][rest], model.predict_proba(Xt[rest])[:, 1])


scores = {}
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    for way in "shared", "union", "imputed", "score", "target":
        one = PartialColumns(inner, way=way, random_state=0)
        scores[way] = auc(one.fit(Xs, y[source], Xt, known))
    blind = PartialColumns(inner, random_state=0).fit(Xs, y[source], Xt)
scores["average"] = auc(model)
scores["without labels"] = auc(blind)
for name, value in scores.items():
    weight = model.weights_.get(name, 0)
    print(f"{name:15s} AUC {value:.3f}" + (f", weight {weight:.2f}" if weight else ""))

_, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
axes[0].barh(list(model.weights_), list(model.weights_.values()))
axes[0].invert_yaxis()
axes[0].set_xlabel("weight in the average")
colours = ["tab:blue"] * 5 + ["tab:orange"] * 2
axes[1].barh(list(scores), list(scores.values()), color=colours)
axes[1].invert_yaxis()
axes[1].set_xlim(min(scores.values()) - 0.03, 1)
axes[1].set_xlabel("AUC on other patients of the hospital")
plt.show()

# %%
# The thirty labels alone have an AUC of 0.89, and the shared columns 0.94. The average
# has 0.96, without knowing which way is best.

# %%
# Without labels
# --------------
# Without labels, nothing relates the hospital's own columns to the label. They only
# help to fill in the values that the hospital lacks, and a warning says so.

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    PartialColumns(inner, random_state=0).fit(Xs, y[source], Xt)
print(caught[-1].message)
