"""Many fits at a time: the backends of joblib give what one process gives."""

import os
import signal
import warnings
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from adapt.feature_based import CORAL, SA
from adapt.model_selection import AutoAdapt, compare, rank_sources
from adapt.model_selection._many_fits import ManyFits, results
from tests.common import shifted_classes


class Dies(LogisticRegression):
    """Ends the process that it is fitted in."""

    def fit(self, X, y, sample_weight=None):
        os.kill(os.getpid(), signal.SIGKILL)


class PressesCtrlC(LogisticRegression):
    """Sends the signal of Ctrl-C to another process, once for each `file`."""

    def __init__(self, pid=None, file=None):
        super().__init__()
        self.pid, self.file = pid, file

    def fit(self, X, y, sample_weight=None):
        try:
            Path(self.file).touch(exist_ok=False)
        except FileExistsError:
            pass
        else:
            os.kill(self.pid, signal.SIGINT)
        return super().fit(X, y, sample_weight)


class Counted:
    """Counts how often it is pickled."""

    times = 0

    def __getstate__(self):
        type(self).times += 1
        return {"x": np.arange(1000)}


def double(number, shared=None):
    if number == 3:
        raise ValueError("three")
    return 2 * number


def table(result):
    """Return what does not depend on the clock."""
    return result.results.drop(columns="fit_seconds")


@pytest.fixture(scope="module")
def client():
    dask = pytest.importorskip("dask")
    distributed = pytest.importorskip("distributed")
    # A fit whose worker died is not given to another before we hear of it.
    config = {
        "distributed.scheduler.allowed-failures": 0,
        "distributed.comm.timeouts.connect": "300s",  # where there is much else to do
        "distributed.comm.timeouts.tcp": "300s",
    }
    with dask.config.set(config):
        cluster = distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=None,
            silence_logs="CRITICAL",
        )
        with cluster, distributed.Client(cluster) as client:
            yield client


@pytest.fixture(params=["sequential", "loky", "dask"])
def backend(request):
    """Return the name of a backend, which is active; a Dask cluster is there."""
    if request.param == "dask":
        request.getfixturevalue("client")
    with joblib.parallel_config(backend=request.param, n_jobs=2):
        yield request.param


# ------------------------------------------------------------------------ mechanism


def test_outcomes_come_in_order_and_errors_are_among_them(backend):
    with ManyFits(2) as fits:
        found = list(fits.outcomes((double, k) for k in range(6)))
        groups = [[], [(double, 0), (double, 1)], [], [(double, 2)], []]
        assert [len(part) for part in fits.groups(iter(groups))] == [0, 2, 0, 1, 0]
    assert [result for result, _ in found] == [0, 2, 4, None, 8, 10]
    assert [type(error) for _, error in found if error] == [ValueError]
    with pytest.raises(ValueError, match="three"):
        results(found)


def test_what_fits_share_is_sent_once(client):
    shared = Counted()
    Counted.times = 0
    with joblib.parallel_config(backend="dask"), ManyFits(None, [shared]) as fits:
        for _ in range(2):
            results(fits.outcomes((double, 2, shared) for _ in range(4)))
    assert Counted.times == 1


# ---------------------------------------------------------------------- same results


def test_results_are_those_of_one_process(backend):
    Xs, ys, Xt, yt = shifted_classes(n=60)
    labels = np.where(np.arange(len(yt)) < 20, yt.astype(float), np.nan)
    methods = {"CORAL": CORAL()}

    def run(n_jobs):
        by_scores = compare(Xs, ys, Xt, yt, methods=methods, cv=2, n_jobs=n_jobs)
        by_labels = compare(
            Xs, ys, Xt, labels, methods=methods, cv=2, n_jobs=n_jobs,
            target_labels="train",
        )  # fmt: skip
        auto = AutoAdapt(methods=methods, cv=2, n_jobs=n_jobs, random_state=0)
        auto.fit(Xs, ys, Xt=Xt, yt=labels)
        search = GridSearchCV(CORAL(Xt=Xt), {"lambda_": [0.1, 1]}, cv=2, n_jobs=n_jobs)
        search.fit(Xs, ys)
        sources = {"a": (Xs, ys), "b": (Xs[:50], ys[:50])}
        return (
            table(by_scores),
            table(by_labels),
            auto.comparison_.labels.results,
            pd.DataFrame(auto.predict_proba(Xt)),
            pd.DataFrame(search.cv_results_["mean_test_score"]),
            rank_sources(sources, Xt, yt, n_jobs=n_jobs),
        )

    many = run(2)
    with joblib.parallel_config(backend="sequential"):
        one = run(None)
    for ours, theirs in zip(many, one, strict=True):
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)


def test_ray_gives_the_same():
    ray = pytest.importorskip("ray")
    from ray.util.joblib import register_ray

    register_ray()
    Xs, ys, Xt, yt = shifted_classes(n=60)
    given = {"methods": ["CORAL"], "cv": 2}
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        with joblib.parallel_config(backend="ray", n_jobs=2):
            many = compare(Xs, ys, Xt, yt, **given)
    finally:
        ray.shutdown()
    one = compare(Xs, ys, Xt, yt, **given)
    pd.testing.assert_frame_equal(table(many), table(one), check_exact=True)


# ------------------------------------------------------------------ when things break


def kill_worker():
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_dask_worker_that_dies_costs_its_call_alone(client):
    calls = [(double, 1), (kill_worker,), (double, 2), (double, 4)]
    with (
        joblib.parallel_config(backend="dask"),
        pytest.warns(RuntimeWarning, match="A worker was lost"),
        ManyFits(2) as fits,
    ):
        found = list(fits.outcomes(calls))
    assert [result for result, _ in found] == [2, None, 4, 8]
    assert [error is None for _, error in found] == [True, False, True, True]


def test_a_worker_that_dies_costs_its_fit_alone():
    Xs, ys, Xt, yt = shifted_classes(n=60)
    methods = {"first": CORAL(), "dies": CORAL(Dies()), "last": SA()}
    with (
        joblib.parallel_config(backend="loky", n_jobs=2),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        many = compare(Xs, ys, Xt, yt, methods=methods, cv=2).results
    messages = [str(w.message) for w in caught if w.category is RuntimeWarning]
    assert any("A worker was lost" in message for message in messages)
    many = many[many["method"] != "Average"].set_index("method")
    assert list(many.index[many["error"].notna()]) == ["dies"]
    methods = {"first": CORAL(), "last": SA()}
    one = compare(Xs, ys, Xt, yt, methods=methods, cv=2).results
    one = one.set_index("method")
    columns = ["circular", "weighted", "target"]
    pd.testing.assert_frame_equal(
        many.loc[list(methods), columns], one.loc[list(methods), columns]
    )


@pytest.fixture
def interrupts():
    """Let the signal of Ctrl-C interrupt; processes of pytest-xdist ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interrupts")
def test_ctrl_c_keeps_what_is_finished(client, tmp_path):
    Xs, ys, Xt, _ = shifted_classes(n=60)
    stops = PressesCtrlC(os.getpid(), tmp_path / "pressed")
    methods = {"stops": CORAL(stops)}
    methods |= {f"late {k}": SA() for k in range(6)}
    with joblib.parallel_config(backend="dask"):
        result = compare(Xs, ys, Xt, methods=methods, cv=2)
    assert result.interrupted
    assert "SourceOnly" in set(result.results["method"])
    assert len(result.results) < len(methods)
    assert result.predict(Xt).shape == (len(Xt),)


def test_a_scheduler_that_is_gone_is_said_before_any_work(client):
    distributed = pytest.importorskip("distributed")
    Xs, ys, Xt, _ = shifted_classes(n=60)
    other = distributed.Client(client.scheduler.address, set_as_default=False)
    with joblib.parallel_config(backend="dask", client=other):
        other.close()
        for work in (
            lambda: compare(Xs, ys, Xt),
            lambda: AutoAdapt().fit(Xs, ys, Xt=Xt),
            lambda: rank_sources({"a": (Xs, ys)}, Xs, ys),
        ):
            with pytest.raises(RuntimeError, match="does not answer") as raised:
                work()
            assert "\n" not in str(raised.value)
