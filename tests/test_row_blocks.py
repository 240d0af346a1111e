"""Rows in blocks lead to what all rows at once lead to."""

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.covariance import ledoit_wolf
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.naive_bayes import GaussianNB

from adapt.base import RowBlocks
from adapt.base import _ratio as ratio
from adapt.base import _row_blocks as row_blocks
from adapt.base._row_blocks import TAKES_BLOCKS, CheckedBlocks, Moments
from adapt.datasets import make_label_shift
from adapt.discovery import all_adapters
from adapt.feature_based import CORAL, DomainStandardScaler, LinearOT
from adapt.instance_based import (
    BBSE,
    IWC,
    KLIEP,
    RLLS,
    RULSIF,
    ULSIF,
    GaussianWeighting,
    KernelDensityWeighting,
)
from adapt.instance_based import _label_shift_blocks as label_shift_blocks
from adapt.metrics import energy_test, mmd_test
from adapt.multi_domain import PooledLDA, PooledRidge

METHODS = [
    CORAL(lambda_=0.1, match_mean=True),
    CORAL(lambda_="auto"),
    LinearOT(),
    DomainStandardScaler(),
    GaussianWeighting(),
    GaussianWeighting(shrinkage=0.2),
    RULSIF(random_state=0),
    ULSIF(random_state=0, lambdas=0.1),
    KLIEP(random_state=0),
    IWC(),
    KernelDensityWeighting(random_state=0),
]
LABEL_SHIFT = [
    BBSE(LogisticRegression()),
    BBSE(LogisticRegression(), soft=False, correct="probabilities"),
    RLLS(LogisticRegression(), weight_clip=1.2),
]
IDS = [f"{type(method).__name__}-{k}" for k, method in enumerate(METHODS)]


def domains(n=240, offset=0.0):
    rng = np.random.default_rng(0)
    Xs = rng.normal(size=(n, 3)) + offset
    Xt = rng.normal(size=(n // 2, 3)) * [1, 1.5, 0.8] + [0, 0.5, 0.5] + offset
    return Xs, (Xs[:, 0] > offset).astype(int), Xt


def cut(*arrays, size=70):
    """Return arrays as blocks of rows; the last has fewer."""
    starts = range(0, len(arrays[0]), size)
    return RowBlocks([tuple(a[k : k + size] for a in arrays) for k in starts])


# ----------------------------------------------------------------------- same results


@pytest.mark.parametrize("method", METHODS, ids=IDS)
def test_blocks_give_what_all_rows_give(method):
    Xs, ys, Xt = domains()
    method = clone(method).set_params(estimator=LogisticRegression())
    whole = clone(method).fit(Xs, ys, Xt=Xt)
    parts = clone(method).fit(cut(Xs, ys), Xt=cut(Xt, size=50))
    ours, theirs = (model.predict_proba(Xt) for model in (parts, whole))
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    assert parts.n_features_in_ == 3
    if "weight_clip" in method.get_params():
        ours, theirs = (model.predict_weights(Xt) for model in (parts, whole))
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)
        size = whole.effective_sample_size_
        assert parts.effective_sample_size_ == pytest.approx(size)


@pytest.mark.parametrize("method", METHODS, ids=IDS)
@pytest.mark.parametrize("inner", [SGDClassifier, SGDRegressor])
def test_an_estimator_with_partial_fit_learns_block_by_block(method, inner):
    Xs, ys, Xt = domains()
    model = clone(method).set_params(estimator=inner(random_state=0))
    weighs = "weight_clip" in method.get_params()
    if weighs:
        model.set_params(weight_clip=2.0)
    model.fit(cut(Xs, ys), Xt=Xt)
    expected = inner(random_state=0)
    more = {"classes": [0, 1]} if is_classifier(expected) else {}
    for start in range(0, len(Xs), 70):
        X, y = (part[start : start + 70] for part in (Xs, ys))
        if weighs:
            weights = np.minimum(model.predict_weights(X), 2.0)
            expected.partial_fit(X, y, sample_weight=weights, **more)
        else:
            mapped = model.transform(X, sample_domain=0)
            expected.partial_fit(mapped, y, **more)
    np.testing.assert_allclose(model.estimator_.coef_, expected.coef_)


@pytest.mark.parametrize("method", LABEL_SHIFT, ids=["BBSE", "hard", "RLLS"])
def test_label_shift_in_blocks_is_that_of_all_rows(method):
    data = make_label_shift(
        240, priors_s=(0.5, 0.3, 0.2), priors_t=(0.1, 0.3, 0.6), random_state=0
    )
    whole = clone(method).fit(data.Xs, data.ys, Xt=data.Xt)
    parts = clone(method).fit(cut(data.Xs, data.ys), Xt=cut(data.Xt, size=50))
    np.testing.assert_allclose(parts.priors_, whole.priors_, rtol=1e-7)
    size = pytest.approx(whole.effective_sample_size_)
    assert parts.effective_sample_size_ == size
    ours, theirs = (model.predict_proba(data.Xt) for model in (parts, whole))
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_label_shift_counts_all_rows_and_learns_from_a_sample(monkeypatch):
    monkeypatch.setattr(label_shift_blocks, "MAX_ROWS", 100)
    data = make_label_shift(
        600, priors_s=(0.7, 0.3), priors_t=(0.2, 0.8), random_state=0
    )
    model = BBSE(GaussianNB(), random_state=0)
    model.fit(cut(data.Xs, data.ys), Xt=cut(data.Xt))
    np.testing.assert_allclose(model.source_priors_, np.bincount(data.ys) / 600)
    assert model.source_estimator_.class_count_.sum() == 100
    assert abs(model.priors_[1] - 0.8) < 0.2
    expected = GaussianNB()
    for start in range(0, 600, 70):
        X, y = (part[start : start + 70] for part in (data.Xs, data.ys))
        expected.partial_fit(X, y, [0, 1], model.class_weights_[y])
    np.testing.assert_allclose(model.estimator_.theta_, expected.theta_)


def test_a_ratio_that_is_no_sum_is_learned_on_a_sample_and_weighs_all(monkeypatch):
    monkeypatch.setattr(ratio, "MAX_ROWS", 1000)
    Xs, ys, Xt = domains(n=400)
    model = IWC(LogisticRegression(), random_state=0)
    with pytest.warns(UserWarning, match="100 of 400 source rows and 100 of 200"):
        model.fit(cut(Xs, ys), Xt=cut(Xt))
    weights = model.predict_weights(Xs)
    assert weights.mean() == pytest.approx(1)
    expected = LogisticRegression().fit(Xs, ys, weights)
    np.testing.assert_allclose(model.estimator_.coef_, expected.coef_, rtol=1e-5)


def test_label_shift_in_blocks_refuses_what_it_cannot_learn():
    Xs, ys, Xt = domains()
    with pytest.raises(TypeError, match="not around an adapter such as CORAL"):
        BBSE(CORAL(LogisticRegression())).fit(cut(Xs, ys), Xt=Xt)
    with pytest.raises(ValueError, match="`resample` is not for blocks"):
        BBSE(resample=True).fit(cut(Xs, ys), Xt=Xt)
    with pytest.raises(ValueError, match="needs the labels of the source"):
        BBSE().fit(cut(Xs), Xt=Xt)


@pytest.mark.parametrize("model", [PooledLDA(), PooledRidge()])
def test_models_of_many_domains_take_blocks(model):
    Xs, ys, _ = domains()
    hospital = np.repeat([0, 1, 2], 80)
    whole = clone(model).fit(Xs, ys, sample_domain=hospital)
    parts = clone(model).fit(cut(Xs, ys, hospital))
    np.testing.assert_allclose(parts.coef_, whole.coef_, rtol=1e-5, atol=1e-9)
    np.testing.assert_array_equal(parts.domains_, [0, 1, 2])


@pytest.mark.parametrize("test", [mmd_test, energy_test])
def test_two_sample_tests_take_blocks(test):
    Xs, _, Xt = domains()
    given = {"n_permutations": 99, "random_state": 0}
    ours, theirs = (test(*pair, **given) for pair in ((cut(Xs), cut(Xt)), (Xs, Xt)))
    assert ours.statistic == pytest.approx(theirs.statistic)
    assert test(cut(Xs), cut(Xs + 5), max_rows=50, **given).p_value == 0.01


@pytest.mark.parametrize("gamma", [None, 0.3])
def test_mmd_of_all_rows_does_not_depend_on_the_cuts(gamma):
    Xs, _, Xt = domains()
    given = {"max_rows": None, "gamma": gamma, "random_state": 0}
    whole = mmd_test(Xs, Xt, **given)
    assert mmd_test(cut(Xs), cut(Xt, size=33), **given) == pytest.approx(whole)
    assert whole.p_value == 0.002


def test_collections_of_dask():
    da = pytest.importorskip("dask.array")
    dd = pytest.importorskip("dask.dataframe")
    import pandas as pd

    Xs, ys, Xt = domains()
    whole = CORAL().fit(Xs, ys, Xt=Xt).predict_proba(Xt)
    X, y = da.from_array(Xs, chunks=(70, 2)), da.from_array(ys, chunks=70)
    parts = CORAL().fit(X, y, Xt=da.from_array(Xt, chunks=(50, 3)))
    np.testing.assert_allclose(parts.predict_proba(Xt), whole, rtol=1e-5)
    frame = dd.from_pandas(pd.DataFrame(Xs, columns=list("abc")), npartitions=3)
    target = pd.DataFrame(Xt, columns=list("abc"))
    labels = dd.from_pandas(pd.Series(ys), npartitions=3)
    parts = CORAL().fit(frame, labels, Xt=target)
    assert parts.feature_names_in_.tolist() == ["a", "b", "c"]
    np.testing.assert_allclose(parts.predict_proba(target), whole, rtol=1e-5)
    with pytest.raises(ValueError, match="`X` has 4 blocks and `y` 1"):
        CORAL().fit(X, da.from_array(ys, chunks=-1), Xt=Xt)
    with pytest.raises(TypeError, match="`y` must be one too; got ndarray"):
        CORAL().fit(X, ys, Xt=Xt)


# ----------------------------------------------------------------------- the mechanism


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_moments_keep_their_digits(offset):
    Xs, *_ = domains(offset=offset)
    moments = Moments(CheckedBlocks(CORAL(), cut(Xs), "X"))
    assert moments.n == len(Xs)
    np.testing.assert_allclose(moments.mean, Xs.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(moments.covariance, np.cov(Xs.T, ddof=0), rtol=1e-6)
    expected = ledoit_wolf(Xs / 2)[0]
    np.testing.assert_allclose(moments.ledoit_wolf(2.0), expected, rtol=1e-6)


def test_blocks_are_read_twice():
    Xs, ys, Xt = domains()
    passes = []

    def read():
        passes.append("begun")
        yield from ((X, y) for X, y, _ in cut(Xs, ys))

    CORAL(SGDClassifier(random_state=0)).fit(RowBlocks(read), Xt=Xt)
    assert len(passes) == 2
    CORAL().fit(RowBlocks(lambda: (X for X, _ in read())), Xt=Xt)
    assert len(passes) == 3


def test_a_sample_is_uniform_and_does_not_depend_on_the_cuts():
    X = np.arange(100.0)[:, None]

    def draw(size, seed):
        return cut(X, size=size).sample(10, np.random.RandomState(seed))[0][:, 0]

    np.testing.assert_array_equal(draw(7, 0), draw(100, 0))
    counts = np.bincount(np.concatenate([draw(9, k) for k in range(500)]).astype(int))
    assert abs(counts - 50).max() < 5 * np.sqrt(50 * 0.9)


def test_a_sample_stands_for_many_rows_and_that_is_said(monkeypatch):
    monkeypatch.setattr(row_blocks, "MAX_ROWS", 100)
    Xs, ys, Xt = domains()
    model = CORAL(LinearRegression(), random_state=0)
    with pytest.warns(UserWarning, match="fitted on 100 of 240 source rows"):
        model.fit(cut(Xs, ys), Xt=cut(Xt))
    assert model.score(Xs, ys, sample_domain=0) > 0.5


SHALLOW = [cls for _, cls in all_adapters(deep=False)]


@pytest.mark.parametrize("cls", SHALLOW, ids=lambda cls: cls.__name__)
def test_methods_take_blocks_or_name_those_that_do(cls):
    Xs, ys, Xt = domains(n=60)
    if cls.__name__ in TAKES_BLOCKS:
        cls().fit(cut(Xs, ys), Xt=cut(Xt))
        return
    model = cls.__new__(cls)  # what it refuses does not depend on parameters
    model.resample = False
    with pytest.raises(TypeError, match=f"{cls.__name__} needs all rows.*CORAL"):
        model._learn_from_blocks(cut(Xs, ys), cut(Xt))


def test_bad_blocks_are_refused():
    Xs, ys, Xt = domains()
    with pytest.raises(TypeError, match="Blocks are read more than once"):
        RowBlocks(iter([Xs]))
    with pytest.raises(ValueError, match="There are no target rows"):
        CORAL().fit(cut(Xs, ys))
    with pytest.raises(ValueError, match="`sample_weight` is not taken with blocks"):
        CORAL().fit(cut(Xs, ys), Xt=Xt, sample_weight=np.ones(len(ys)))
    with pytest.raises(ValueError, match="`X` has no rows"):
        CORAL().fit(RowBlocks([(Xs[:0], ys[:0])]), Xt=Xt)
    with pytest.raises(ValueError, match="`y` is given beside `RowBlocks`"):
        CORAL().fit(cut(Xs, ys), ys, Xt=Xt)
    with pytest.raises(ValueError, match="`Xt` has 2 columns"):
        CORAL().fit(cut(Xs, ys), Xt=cut(Xt[:, :2]))
    with pytest.raises(ValueError, match="NaN"):
        CORAL().fit(cut(np.where(Xs > 2, np.nan, Xs), ys), Xt=Xt)
    with pytest.raises(ValueError, match="`y` has labels that are missing"):
        CORAL().fit(cut(Xs, np.where(ys > 0, 1, np.nan)), Xt=Xt)
    with pytest.raises(ValueError, match="A block has 240 rows and 3 labels"):
        CORAL().fit(RowBlocks([(Xs, ys[:3])]), Xt=Xt)
    with pytest.raises(ValueError, match="`resample` is not for blocks"):
        RULSIF(resample=True).fit(cut(Xs, ys), Xt=Xt)
