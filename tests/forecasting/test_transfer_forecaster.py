"""The forecaster that learns from donors: forms of series, leaks, what it is worth."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from adapt.datasets import load_bikes, make_loads
from adapt.forecasting import (
    EffectsRegressor,
    TransferForecaster,
    find_leak,
    rolling_forecast,
)


@pytest.fixture(scope="module")
def loads():
    return make_loads(n_series=12, n_steps=150, random_state=0)


def new(**params):
    return TransferForecaster(n_donors=3, random_state=0, **params)


def long_frame(data, n_steps=None):
    days = pd.date_range("2020-01-06", periods=data.y.shape[1])
    frames = [
        pd.DataFrame(
            {
                "series": f"s{i:02d}",
                "time": days,
                "y": data.y[i],
                "temperature": data.X[i, :, 0],
            }
        ).iloc[:n_steps]
        for i in range(len(data.y))
    ]
    return pd.concat(frames, ignore_index=True)


@pytest.mark.parametrize("follow", ["columns", "effects"])
@pytest.mark.parametrize("delay", [1, 3])
def test_nothing_is_known_before_its_time(loads, follow, delay):
    model = new(follow=follow, delay=delay, lags=(3, 7))
    y, X = loads.y[:6], loads.X[:6]
    assert find_leak(model, y, X, start=140, n_cuts=2) is None


def test_a_leak_is_found(loads):
    class Hurried(TransferForecaster):
        """Says that it looks three steps ahead, and repeats the last value."""

        def predict(self, X=None, *, n_steps=None):
            return np.repeat(self._panel.y[:, -1:], n_steps, axis=1)

    model = Hurried(n_donors=2, delay=3, lags=(3,), random_state=0)
    step, cut = find_leak(model, loads.y, loads.X, start=121, n_cuts=8)
    assert cut < step < cut + 3


def test_rolling_is_fit_and_update(loads):
    model = new().fit(loads.y[:, :142], loads.X[:, :142])
    model.update(loads.y[:, 142:], loads.X[:, 142:])
    found = rolling_forecast(new(), loads.y, loads.X, start=142)
    np.testing.assert_allclose(found, model.predictions_[:, 142:])


def test_forms_of_series_agree(loads):
    frame = long_frame(loads)
    mixed = frame.sample(frac=1, random_state=0)
    names = {"columns": ["series", "time", "y"]}
    one = new(**names).fit(frame).predictions_
    other = new(donors=["s01", "s05"]).fit(mixed).predictions_
    assert list(one.columns) == ["series", "time", "y"]
    expected = new(donors=["s01", "s05"]).fit(frame).predictions_
    merged = expected.merge(other, on=["series", "time"])
    np.testing.assert_allclose(merged["y_x"], merged["y_y"], atol=1e-8)
    # A wide frame, with one temperature for all.
    wide = frame.pivot(index="time", columns="series", values="y")
    shared = pd.DataFrame({"temperature": loads.X[0, :, 0]}, index=wide.index)
    as_wide = new().fit(wide, shared).predictions_
    same = frame.assign(temperature=np.tile(loads.X[0, :, 0], 12))
    as_long = new().fit(same).predictions_
    np.testing.assert_allclose(as_wide.to_numpy().T.ravel(), as_long["y"], atol=1e-8)
    polars = pytest.importorskip("polars")
    found = new(**names).fit(polars.from_pandas(frame)).predictions_
    np.testing.assert_allclose(found["y"], one["y"])


def test_a_day_ahead_of_frames(loads):
    frame = long_frame(loads)
    days = frame["time"].drop_duplicates()
    seen, ahead = frame[frame["time"] < days.iloc[-1]], frame["time"] == days.iloc[-1]
    model = new().fit(seen)
    found = model.predict(frame[ahead].drop(columns="y"))
    rolled = rolling_forecast(new(), frame, start=149)
    np.testing.assert_allclose(found["y"], rolled["y"])
    wide = frame.pivot(index="time", columns="series", values="y")
    found = new().fit(wide.iloc[:-1]).predict(n_steps=1)
    assert found.index[0] == days.iloc[-1]


def test_categories_and_missing_days():
    frame = load_bikes().frame
    frame = frame[frame["series"].isin([7, 8, 9, 17, 18]) & (frame["time"] < "2011-04")]
    frame = frame.assign(y=np.log1p(frame["y"]))
    model = new(lags=(1, 7)).fit(frame)
    assert np.isfinite(model.predictions_["y"].iloc[-10:]).all()
    gone = frame.drop(frame.index[40:43])  # rows of one series
    assert np.isfinite(new(lags=(1, 7)).fit(gone).predictions_["y"].iloc[-10:]).all()


BAD = {
    "has more than one row": lambda f: pd.concat([f, f.iloc[:1]]),
    "has steps of different lengths": lambda f: f[f["time"] != f["time"].iloc[50]],
    "holds text": lambda f: f.assign(time=f["time"].astype(str).astype(object)),
    "has missing times": lambda f: f.assign(time=f["time"].where(f.index != 3, pd.NaT)),
    "without a single value": lambda f: f.assign(y=f["y"].where(f["series"] != "s03")),
    "has no column 'y'": lambda f: f.rename(columns={"y": "load"}),
}


@pytest.mark.parametrize("message", BAD)
def test_bad_frames_are_refused(loads, message):
    with pytest.raises(ValueError, match=message):
        new().fit(BAD[message](long_frame(loads)))


def test_naive_and_aware_times_are_not_mixed(loads):
    frame = long_frame(loads)
    times = frame["time"].astype(object)
    times[::2] = [time.tz_localize("UTC") for time in times[::2]]
    with pytest.raises(ValueError, match="with and without a time zone"):
        new().fit(frame.assign(time=times))


def test_bad_calls_are_refused(loads):
    with pytest.raises(ValueError, match="`lags` must not be less than `delay`"):
        new(delay=3).fit(loads.y)
    with pytest.raises(ValueError, match="`donors` names series"):
        new(donors=[99]).fit(loads.y)
    model = new().fit(loads.y[:, :100], loads.X[:, :100])
    with pytest.raises(ValueError, match="looks `delay` = 1 ahead"):
        model.predict(loads.X[:, 100:103])
    with pytest.raises(ValueError, match="expected"):
        model.update(loads.y[:, 100:101])
    frames = new().fit(long_frame(loads, 100))
    with pytest.raises(ValueError, match="was seen already"):
        frames.update(long_frame(loads, 100))


def test_donors():
    data = make_loads(n_series=10, n_steps=80, random_state=0)
    data.y[5:, :50] = np.nan
    for how in "random", "medoids":
        found = new(donors=how).fit(data.y, data.X)
        assert len(found.donors_) == 3
        assert set(found.donors_) <= set(range(5))  # those with a long history
    assert new(donors=[1, 7]).fit(data.y, data.X).donors_ == [1, 7]
    alone = new(own=False).fit(data.y, data.X)
    assert alone.experts_ == [f"donor {name}" for name in alone.donors_]
    assert alone.weights_.shape == (10, 80, 3)
    assert clone(alone).get_params() == alone.get_params()


def test_other_models_of_effects(loads):
    class Level(EffectsRegressor):
        """Effects of a model of another kind: the level and the first column."""

        def fit(self, X, y):
            self.n_features_in_ = X.shape[1]
            self.mean_, self.slope_ = y.mean(), np.polyfit(X[:, 0], y, 1)[0]
            return self

        def effects(self, X):
            return np.column_stack([np.full(len(X), self.mean_), self.slope_ * X[:, 0]])

    model = new(effects=Level(), follow="effects").fit(loads.y, loads.X)
    assert np.isfinite(model.predictions_[:, 20:]).all()


def test_three_weeks_of_history_are_enough():
    """On loads that chose nothing here: donors are worth a long history."""
    data = make_loads(n_series=24, n_steps=420, random_state=1)
    start, rest = 300, slice(6, None)
    y = data.y.copy()
    y[rest, : start - 21] = np.nan
    model = new(donors=list(range(6))).fit(y[:, :start], data.X[:, :start])
    model.update(data.y[:, start:], data.X[:, start:])

    def mape(forecast):
        wrong = np.abs(forecast - data.y[rest, start:]) / data.y[rest, start:]
        return wrong.mean()

    ours = mape(model.predictions_[rest, start:])
    week = mape(data.y[rest, start - 7 : -7])
    static = []
    for i in range(6, 24):
        known = slice(start - 21, start)
        own = EffectsRegressor({"t": ("spline", [0]), "day": ("category", [1])})
        own.fit(data.X[i, known], data.y[i, known])
        static.append(own.predict(data.X[i, start:]))
    assert ours < 0.8 * week
    assert ours < 0.5 * mape(np.array(static))
