"""Scorers against references written out from their papers, and in searches."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy.stats import entropy
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from adapt.base import SourceOnly
from adapt.feature_based import CORAL, DomainStandardScaler, LinearOT
from adapt.metrics import (
    DEV,
    BatchNuclearNorm,
    CircularValidation,
    EnsembleAgreement,
    ImportanceWeighted,
    MixVal,
    PredictionEntropy,
    SoftNeighborhoodDensity,
    SourceScore,
    TargetScore,
    make_uda_scorer,
)
from tests.common import shifted_classes, shifted_numbers

CLASSES = shifted_classes(n_classes=3)
NUMBERS = shifted_numbers()


def softened(Xs, ys, Xt, adapter=CORAL):
    return adapter(LogisticRegression(C=0.01)).fit(Xs, ys, Xt=Xt)


def ensemble(data, inner):
    Xs, ys, Xt, _ = data
    return [
        adapter(inner).fit(Xs, ys, Xt=Xt)
        for adapter in (SourceOnly, CORAL, DomainStandardScaler)
    ]


def scorers(data, inner):
    """Return a scorer of each kind, and whether it is defined for numbers."""
    return {
        "ImportanceWeighted": (ImportanceWeighted(), True),
        "DEV": (DEV(), True),
        "PredictionEntropy": (PredictionEntropy(), False),
        "SoftNeighborhoodDensity": (SoftNeighborhoodDensity(), False),
        "CircularValidation": (CircularValidation(), True),
        "MixVal": (MixVal(), False),
        "BatchNuclearNorm": (BatchNuclearNorm(), False),
        "EnsembleAgreement": (EnsembleAgreement(ensemble(data, inner)), True),
        "SourceScore": (SourceScore(), True),
    }


NAMES = list(scorers(CLASSES, LogisticRegression()))


def one_table(Xs, ys, Xt, yt):
    mixed = np.random.default_rng(0).permutation(len(Xs) + len(Xt))
    domain = np.repeat([0, -1], [len(Xs), len(Xt)])
    return (
        np.concatenate([Xs, Xt])[mixed],
        np.concatenate([ys, yt])[mixed],
        domain[mixed],
    )


# ------------------------------------------------------------------- references


def test_prediction_entropy():
    Xs, ys, Xt, _ = CLASSES
    model = softened(Xs, ys, Xt)
    expected = -np.mean([entropy(row) for row in model.predict_proba(Xt)])
    score = PredictionEntropy().fit(Xs, Xt)(model, Xs, ys)
    assert score == pytest.approx(expected)
    certain = SourceOnly(LogisticRegression(C=1e12)).fit(Xs * 1e3, ys, Xt=Xt)
    assert PredictionEntropy().fit(Xs, Xt * 1e3)(certain, Xs, ys) <= 0


def test_batch_nuclear_norm():
    Xs, ys, Xt, _ = CLASSES
    model = softened(Xs, ys, Xt)
    values = np.linalg.svd(model.predict_proba(Xt), compute_uv=False)
    expected = values.sum() / np.sqrt(3 * len(Xt))
    assert BatchNuclearNorm().fit(Xs, Xt)(model, Xs, ys) == pytest.approx(expected)


@pytest.mark.parametrize("block", [2**20, 7])
def test_soft_neighborhood_density(block, monkeypatch):
    monkeypatch.setattr("adapt._kernels._BLOCK", block)
    Xs, ys, Xt, _ = CLASSES
    model = softened(Xs, ys, Xt)
    rows = [p / np.sqrt(p @ p) for p in model.predict_proba(Xt)]
    densities = []
    for i, a in enumerate(rows):
        near = np.exp([a @ b / 0.1 for j, b in enumerate(rows) if j != i])
        densities.append(entropy(near / near.sum()))
    scorer = SoftNeighborhoodDensity(0.1).fit(Xs, Xt)
    assert scorer(model, Xs, ys) == pytest.approx(np.mean(densities))


def test_mix_val():
    Xs, ys, Xt, _ = CLASSES
    model = softened(Xs, ys, Xt)
    second = np.random.RandomState(5).permutation(len(Xt))
    labels = model.predict(Xt)
    agree = {True: [], False: []}
    for i, j in enumerate(second):
        said = model.predict((0.7 * Xt[i] + 0.3 * Xt[j])[None])[0]
        agree[labels[i] == labels[j]].append(said == labels[i])
    expected = (np.mean(agree[True]) + np.mean(agree[False])) / 2
    scorer = MixVal(0.7, random_state=5)
    assert scorer.fit(Xs, Xt)(model, Xs, ys) == pytest.approx(expected)
    assert expected < 1
    names = list("abcd")
    frames = pd.DataFrame(Xs, columns=names), pd.DataFrame(Xt, columns=names)
    model = softened(frames[0], ys, frames[1])
    assert scorer.fit(*frames)(model, frames[0], ys) == pytest.approx(expected)


def test_dev_without_a_map():
    Xs, ys, Xt, _ = shifted_classes(n=300)
    model = LogisticRegression(C=0.001).fit(Xs[:200], ys[:200])
    w = ImportanceWeighted().fit(Xs, Xt).weights(Xs[200:])
    loss = w * (model.predict(Xs[200:]) != ys[200:])
    covariance = np.cov(loss, w)
    eta = -covariance[0, 1] / covariance[1, 1]
    risk = loss.mean() + eta * w.mean() - eta
    score = DEV().fit(Xs, Xt)(model, Xs[200:], ys[200:])
    assert score == pytest.approx(1 - risk)


@pytest.mark.parametrize(
    ("metric", "loss"),
    [(None, np.square), ("neg_mean_absolute_error", np.abs)],
)
def test_dev_weighs_in_the_space_of_the_model(metric, loss):
    Xs, ys, Xt, _ = shifted_numbers(n=200)
    model = LinearOT(LinearRegression()).fit(Xs[:100], ys[:100] ** 2, Xt=Xt)
    zs, z = (model.transform(X, sample_domain=0) for X in (Xs, Xs[100:]))
    w = ImportanceWeighted().fit(zs, Xt).weights(z)
    values = w * loss(ys[100:] ** 2 - model.estimator_.predict(z))
    covariance = np.cov(values, w)
    eta = -covariance[0, 1] / covariance[1, 1]
    score = DEV(metric).fit(Xs, Xt)(model, Xs[100:], ys[100:] ** 2)
    assert score == pytest.approx(-(values.mean() + eta * (w.mean() - 1)))


def test_dev_has_less_variance_than_the_plain_weighted_mean():
    from adapt.metrics._dev import controlled_mean

    rng = np.random.default_rng(0)
    means = np.empty((500, 2))
    for k in range(500):
        x = rng.normal(size=200)
        w = np.exp(x - 0.5)  # of N(1, 1) to N(0, 1)
        values = x > 0
        means[k] = np.mean(w * values), controlled_mean(values, w)
    np.testing.assert_allclose(means.mean(axis=0), 0.841, atol=0.02)
    assert means[:, 1].std() < 0.7 * means[:, 0].std()
    assert controlled_mean(np.array([1.0, 2.0]), np.ones(2)) == 1.5


@pytest.mark.parametrize("inner", [LogisticRegression(C=0.01), LinearSVC(C=1e-4)])
def test_ensemble_agreement_of_classifiers(inner):
    Xs, ys, Xt, _ = CLASSES
    models = ensemble((Xs, ys, Xt, None), inner)
    if hasattr(inner, "predict_proba"):
        said = sum(m.predict_proba(Xt) for m in models).argmax(axis=1)
    else:
        votes = np.stack([m.predict(Xt) for m in models])
        said = np.array([np.bincount(column).argmax() for column in votes.T])
    for model in models:
        score = EnsembleAgreement(models).fit(Xs, Xt)(model, Xs, ys)
        assert score == pytest.approx(np.mean(model.predict(Xt) == said))


def test_ensemble_agreement_where_members_know_other_classes():
    Xs, ys, Xt, _ = CLASSES
    names = np.array(["a", "b", "c"])[ys]
    two = SourceOnly().fit(Xs[ys != 0], names[ys != 0], Xt=Xt)
    three = SourceOnly().fit(Xs, names, Xt=Xt)
    p = three.predict_proba(Xt)
    p[:, 1:] += two.predict_proba(Xt)
    expected = np.mean(np.array(["a", "b", "c"])[p.argmax(1)] == three.predict(Xt))
    score = EnsembleAgreement([two, three]).fit(Xs, Xt)(three, Xs, names)
    assert score == pytest.approx(expected)


def test_ensemble_agreement_of_regressors():
    Xs, ys, Xt, _ = NUMBERS
    models = ensemble((Xs, ys, Xt, None), LinearRegression())
    mean = np.mean([m.predict(Xt) for m in models], axis=0)
    expected = -np.mean((mean - models[0].predict(Xt)) ** 2)
    scorer = EnsembleAgreement(models, "neg_mean_squared_error").fit(Xs, Xt)
    assert scorer(models[0], Xs, ys) == pytest.approx(expected)


@pytest.mark.parametrize("data", [CLASSES, NUMBERS], ids=["classes", "numbers"])
def test_plain_scores(data):
    Xs, ys, Xt, yt = data
    model = CORAL().fit(Xs[:80], ys[:80], Xt=Xt)
    z = model.transform(Xs[80:], sample_domain=0)
    expected = model.estimator_.score(z, ys[80:])
    assert SourceScore()(model, Xs[80:], ys[80:]) == pytest.approx(expected)
    some = yt.astype(float)
    some[::2] = np.nan
    expected = model.score(Xt[1::2], yt[1::2])
    assert TargetScore(Xt=Xt, yt=some)(model, Xs, ys) == pytest.approx(expected)
    X, y, domain = one_table(Xs, ys, Xt, some)
    assert TargetScore()(model, X, y, domain) == pytest.approx(expected)


# --------------------------------------------------------------------- searches


@pytest.mark.parametrize("name", NAMES)
def test_one_table_is_the_same_as_two(name):
    inner = LogisticRegression(C=0.01)
    scorer, _ = scorers(CLASSES, inner)[name]
    Xs, ys, Xt, _ = CLASSES
    X, y, domain = one_table(*CLASSES)
    model = softened(Xs, ys, Xt)
    source = domain >= 0
    two = make_uda_scorer(scorer, X[source], X[~source])
    expected = two(model, X[source], y[source])
    assert np.isfinite(expected)
    assert scorer(model, X, y, domain) == pytest.approx(expected)
    assert scorer(model, X, np.where(source, y, None), domain) == pytest.approx(
        expected
    )


@pytest.mark.parametrize("name", [*NAMES, "TargetScore"])
def test_in_searches_over_one_table(name):
    inner = LogisticRegression()
    found = scorers(CLASSES, inner) | {"TargetScore": (TargetScore(), True)}
    X, y, domain = one_table(*CLASSES)
    with sklearn.config_context(enable_metadata_routing=True):
        search = GridSearchCV(
            make_pipeline(StandardScaler(), CORAL(inner)),
            {"coral__estimator__C": [1e-4, 1.0]},
            scoring=found[name][0],
            cv=KFold(3, shuffle=True, random_state=0),
            error_score="raise",
        ).fit(X, y, sample_domain=domain)
        scores = cross_validate(
            SourceOnly(inner),
            X,
            y,
            params={"sample_domain": domain},
            scoring={"it": found[name][0]},
            cv=3,
            error_score="raise",
        )
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert np.isfinite(scores["test_it"]).all()


@pytest.mark.parametrize("name", NAMES)
def test_in_a_search_over_source_rows(name):
    Xs, ys, Xt, _ = CLASSES
    scorer, _ = scorers(CLASSES, LogisticRegression())[name]
    search = GridSearchCV(
        CORAL(LogisticRegression(), Xt=Xt),
        {"estimator__C": [1e-4, 1.0]},
        scoring=make_uda_scorer(scorer, Xs, Xt),
        error_score="raise",
    ).fit(Xs, ys)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize("name", NAMES)
def test_numbers(name):
    Xs, ys, Xt, _ = NUMBERS
    scorer, defined = scorers(NUMBERS, LinearRegression())[name]
    scorer = make_uda_scorer(scorer, Xs, Xt)
    model = CORAL(LinearRegression()).fit(Xs, ys, Xt=Xt)
    if defined:
        assert np.isfinite(scorer(model, Xs, ys))
    else:
        with pytest.raises(TypeError, match=f"{name} .*(predict_proba|numbers)"):
            scorer(model, Xs, ys)


# ----------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    "scorer", [PredictionEntropy(), SoftNeighborhoodDensity(), BatchNuclearNorm()]
)
def test_estimators_without_probabilities_are_refused(scorer):
    Xs, ys, Xt, _ = CLASSES
    model = SourceOnly(LinearSVC()).fit(Xs, ys, Xt=Xt)
    with pytest.raises(TypeError, match=r"no `predict_proba`.*CalibratedClassifierCV"):
        scorer.fit(Xs, Xt)(model, Xs, ys)


def test_scorers_of_the_target_need_no_source_rows():
    Xs, ys, Xt, _ = CLASSES
    model = softened(Xs, ys, Xt)
    expected = PredictionEntropy().fit(Xs, Xt)(model, Xs, ys)
    assert PredictionEntropy()(model, Xt, sample_domain=-1) == expected
    with pytest.raises(ValueError, match="no target rows"):
        PredictionEntropy()(model, Xs, ys)


def test_errors():
    Xs, ys, Xt, _ = CLASSES
    model = softened(Xs, ys, Xt)
    for scorer, message in [
        (MixVal(0.5), "`mix` of MixVal"),
        (SoftNeighborhoodDensity(0), "`temperature`"),
        (EnsembleAgreement([model]), "at least 2 fitted models"),
        (DEV("r2"), "`metric` of DEV.*accuracy"),
        (SourceScore("r2"), "`metric` of SourceScore"),
    ]:
        with pytest.raises(ValueError, match=message):
            scorer.fit(Xs, Xt)(model, Xs, ys)
    with pytest.raises(ValueError, match="2 target rows"):
        SoftNeighborhoodDensity().fit(Xs, Xt[:1])(model, Xs, ys)
    with pytest.raises(ValueError, match="needs labelled target rows"):
        TargetScore()(model, Xs, ys)
    with pytest.raises(ValueError, match="no labelled target row"):
        TargetScore(Xt=Xt, yt=np.full(len(Xt), np.nan))(model, Xs, ys)
    with pytest.raises(TypeError, match="scoring=TargetScore"):
        make_uda_scorer(TargetScore(), Xs, Xt)
