"""What is said of the predictions on the target, while training and at its end."""

import warnings

import numpy as np
import pytest

pytest.importorskip("keras", exc_type=ImportError)

from keras import layers

from adapt.deep._validation import some_of, warn_of_collapse
from adapt.feature_based import DeepSource

CLASSES = np.array(["a", "b", "c"])


def test_a_class_that_should_be_there_and_is_not_is_named():
    p = np.tile([0.6, 0.4, 0.0], (100, 1))
    p[0] = [0.1, 0.9, 0.0]
    with pytest.warns(UserWarning, match="none of 100 target rows is predicted as c"):
        warn_of_collapse("DANN", p, CLASSES, np.array([0.5, 0.3, 0.2]))


@pytest.mark.parametrize("share", [0.05, 0.0])
def test_a_class_that_may_be_missing_by_chance_is_not(share):
    p = np.tile([0.6, 0.4, 0.0], (100, 1))
    p[0] = [0.1, 0.9, 0.0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_collapse("DANN", p, CLASSES, np.array([0.6, 0.4 - share, share]))


def test_rows_are_taken_evenly():
    X = np.arange(5000)
    few = some_of(X)
    assert len(few) == 1000
    assert (few[0], few[-1]) == (0, 4999)
    assert some_of(X[:10]) is not None
    np.testing.assert_array_equal(some_of(X[:10]), X[:10])


@pytest.mark.one_backend
def test_progress_lines_tell_of_the_target_and_change_nothing(capsys):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(120, 2)), np.arange(120) % 2
    params = {"epochs": 2, "random_state": 0}
    quiet = DeepSource(**params).fit(X, y, Xt=X)
    assert "target_information" not in quiet.history_
    told = DeepSource(**params, verbose=1).fit(X, y, Xt=X)
    lines = capsys.readouterr().out.strip().splitlines()
    assert len(lines) == 2
    assert all("target_entropy" in x and "target_information" in x for x in lines)
    np.testing.assert_array_equal(quiet.history_["loss"], told.history_["loss"])
    p = told.predict_proba(X)
    entropy = -(p * np.log(p)).sum(axis=1).mean()
    assert told.history_["target_entropy"][-1] == pytest.approx(entropy, rel=1e-3)


@pytest.mark.one_backend
def test_a_fit_that_loses_a_class_warns():
    rng = np.random.default_rng(0)
    y = np.arange(120) % 2
    X = rng.normal(size=(120, 1)) + 4 * y[:, None]
    params = {"encoder": layers.Dense(4), "task": layers.Dense(2), "epochs": 30}
    with pytest.warns(UserWarning, match="none of 120 target rows is predicted as 0"):
        DeepSource(**params, learning_rate=0.05, random_state=0).fit(X, y, Xt=X + 9)
