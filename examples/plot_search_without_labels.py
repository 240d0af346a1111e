"""
Grid search without target labels
=================================

Which parameters are best for a target whose labels are not known? A cross-validation on
the source answers another question. Scorers that look at the target answer this one, as
far as that is possible.
"""

# %%
# One table, and scorers that are told the domain of each row
# -----------------------------------------------------------
# With metadata routing a search passes `sample_domain` to the adapter, to the splitter
# and to the scorer. Target labels are there for the last column only.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from adapt.datasets import load_penguins
from adapt.feature_based import CORAL
from adapt.metrics import (
    DEV,
    BatchNuclearNorm,
    CircularValidation,
    ImportanceWeighted,
    MixVal,
    PredictionEntropy,
    SoftNeighborhoodDensity,
    SourceScore,
    TargetScore,
)
from adapt.model_selection import DomainKFold

sklearn.set_config(enable_metadata_routing=True)

data = load_penguins(source="Adelie", target="Gentoo")
X, y, domain = data.X, data.y, data.sample_domain

scorers = {
    "source": SourceScore(),
    "importance-weighted": ImportanceWeighted(),
    "DEV": DEV(),
    "entropy": PredictionEntropy(),
    "nuclear norm": BatchNuclearNorm(),
    "density": SoftNeighborhoodDensity(),
    "MixVal": MixVal(),
    "there and back": CircularValidation(),
    "true on the target": TargetScore(),
}
search = GridSearchCV(
    make_pipeline(StandardScaler(), CORAL(LogisticRegression())),
    {"coral__lambda_": [0.001, 0.1, 1.0], "coral__match_mean": [False, True]},
    scoring=scorers,
    refit="there and back",
    cv=DomainKFold(5, shuffle=True, random_state=0),
).fit(X, y, sample_domain=domain)

table = pd.DataFrame(search.cv_results_["params"])
table.columns = [name.removeprefix("coral__") for name in table.columns]
for name in scorers:
    table[name] = search.cv_results_[f"mean_test_{name}"]
print(table.round(3).to_string())
print("\ntaken:", search.best_params_)

# %%
# Which scorers agree with the truth
# ----------------------------------
# Each scorer in its own units, brought to the same range, beside the true accuracy.

scores = table[list(scorers)]
scaled = (scores - scores.min()) / (scores.max() - scores.min()).replace(0, 1)
labels = [
    f"{row.lambda_:g}, {'means' if row.match_mean else 'no means'}"
    for row in table.itertuples()
]
fig, ax = plt.subplots(figsize=(8, 4), layout="constrained")
image = ax.imshow(scaled.T, aspect="auto")
ax.set_yticks(np.arange(len(scorers)), list(scorers))
ax.set_xticks(np.arange(len(labels)), labels, rotation=30, ha="right")
ax.set_xlabel("`lambda_`, and whether means are matched")
fig.colorbar(image, label="from the worst to the best by this scorer")
plt.show()

# %%
# Here the way there and back and the nuclear norm tell what matters, to match the
# means. Entropy and density prefer the settings whose predictions collapse: one class
# for nearly all rows, with certainty. What the source alone says misleads.

sklearn.set_config(enable_metadata_routing=False)
