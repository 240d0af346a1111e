"""
Forecasts with three weeks of history
=====================================

Can consumers with a year of history improve the forecasts of consumers with three
weeks? Six consumers have been metered for a year, and lend their models to the others.
"""

# %%
# Loads of consumers that heat, cool and rest in their own ways. Of all but six, only
# the last three weeks before the test are known.

import matplotlib.pyplot as plt
import numpy as np

from adapt.datasets import make_loads
from adapt.forecasting import EffectsRegressor, TransferForecaster
from adapt.inspection import MixtureWeightsDisplay

data = make_loads(n_series=30, n_steps=420, random_state=1)
start, donors, others = 365, list(range(6)), slice(6, None)
known = data.y.copy()
known[others, : start - 21] = np.nan

# %%
# The forecaster fits models of the six. Each day it forecasts the next one, and learns
# from what came.

model = TransferForecaster(donors=donors).fit(known[:, :start], data.X[:, :start])
model.update(data.y[:, start:], data.X[:, start:])


def mape(forecast):
    """Return the mean absolute percentage error on the series that are no donors."""
    truth = data.y[others, start:]
    return 100 * np.mean(np.abs(forecast[others, start:] - truth) / truth)


own = np.full(data.y.shape, np.nan)
groups = {"temperature": ("spline", [0]), "day": ("category", [1])}
for i in range(6, 30):
    weeks = slice(start - 21, start)
    regressor = EffectsRegressor(groups).fit(data.X[i, weeks], data.y[i, weeks])
    own[i] = regressor.predict(data.X[i])
last_week = np.concatenate([known[:, :7], data.y[:, :-7]], axis=1)

for name, forecast in [
    ("a week ago", last_week),
    ("own model", own),
    ("with donors", model.predictions_),
]:
    print(f"{name:12s} MAPE {mape(forecast):5.1f} %")

# %%
# The mean absolute percentage error is 2.6 % with donors. A model of the three weeks
# alone has 5.7 %, more than the 3.1 % of repeating the value of a week ago.

# %%
# One series, and the weights of the experts that forecast it.

series = 12
fig, (top, bottom) = plt.subplots(2, figsize=(9, 7), layout="constrained")
days = np.arange(start, 420)
top.plot(days, data.y[series, start:], color="0.3", label="load")
top.plot(days, model.predictions_[series, start:], label="with donors")
top.plot(days, own[series, start:], linestyle=":", label="own model")
top.set(xlabel="day", ylabel="load", title="Forecasts of one consumer")
top.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)
MixtureWeightsDisplay.from_estimator(model, series=series, ax=bottom)
bottom.set_xlim(start - 21, 420)
plt.show()
