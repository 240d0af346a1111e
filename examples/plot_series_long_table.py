"""
From a long table of series to a prediction
===========================================

A smartphone at the waist recorded what people do: walking, stairs, sitting, standing,
lying. One person is labelled. What does another do?
"""

# %%
# A long table
# ------------
# Each row is a step of 0.02 s of a window, in any order. `as_series` collects the
# windows; what is constant in a window is a label.

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from adapt.datasets import load_hapt
from adapt.inspection import SeriesDisplay
from adapt.model_selection import AutoAdapt
from adapt.series import SeriesFeatures, as_series

data = load_hapt(source="subject_3", target="subject_9")


def long_table(rows):
    """Return a long table of some windows, shuffled."""
    X = data.X[rows]
    table = pd.DataFrame(X.reshape(-1, 6), columns=data.feature_names)
    table["window"] = np.repeat(np.arange(len(X)), X.shape[1])
    table["t"] = np.tile(np.arange(X.shape[1]) * 0.02, len(X))
    table["activity"] = np.repeat(data.target_names[data.y[rows]], X.shape[1])
    return table.sample(frac=1, random_state=0)


old, new = (long_table(data.sample_domain == k) for k in (0, -1))
old.head()

# %%
form = {"id": "window", "time": "t", "labels": "activity"}
source, target = as_series(old, **form), as_series(new, **form)
print(source)

# %%
# The two people
# --------------
# Medians and quartiles of the windows, and of their spectra. The phone lies otherwise,
# which the levels of the accelerometer show.

SeriesDisplay.from_samples(source, target)

# %%
# Adapt
# -----
# `AutoAdapt` turns channels if they look turned, makes features, and averages the maps
# of features that keep the labels on the way to the target and back. It never sees the
# activities of the second person.

model = AutoAdapt(random_state=0).fit(source, source.labels["activity"], Xt=target)
print(model.decision_)

truth = target.labels["activity"]
inner = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
plain = make_pipeline(SeriesFeatures(), inner).fit(source, source.labels["activity"])
print(f"source-only: {accuracy_score(truth, plain.predict(target)):.3f}")
print(f"AutoAdapt:   {accuracy_score(truth, model.predict(target)):.3f}")

# %%
# Raw series go into `predict`, in any form: here as a list.

model.predict(list(target.values[:5]))
