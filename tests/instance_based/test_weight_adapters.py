"""What all methods that weigh source rows have in common, and what goes wrong."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from adapt import instance_based
from adapt.base import RatioAdapter, WeightAdapter
from adapt.discovery import all_adapters
from adapt.instance_based import (
    KMM,
    BalancedWeighting,
    NearestNeighborsWeighting,
    SourcePruning,
)
from adapt.metrics import make_uda_scorer, neg_j_score
from tests.common import shifted_classes

METHODS = [
    method
    for _, method in all_adapters("instance_based", deep=False)
    if issubclass(method, WeightAdapter)
]
LABEL_SHIFT = ["BBSE", "RLLS", "SaerensEM", "MMDTarS"]


def fitted(method, **params):
    Xs, ys, Xt, yt = shifted_classes(n=60)
    yt = yt if method is BalancedWeighting else None
    return method(random_state=0, **params).fit(Xs, ys, Xt=Xt, yt=yt), Xs, Xt


@pytest.mark.parametrize("method", METHODS)
def test_rows_of_the_source_keep_their_weights(method):
    model, Xs, _ = fitted(method)
    order = np.random.default_rng(0).permutation(60)
    expected = model.predict_weights()[:60][order]
    np.testing.assert_allclose(model.predict_weights(Xs[order]), expected)


@pytest.mark.parametrize(
    "method", [m for m in METHODS if not issubclass(m, RatioAdapter)]
)
def test_other_rows_have_the_weight_of_the_nearest(method):
    model, Xs, Xt = fitted(method)
    X = np.vstack([Xs, Xt]) if method is BalancedWeighting else Xs
    expected = [
        model.weights_[np.argmin([np.sum((x - row) ** 2) for row in X])]
        for x in Xt + 0.1
    ]
    np.testing.assert_array_equal(model.predict_weights(Xt + 0.1), expected)
    with pytest.raises(ValueError, match="features"):
        model.predict_weights(Xt[:, 1:])


@pytest.mark.parametrize("as_sparse", [False, True])
def test_nearest_among_sparse_rows_and_missing_values(as_sparse):
    model, Xs, Xt = fitted(instance_based.BBSE)
    if as_sparse:
        found = model.predict_weights(sparse.csr_array(Xt))
        np.testing.assert_array_equal(found, model.predict_weights(Xt))
        return
    from sklearn.ensemble import HistGradientBoostingClassifier

    Xs, ys, Xt, _ = shifted_classes(n=60)
    Xs[::2, 3] = np.nan  # then the mean over the other columns counts
    model = instance_based.BBSE(HistGradientBoostingClassifier(random_state=0))
    model.fit(Xs, ys, Xt=Xt)
    nearest = [np.argmin(np.nanmean((Xs - x) ** 2, axis=1)) for x in Xt]
    np.testing.assert_array_equal(model.predict_weights(Xt), model.weights_[nearest])


@pytest.mark.parametrize("method", METHODS)
def test_a_search_scores_all_candidates(method):
    Xs, ys, Xt, yt = shifted_classes(n=60)
    params = {"yt": yt} if method is BalancedWeighting else {}
    search = GridSearchCV(
        method(LogisticRegression(), Xt=Xt, random_state=0, **params),
        {"keep": [0.5, 1.0]}
        if method is SourcePruning
        else {"weight_clip": [2.0, None]},
        scoring=make_uda_scorer(neg_j_score, Xs, Xt),
        cv=3,
        return_train_score=True,
        error_score="raise",
    ).fit(Xs, ys)
    for name in ("mean_test_score", "mean_train_score"):
        assert np.isfinite(search.cv_results_[name]).all()


def one_class():
    """Return a method, and a target near to source rows of one class only."""
    Xs, ys, Xt, _ = shifted_classes(n=60, shift=0.0)
    far = Xs[ys == 1].mean(axis=0) - Xs[ys == 0].mean(axis=0)
    method = NearestNeighborsWeighting(SVC(), n_neighbors=1, smoothing=0, shrinkage=0)
    return method, Xs, ys, Xt * 0.01 + Xs[ys == 1].mean(axis=0) + 9 * far


@pytest.mark.filterwarnings("ignore:The weights of")
@pytest.mark.parametrize("resample", [False, True])
def test_weights_of_one_class_are_named(resample):
    method, Xs, ys, Xt = one_class()
    method.set_params(resample=resample)
    with pytest.raises(ValueError, match="source rows of one class only, 1, and"):
        method.fit(Xs, ys, Xt=Xt)


@pytest.mark.filterwarnings("ignore:The weights of")
def test_other_errors_of_the_estimator_stay_as_they_are():
    method, Xs, ys, Xt = one_class()
    with pytest.raises(ValueError, match="one class only: 1"):
        method.fit(Xs, np.ones(60, int), Xt=Xt)
    method.set_params(estimator=SVC(class_weight="unknown"))
    with pytest.raises(ValueError, match="class_weight"):
        method.fit(Xs, ys, Xt=Xs)


@pytest.mark.parametrize("name", [*LABEL_SHIFT, "BalancedWeighting", "TrAdaBoost"])
@pytest.mark.parametrize("side", ["source", "target"])
def test_weights_that_are_all_zero_are_named(name, side):
    Xs, ys, Xt, yt = shifted_classes(n=60)
    domain = np.repeat([0, -1], 60)
    weight = (domain < 0 if side == "source" else domain >= 0).astype(float)
    if (name, side) == ("TrAdaBoost", "source"):
        pytest.skip("the target alone is boosted on")
    model = getattr(instance_based, name)(LogisticRegression())
    with pytest.raises(ValueError, match=f"zero for every (labelled )?{side} row"):
        model.fit(
            np.vstack([Xs, Xt]),
            np.concatenate([ys, yt]),
            sample_domain=domain,
            sample_weight=weight,
        )


def test_ensembles_of_pipelines():
    Xs, ys, Xt, _ = shifted_classes(n=60)
    plain, piped = LogisticRegression(), make_pipeline(StandardScaler(), SVC())
    for ensemble in VotingClassifier, StackingClassifier:
        members = [("plain", plain), ("piped", piped)]
        with pytest.raises(TypeError, match=r"'piped' \(Pipeline\) takes.*last step"):
            KMM(ensemble(members)).fit(Xs, ys, Xt=Xt)
        members = [("plain", plain), ("other", SVC())]
        model = KMM(make_pipeline(StandardScaler(), ensemble(members)), random_state=0)
        assert model.fit(Xs, ys, Xt=Xt).score(Xs, ys) > 0.5
        # Without a scaler the weights reach the members too.
        weights = model.weights_
        alone = ensemble(members).fit(Xs, ys, sample_weight=weights)
        model = KMM(ensemble(members), random_state=0).fit(Xs, ys, Xt=Xt)
        np.testing.assert_array_equal(model.predict(Xt), alone.predict(Xt))


@pytest.mark.parametrize("method", [KMM, instance_based.IWC])
def test_after_a_failed_fit_or_one_without_labels(method):
    Xs, _, Xt, _ = shifted_classes(n=60)
    model = method(LogisticRegression())
    with pytest.raises(ValueError, match="one class only"):
        model.fit(Xs, np.zeros(60, int), Xt=Xt)
    with pytest.raises(NotFittedError, match="given no labels, or it failed"):
        model.predict(Xt)
    model = method(Ridge()).fit(Xs, Xt=Xt)
    assert len(model.predict_weights()) == 60
    with pytest.raises(NotFittedError, match="given no labels, or it failed"):
        model.predict(Xt)
