import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from adapt.base import SourceOnly
from adapt.feature_based import CORAL
from adapt.instance_based import IWC
from adapt.metrics import CircularValidation, cov_distance, make_uda_scorer
from tests.common import shifted_classes


def test_cov_distance_against_its_definition():
    Xs, _, Xt, _ = shifted_classes()
    expected = np.mean(np.abs(np.cov(Xs.T) - np.cov(Xt.T)))
    assert cov_distance(Xs, Xt) == pytest.approx(expected)
    assert cov_distance(Xs, Xs) == 0


def test_a_distance_is_taken_in_the_space_of_the_adapter():
    Xs, ys, Xt, _ = shifted_classes()
    model = CORAL(lambda_=0.1).fit(Xs, ys, Xt=Xt)
    expected = cov_distance(
        model.transform(Xs, sample_domain=0), model.transform(Xt, sample_domain=-1)
    )
    assert make_uda_scorer(cov_distance, Xs, Xt)(model, Xs, ys) == -expected
    assert make_uda_scorer(cov_distance, Xs, Xt, True)(model, Xs, ys) == expected
    # A second call sees the same rows: nothing is overwritten.
    scorer = make_uda_scorer(cov_distance, Xs, Xt)
    assert scorer(model, Xs, ys) == scorer(model, Xs, ys)


def test_keywords_are_passed_on():
    Xs, ys, Xt, _ = shifted_classes()
    model = CORAL().fit(Xs, ys, Xt=Xt)
    scorer = make_uda_scorer(lambda zs, zt, scale: scale, Xs, Xt, scale=3.0)
    assert scorer(model, Xs, ys) == -3.0


def test_a_weighted_source_is_closer_to_the_target():
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(2000, 1)), 1 + rng.normal(size=(2000, 1))
    ys = Xs[:, 0] > 0

    def distance_of_means(zs, zt):
        return abs(np.mean(zs) - np.mean(zt))

    model = IWC(LogisticRegression()).fit(Xs, ys, Xt=Xt)
    score = make_uda_scorer(distance_of_means, Xs, Xt)(model, Xs, ys)
    assert -0.2 < score <= 0
    assert distance_of_means(Xs, Xt) > 0.9


def test_in_a_search_with_a_pipeline():
    Xs, ys, Xt, _ = shifted_classes()
    scaler = StandardScaler().fit(Xs)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), CORAL(Xt=scaler.transform(Xt))),
        {"coral__lambda_": [0.0, 100.0]},
        scoring=make_uda_scorer(cov_distance, Xs, Xt),
        return_train_score=True,
        error_score="raise",
    ).fit(Xs, ys)
    assert search.best_params_ == {"coral__lambda_": 0.0}


def test_scorers_keep_their_domains_when_cloned():
    Xs, _, Xt, _ = shifted_classes()
    given = CircularValidation()
    scorer = make_uda_scorer(given, Xs, Xt)
    assert clone(scorer).Xt_ is Xt
    assert not hasattr(given, "Xt_")


def test_errors():
    Xs, ys, Xt, _ = shifted_classes()
    with pytest.raises(TypeError, match="SourceOnly does neither"):
        make_uda_scorer(cov_distance, Xs, Xt)(SourceOnly().fit(Xs, ys, Xt=Xt), Xs)
    with pytest.raises(TypeError, match="LogisticRegression does neither"):
        make_uda_scorer(cov_distance, Xs, Xt)(LogisticRegression().fit(Xs, ys), Xs)
    with pytest.raises(ValueError, match="target domain is empty"):
        make_uda_scorer(cov_distance, Xs, Xt[:0])
    with pytest.raises(TypeError, match="callable"):
        make_uda_scorer("cov", Xs, Xt)
    with pytest.raises(TypeError, match="in its constructor"):
        make_uda_scorer(CircularValidation(), Xs, Xt, metric="accuracy")
