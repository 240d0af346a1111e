"""
Bicycles by the hour, when only three weeks are known
=====================================================

How good are forecasts with three weeks of history, if similar series have more than a
year? Rented bicycles were counted for every second hour of the day: three hours for
more than a year, the others for three weeks. Each of the next days is forecast from
what is known the evening before. A forecaster with all of the history is the upper
bound.
"""

# %%
# A long frame: a series for every second hour of the day, with the weather of that
# hour. Counts grow by factors, so their logarithms are forecast.

import matplotlib.pyplot as plt
import numpy as np

from adapt.datasets import load_bikes
from adapt.forecasting import TransferForecaster, rolling_forecast
from adapt.inspection import MixtureWeightsDisplay

frame = load_bikes().frame
frame["y"] = np.log1p(frame["y"])
days = np.sort(frame["time"].unique())
start, history = 400, 21
frame = frame[(frame["series"] % 2 == 0) & (frame["time"] <= days[start + 20])]
print(frame.head())

# %%
# For the other hours, all but the last three weeks are hidden.

names = list(frame["series"].unique())
donors = names[::4]
hidden = ~frame["series"].isin(donors) & (frame["time"] < days[start - history])
known = frame.copy()
known.loc[hidden, "y"] = np.nan

# %%
# `rolling_forecast` goes through the days, and lets the forecaster see a day only after
# it was forecast. With a short history, effects of groups of inputs are followed better
# than the coefficients of every column.


model = TransferForecaster(donors=donors, follow="effects")
transferred = rolling_forecast(model, known, start=start)
counted = rolling_forecast(model, frame, start=start)

last_week = frame[["series", "time", "y"]].copy()
last_week["y"] = frame.groupby("series")["y"].shift(7)


def error(predicted):
    """Return the mean absolute error on the other hours, from the start on."""
    rows = frame[["series", "time", "y"]].merge(
        predicted, on=["series", "time"], suffixes=("", "_predicted")
    )
    rows = rows[~rows["series"].isin(donors) & (rows["time"] >= days[start])]
    return (rows["y"] - rows["y_predicted"]).abs().mean()


for name, predicted in [
    ("a week ago", last_week),
    ("three weeks known, with donors", transferred),
    ("all days known", counted),
]:
    print(f"{name:32s} {error(predicted):.3f}")

# %%
# With donors the error is 0.25, nearly that with all of the history (0.24). If the
# value of a week ago is repeated, it is 0.40.

# %%
# The forecasts of one hour, and the weights of the experts of a forecaster that was
# fitted on the history and then saw day after day.

before = known["time"] < days[start]
model.fit(known[before]).update(known[~before])
hour = next(name for name in names if name not in donors)
plt.rcParams["date.converter"] = "concise"
fig, (top, bottom) = plt.subplots(2, figsize=(9, 7), layout="constrained")
for rows, style, label in [
    (frame[frame["time"] >= days[start]], {"color": "0.3"}, "counted"),
    (transferred, {}, "three weeks known, with donors"),
]:
    part = rows[(rows["series"] == hour) & (rows["time"] >= days[start])]
    top.plot(part["time"], part["y"], label=label, **style)
top.set(ylabel="log(1 + bicycles)", title=f"Bicycles rented at {hour} o'clock")
top.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)
MixtureWeightsDisplay.from_estimator(model, series=names.index(hour), ax=bottom)
bottom.set_xlim(start - history, start + 20)
plt.show()
