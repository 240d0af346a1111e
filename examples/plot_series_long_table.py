"""
From a long table of series to a prediction
===========================================

How do I get from a long table of time series to predictions for another person? A
smartphone at the waist recorded activities: walking, stairs, sitting, standing, lying.
The windows of one person are labelled, and those of another are predicted.
"""

# %%
# A long table
# ------------
# Each row is a step of `0.02 s` of a window, in any order. `as_series` collects the
# windows; columns that are constant in each window are labels.

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
# Medians and quartiles of the windows, and of their spectra. The levels of the
# accelerometer show that the phone has another orientation.

SeriesDisplay.from_samples(source, target)

# %%
# Adapt
# -----
# `AutoAdapt` changes the sign of channels if they are mirrored, computes features, and
# averages the maps of features that are better in circular validation. It is not given
# the activities of the second person. The last line is trained on half of that person's
# labels.

model = AutoAdapt(random_state=0).fit(source, source.labels["activity"], Xt=target)
print(model.decision_)

truth = target.labels["activity"]
inner = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
plain = make_pipeline(SeriesFeatures(), inner).fit(source, source.labels["activity"])
print(f"source-only: {accuracy_score(truth, plain.predict(target)):.3f}")
print(f"AutoAdapt:   {accuracy_score(truth, model.predict(target)):.3f}")
half = np.arange(len(truth)) < len(truth) // 2
trained = make_pipeline(SeriesFeatures(), inner)
trained.fit(target[~half], np.asarray(truth)[~half])
score = accuracy_score(np.asarray(truth)[half], trained.predict(target[half]))
print(f"target-trained: {score:.3f}")

# %%
# `predict` takes raw series in any form, for example as a list.

model.predict(list(target.values[:5]))
