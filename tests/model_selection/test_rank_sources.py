import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from adapt import metrics
from adapt.feature_based import CORAL
from adapt.model_selection import rank_sources
from adapt.model_selection._rank_sources import jackknife_error, jackknife_groups
from adapt.model_selection._source_outputs import features_of


def task(n=60, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    return X, (X[:, 0] > 0).astype(int)


def models():
    X, y = task(300, 1)
    return {
        "other": LogisticRegression().fit(X, X[:, 1] > 0),
        "near": LogisticRegression().fit(X, X @ [1, 0.5, 0] > 0),
        "flipped": LogisticRegression().fit(X, y == 0),
    }


def test_models_are_ranked_by_the_likelihood_of_labels():
    X, y = task()
    sources = models()
    ranking = rank_sources(sources, X, y == 1, scores=["log_likelihood", "accuracy"])
    assert ranking.index.tolist() == ["near", "other", "flipped"]
    P = sources["near"].predict_proba(X)[np.arange(60), y]
    expected = np.log(P + 1e-3).mean()
    assert ranking.loc["near", "log_likelihood"] == pytest.approx(expected)
    assert ranking.loc["near", "accuracy"] == sources["near"].score(X, y == 1)
    assert list(ranking.columns) == [
        "log_likelihood",
        "standard_error",
        "tied",
        "accuracy",
    ]


def test_leep_forgives_what_a_head_can_translate_and_ranks_no_models():
    X, y = task()
    ranking = rank_sources(models(), X, y, used_as="features")
    assert ranking.columns[0] == "leep"
    assert ranking["leep"]["flipped"] > ranking["leep"]["other"]
    assert ranking.index[-1] == "other"
    with pytest.raises(
        ValueError, match="does not rank sources that are used as model"
    ):
        rank_sources(models(), X, y, scores=["leep"])
    with pytest.raises(ValueError, match="'fame', which is none of"):
        rank_sources(models(), X, y, scores=["fame"])


def test_errors_are_those_of_the_jackknife():
    X, y = task(20)
    ranking = rank_sources({"a": models()["near"]}, X, y == 1)
    P = np.log(models()["near"].predict_proba(X)[np.arange(20), y] + 1e-3)
    # Of a mean, leaving out single rows gives the textbook error.
    expected = P.std(ddof=1) / np.sqrt(20)
    assert ranking["standard_error"].iloc[0] == pytest.approx(expected)
    assert np.isnan(jackknife_error(np.array([[1.0], [np.nan]]))).all()


def test_classes_are_spread_over_groups():
    y = np.repeat([0, 1], [36, 4])
    groups = jackknife_groups(y, True, np.random.RandomState(0), 4)
    assert sorted(groups[y == 1]) == [0, 1, 2, 3]
    assert np.bincount(groups).tolist() == [10, 10, 10, 10]


def test_equal_sources_are_tied_and_bad_ones_are_not():
    X, y = task(100)
    near = models()["near"]
    sources = {"first": near, "twin": near, "flipped": models()["flipped"]}
    ranking = rank_sources(sources, X, y == 1)
    assert ranking["tied"].tolist() == [True, True, False]


def test_tables_are_fitted_and_compared():
    pytest.importorskip("ot")
    X, y = task()
    near, far = task(80, 2), task(80, 3)
    far = far[0] + 1.5, far[1]
    scores = ["log_likelihood", "neg_dataset_distance", "neg_energy_distance"]
    ranking = rank_sources({"far": far, "near": near}, X, y, scores=scores)
    assert ranking.index[0] == "near"
    expected = -metrics.dataset_distance(*near, X, y)
    assert ranking.loc["near", scores[1]] == pytest.approx(expected)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(*near)
    P = model.predict_proba(X)[np.arange(60), y]
    assert ranking.loc["near", scores[0]] == pytest.approx(np.log(P + 1e-3).mean())
    alone = rank_sources({"far": far, "near": near}, X, y, scores=scores[1:2])
    assert alone["standard_error"].isna().all()
    with pytest.raises(ValueError, match="compares rows, but source 'near' is a model"):
        rank_sources({"near": model}, X, y, scores=scores)


def test_tables_in_other_units_are_spoken_of():
    X, y = task(80)
    Xs, ys = task(80, 2)
    with pytest.warns(
        UserWarning, match=r"'metres'.*x1: target = .*/ 1000.*Nothing was"
    ):
        rank_sources({"metres": (Xs * [1, 1000, 1], ys)}, X, y)


def test_numbers():
    X, _ = task()
    y = X @ [1.0, 2.0, 0.0]
    sources = {
        "bad": Ridge().fit(X, X[:, 2]),
        "good": LinearRegression().fit(X, y + 0.1),
    }
    ranking = rank_sources(sources, X, y, scores=["neg_mean_squared_error", "r2"])
    assert ranking.index.tolist() == ["good", "bad"]
    assert ranking.iloc[0, 0] == pytest.approx(-0.01)
    by_features = rank_sources(sources, X, y, used_as="features")
    assert by_features.columns[0] == "log_evidence"
    assert by_features.index[0] == "good"


def test_features_are_those_before_the_last_step():
    X, y = task(80)
    scaled = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    np.testing.assert_allclose(features_of(scaled, X), scaled[0].transform(X))
    network = MLPClassifier((5, 4), tol=1.0, random_state=0)
    deep = make_pipeline(StandardScaler(), network).fit(X, y)
    hidden = scaled[0].transform(X)
    for W, b in zip(network.coefs_[:2], network.intercepts_[:2], strict=True):
        hidden = np.maximum(hidden @ W + b, 0)
    np.testing.assert_allclose(features_of(deep, X), hidden)
    mapped = CORAL().fit(X, y, Xt=X + 1)
    np.testing.assert_allclose(features_of(mapped, X), mapped.transform(X))
    plain = Ridge().fit(X, y)
    assert features_of(plain, X).shape == (80, 1)
    ranking = rank_sources(
        {"deep": deep, "mapped": mapped}, X, y, used_as="features", scores=["h_score"]
    )
    assert ranking["h_score"]["deep"] == pytest.approx(metrics.h_score(hidden, y))


def test_unlabelled_rows_are_left_out_and_frames_are_taken():
    X, y = task()
    frame = pd.DataFrame(X, columns=list("abc"))
    half = pd.Series(y, dtype="float").mask(np.arange(60) % 2 == 0)
    framed = LogisticRegression().fit(frame, y)
    ranking = rank_sources({"framed": framed, **models()}, frame, half)
    expected = rank_sources({"framed": framed, **models()}, frame[1::2], y[1::2])
    pd.testing.assert_frame_equal(ranking, expected)


def test_frames_with_other_columns_and_categories():
    X, y = task(120)
    frame = pd.DataFrame(X, columns=list("abc")).assign(town=np.where(y, "A", "B"))
    part = LogisticRegression().fit(frame[["b", "a"]], y)
    table = frame.assign(more=1.0).iloc[:60], y[:60]
    ranking = rank_sources({"part": part, "table": table}, frame[60:], y[60:])
    assert ranking.index[0] == "table"
    with pytest.raises(ValueError, match=r"'part' was fitted on columns.*\['b'\]"):
        rank_sources({"part": part}, frame.drop(columns="b"), y)


def test_what_cannot_be_ranked_is_refused_by_name():
    X, y = task()
    svm = LinearSVC().fit(X, y)
    with pytest.raises(ValueError, match=r"'svm' has no probabilities.*Calibrated"):
        rank_sources({"svm": svm}, X, y)
    assert rank_sources({"svm": svm}, X, y, used_as="features").columns[0] == (
        "log_evidence"
    )
    with pytest.raises(ValueError, match="`yt` has 2 labels"):
        rank_sources(models(), X[:2], y[:2])
    with pytest.raises(ValueError, match="one value only"):
        rank_sources(models(), X, np.zeros(60))
    with pytest.raises(TypeError, match="`sources` must be a dict"):
        rank_sources([svm], X, y)
    with pytest.raises(TypeError, match="'path' must be a fitted estimator"):
        rank_sources({"path": "model.joblib"}, X, y)
    with pytest.raises(ValueError, match="`used_as` must be"):
        rank_sources(models(), X, y, used_as="head")
