import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import balanced_accuracy_score, r2_score
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from adapt.base import SourceOnly
from adapt.datasets import load_penguins
from adapt.feature_based import CORAL, LinearOT
from adapt.instance_based import IWC, TrAdaBoost
from adapt.metrics import CircularValidation, make_uda_scorer
from tests.common import shifted_classes, shifted_numbers


@pytest.mark.parametrize("adapter", [SourceOnly, CORAL, LinearOT, IWC])
@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy"])
def test_classification_against_a_written_out_reference(adapter, metric):
    Xs, ys, Xt, _ = shifted_classes(n_classes=3)
    model = adapter(LogisticRegression(C=0.01)).fit(Xs[:80], ys[:80], Xt=Xt)
    labels = model.predict(Xt)
    back = adapter(LogisticRegression(C=0.01)).fit(Xt, labels, Xt=Xs)
    predicted = back.predict(Xs[80:])
    expected = {
        "accuracy": np.mean(predicted == ys[80:]),
        "balanced_accuracy": balanced_accuracy_score(ys[80:], predicted),
    }[metric]
    scorer = CircularValidation(metric).fit(Xs, Xt)
    assert scorer(model, Xs[80:], ys[80:]) == pytest.approx(expected)


def test_regression_against_a_written_out_reference():
    Xs, ys, Xt, _ = shifted_numbers()
    model = LinearOT(LinearRegression()).fit(Xs[:80], ys[:80], Xt=Xt)
    back = LinearOT(LinearRegression()).fit(Xt, model.predict(Xt), Xt=Xs)
    expected = r2_score(ys[80:], back.predict(Xs[80:]))
    assert CircularValidation().fit(Xs, Xt)(model, Xs[80:], ys[80:]) == expected


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy"])
def test_a_collapse_scores_as_a_guess(metric):
    Xs, _, Xt, _ = shifted_classes(n=100)
    ys = np.repeat(["often", "seldom"], [90, 10])
    model = SourceOnly(DummyClassifier()).fit(Xs, ys, Xt=Xt)
    assert CircularValidation(metric).fit(Xs, Xt)(model, Xs, ys) == 0.5


def test_constant_numbers_are_no_collapse():
    Xs, ys, Xt, _ = shifted_numbers()
    model = SourceOnly(LinearRegression()).fit(Xs, np.zeros(len(Xs)), Xt=Xt)
    assert CircularValidation().fit(Xs, Xt)(model, Xs, ys) <= 0


def test_it_prefers_the_map_that_undoes_the_shift():
    X, y, domain = load_penguins(source="Adelie", target="Gentoo", return_X_y=True)
    X = StandardScaler().fit_transform(X)
    Xs, ys, Xt = X[domain >= 0], y[domain >= 0], X[domain < 0]
    scorer = CircularValidation().fit(Xs, Xt)
    scores = [
        scorer(adapter(LogisticRegression()).fit(Xs, ys, Xt=Xt), Xs, ys)
        for adapter in (SourceOnly, LinearOT)
    ]
    assert scores[1] > scores[0] + 0.1


def test_the_target_of_the_constructor_is_forgotten_on_the_way_back():
    Xs, ys, Xt, _ = shifted_classes()
    inside = CORAL(LogisticRegression(), Xt=Xt).fit(Xs, ys)
    outside = CORAL(LogisticRegression()).fit(Xs, ys, Xt=Xt)
    scorer = CircularValidation().fit(Xs, Xt)
    assert scorer(inside, Xs, ys) == scorer(outside, Xs, ys)
    assert inside.Xt is Xt


@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame])
def test_in_a_search_over_one_table(container):
    Xs, ys, Xt, _ = shifted_classes()
    X = container(np.concatenate([Xs, Xt]))
    y = np.concatenate([np.array(["no", "yes"], dtype=object)[ys], [None] * len(Xt)])
    domain = np.repeat([0, -1], [len(Xs), len(Xt)])
    if container is pd.DataFrame:
        X.columns = list("abcd")
    with sklearn.config_context(enable_metadata_routing=True):
        search = GridSearchCV(
            make_pipeline(StandardScaler(), CORAL(LogisticRegression())),
            {"coral__lambda_": [0.0, 1.0], "coral__estimator__C": [1e-8, 1.0]},
            scoring=CircularValidation("balanced_accuracy"),
            cv=KFold(3, shuffle=True, random_state=0),
            error_score="raise",
        ).fit(X, y, sample_domain=domain)
    assert search.best_params_["coral__estimator__C"] == 1.0
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_in_a_search_over_source_rows():
    Xs, ys, Xt, _ = shifted_classes()
    search = GridSearchCV(
        make_pipeline(StandardScaler(), LogisticRegression()),
        {"logisticregression__C": [1e-8, 1.0]},
        scoring=make_uda_scorer(CircularValidation(), Xs, Xt),
        error_score="raise",
    ).fit(Xs, ys)
    assert search.best_params_ == {"logisticregression__C": 1.0}


def test_it_refuses_methods_that_need_target_labels():
    Xs, ys, Xt, yt = shifted_classes()
    model = TrAdaBoost(LogisticRegression()).fit(Xs, ys, Xt=Xt, yt=yt)
    with pytest.raises(TypeError, match="cannot score TrAdaBoost"):
        CircularValidation().fit(Xs, Xt)(model, Xs, ys)
