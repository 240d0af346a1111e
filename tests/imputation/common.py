"""What every imputer keeps: checks that take a function which makes a new one."""

import pickle
import random
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from adapt.feature_based import CORAL

NAMES = ["a", "b", "c", "d"]


def tables(n=60, seed=0):
    """Return ``Xs, ys, Z, yt, X``: a source, a target with holes, and it without."""
    rng = np.random.default_rng(seed)
    mix = rng.normal(size=(2, 4))
    Xs = rng.normal(size=(n, 2)) @ mix + 0.2 * rng.normal(size=(n, 4))
    Xt = (rng.normal(size=(n, 2)) @ mix + 0.2 * rng.normal(size=(n, 4))) * 2 + 1
    ys, yt = Xs[:, 0] > 0, Xt[:, 0] > 1
    holes = rng.random(Xt.shape) < 0.4
    holes[0] = False
    return Xs, ys.astype(int), np.where(holes, np.nan, Xt), yt.astype(int), Xt


def check_ways_of_giving_the_domains_agree(make):
    Xs, ys, Z, yt, _ = tables()
    expected = make().fit(Z, X_source=Xs).transform(Z)
    stored = make().set_params(X_source=Xs).fit(Z, yt)
    np.testing.assert_array_equal(stored.transform(Z), expected)
    np.testing.assert_array_equal(make().fit(Xs, ys, Xt=Z).transform(Z), expected)
    early = make().set_params(Xt=Z).fit(Xs)
    np.testing.assert_array_equal(early.transform(Z), expected)
    domain = np.repeat([0, -1], [len(Xs), len(Z)])
    both = make().fit(np.concatenate([Xs, Z]), sample_domain=domain)
    np.testing.assert_array_equal(both.transform(Z), expected)
    with pytest.raises(ValueError, match="domains were given twice"):
        make().fit(Z, Xt=Z, X_source=Xs)
    with pytest.raises(ValueError, match="domains were given twice"):
        make().fit(Z, X_source=Xs, sample_domain=np.full(len(Z), -1))


def check_rows_of_both_domains_are_filled_each_by_its_own(make):
    Xs, ys, Z, _, _ = tables()
    Xs = np.where(np.random.default_rng(1).random(Xs.shape) < 0.2, np.nan, Xs)
    imputer = make()
    filled = imputer.fit_transform(Xs, ys, Xt=Z)
    np.testing.assert_array_equal(filled, imputer.transform(Xs, sample_domain=0))
    np.testing.assert_array_equal(filled[~np.isnan(Xs)], Xs[~np.isnan(Xs)])
    target = make()
    np.testing.assert_array_equal(
        target.fit_transform(Z, X_source=Xs), imputer.transform(Z)
    )
    domain = np.repeat([0, -1], [len(Xs), len(Z)])
    both = make().fit_transform(np.concatenate([Xs, Z]), sample_domain=domain)
    np.testing.assert_allclose(
        both, np.concatenate([filled, imputer.transform(Z)]), rtol=1e-5, atol=1e-6
    )


def check_observed_cells_come_back_bit_for_bit(make):
    Xs, _, Z, _, _ = tables()
    for dtype in (np.float32, np.float64):
        imputer = make().fit(Z.astype(dtype), X_source=Xs.astype(dtype))
        unseen = (Z * np.pi).astype(dtype)
        filled = imputer.transform(unseen)
        assert filled.dtype == dtype
        seen = ~np.isnan(unseen)
        np.testing.assert_array_equal(filled[seen], unseen[seen])
        assert np.isfinite(filled).all()


def check_odd_tables(make):
    """Constant, single-valued and empty columns, empty rows, and one row."""
    Xs, _, Z, _, _ = tables()
    Z[5] = np.nan
    Z[:, 1] = 3.0
    Z[::2, 1] = np.nan
    Z[:, 2] = np.nan
    Z[7, 2] = 5.0
    filled = make().fit(Z).transform(Z)
    assert np.isfinite(filled).all()
    np.testing.assert_allclose(filled[:, 1], 3.0, rtol=1e-5)
    np.testing.assert_allclose(filled[:, 2], 5.0, rtol=1e-5)
    assert np.isfinite(make().fit(Z, X_source=Xs).transform(Z)).all()
    assert np.isfinite(make().fit(Z[:1], X_source=Xs).transform(Z[:1])).all()
    assert np.isfinite(make().fit(Z, X_source=Xs[:1]).transform(Z)).all()
    with pytest.raises(ValueError, match=r"Every cell of `X` is missing"):
        make().fit(np.full((5, 2), np.nan))
    for scale in np.array([1e-6, 1, 1e3, 1e6]), np.array([0, 1, 1, 1]):
        imputer = make().fit(Z * scale, X_source=Xs * scale)
        assert np.isfinite(imputer.transform(Z * scale)).all()


def check_empty_columns(make):
    Xs, _, Z, _, _ = tables()
    Z[:, 2] = np.nan
    names = ["x0", "x1", "x3"]
    imputer = make().fit(Z)
    assert imputer.empty_features_.tolist() == [2]
    with pytest.warns(UserWarning, match=r"left out: \[2\].*keep_empty_features"):
        assert imputer.transform(Z).shape == (60, 3)
    named = pd.DataFrame(Z, columns=NAMES)
    with pytest.warns(UserWarning, match=r"left out: \['c'\]"):
        make().fit(named).sample(named)
    assert imputer.get_feature_names_out().tolist() == names
    kept = make().set_params(keep_empty_features=True).fit(Z)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert np.all(kept.transform(Z)[:, 2] == 0)
    assert len(kept.get_feature_names_out()) == 4
    unseen = np.where(np.arange(4) == 2, 7.0, Z)  # has values, but not in fit
    assert np.all(kept.transform(unseen)[:, 2] == 7)
    clued = make().fit(Z, X_source=Xs)  # the source knows the column
    assert clued.transform(Z).shape == (60, 4)


def check_indicator(make):
    _, _, Z, _, _ = tables()
    Z[:, 1] = 1.0
    imputer = make().set_params(add_indicator=True).fit(Z)
    filled = imputer.transform(Z)
    np.testing.assert_array_equal(filled[:, 4:], np.isnan(Z[:, [0, 2, 3]]))
    names = imputer.get_feature_names_out(NAMES)
    assert names.tolist() == [*NAMES, *(f"missingindicator_{k}" for k in "acd")]


def check_bad_input_is_refused(make):
    Xs, _, Z, _, _ = tables()
    bad = Z.copy()
    bad[3, 1] = np.inf
    for table, source in (bad, None), (Z, np.where(Xs > 2, np.inf, Xs)):
        with pytest.raises(ValueError, match="infinity"):
            make().fit(table, X_source=source)
    with pytest.raises(ValueError, match="infinity"):
        make().fit(Z).transform(bad)
    with pytest.raises(ValueError, match="4 features"):
        make().fit(Z).transform(Z[:, :3])
    with pytest.raises(ValueError, match="`X_source` has 3 columns, but the target"):
        make().fit(Z, X_source=Xs[:, :3])
    with pytest.raises(ValueError, match="`Xt` has 3 columns, but the source"):
        make().fit(Xs, Xt=Z[:, :3])
    with pytest.raises(ValueError, match="in `X_source`"):
        make().fit(Z, X_source=Xs[:0])
    with pytest.raises(ValueError, match="`categorical_features` must hold positions"):
        make().set_params(categorical_features=[7]).fit(Z)
    with pytest.raises(ValueError, match="`round_discrete` must hold positions"):
        make().set_params(round_discrete=["a"]).fit(Z)
    with pytest.raises(ValueError, match="`n_draws` must be at least 1"):
        make().fit(Z).sample(Z, 0)


def check_state_is_left_alone(make):
    Xs, _, Z, _, _ = tables()
    arrays = Xs, Z
    copies = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    np.random.seed(7)  # noqa: NPY002
    before = np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    imputer = make()
    params = imputer.get_params()
    first = imputer.fit(Z, X_source=Xs).transform(Z)
    imputer.sample(Z)
    again = imputer.fit(Z, X_source=Xs).transform(Z)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(np.random.get_state()[1], before[0])  # noqa: NPY002
    assert random.getstate() == before[1]
    assert all(imputer.get_params()[name] is value for name, value in params.items())
    for array, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(array, copy)
    twin = pickle.loads(pickle.dumps(imputer))
    np.testing.assert_array_equal(twin.transform(Z), first)
    assert not hasattr(clone(imputer), "n_features_in_")


def check_clones_share_the_data(make):
    Xs, _, Z, _, _ = tables()
    assert clone(make().set_params(X_source=Xs)).X_source is Xs
    assert clone(make().set_params(Xt=Z)).Xt is Z


def check_prints_only_when_asked(make, capfd):
    Xs, _, Z, _, _ = tables()
    make().fit(Z, X_source=Xs).transform(Z)
    assert capfd.readouterr() == ("", "")
    make().set_params(verbose=1).fit(Z, X_source=Xs)
    assert capfd.readouterr().out


def check_frames(make, library):
    frame = pytest.importorskip(library).DataFrame
    Xs, _, Z, _, _ = tables()
    expected = make().fit(Z, X_source=Xs).transform(Z)

    def framed(X):
        return frame(dict(zip(NAMES, X.T, strict=True)))

    imputer = make().fit(framed(Z), X_source=framed(Xs))
    np.testing.assert_array_equal(imputer.transform(framed(Z)), expected)
    assert imputer.feature_names_in_.tolist() == NAMES
    output = imputer.set_output(transform="pandas").transform(framed(Z))
    assert isinstance(output, pd.DataFrame)
    assert list(output.columns) == NAMES
    with pytest.raises(ValueError, match="feature names should match"):
        imputer.transform(frame(dict(zip(NAMES[::-1], Z.T, strict=True))))


def check_columns_are_matched_by_name(make):
    Xs, _, Z, _, _ = tables()
    target = pd.DataFrame(Z, columns=NAMES)
    source = pd.DataFrame(Xs, columns=NAMES)
    expected = make().fit(target, X_source=source).transform(target)
    mixed = source[["c", "a", "d", "b"]].assign(z="text")
    found = make().fit(target, X_source=mixed).transform(target)
    np.testing.assert_array_equal(found, expected)
    fewer = make().fit(target, X_source=source[["c", "a"]])
    assert np.isfinite(fewer.transform(target)).all()
    alone = make().fit(target).transform(target)
    with pytest.warns(UserWarning, match="no column of the target's"):
        refused = make().fit(target, X_source=source.add_prefix("x"))
    np.testing.assert_array_equal(refused.transform(target), alone)


def check_levels_and_integers(make):
    _, _, Z, _, X = tables(n=300)
    Xs, Z, X = X[150:], Z[:150], X[:150]
    for A in (Xs, X, Z):
        A[:, 0] = np.where(np.isnan(A[:, 0]), np.nan, np.digitize(A[:, 0], [0, 1]) * 5)
        A[:, 1] = np.rint(3 * A[:, 1])
    imputer = make().set_params(categorical_features=[0], round_discrete=True)
    imputer.fit(Z, X_source=Xs)
    filled = imputer.transform(Z)
    assert set(filled[:, 0]) <= {0.0, 5.0, 10.0}
    assert np.all(filled[:, 1] == np.rint(filled[:, 1]))
    assert not np.all(filled[:, 2] == np.rint(filled[:, 2]))
    missing = np.isnan(Z[:, 0])
    values, counts = np.unique(Z[~missing, 0], return_counts=True)
    most_frequent = np.mean(X[missing, 0] == values[counts.argmax()])
    assert np.mean(filled[missing, 0] == X[missing, 0]) > most_frequent
    # A level that nobody has seen is missing to the model, and stays where it is.
    strange, blank = Z[:3].copy(), Z[:3].copy()
    strange[:, 0], blank[:, 0] = 99.0, np.nan
    strange[:, 1] = blank[:, 1] = np.nan
    np.testing.assert_array_equal(
        imputer.transform(strange)[:, 1:], imputer.transform(blank)[:, 1:]
    )
    assert np.all(imputer.transform(strange)[:, 0] == 99)
    draws = imputer.sample(Z, 3)
    assert set(draws[..., 0].ravel()) <= {0.0, 5.0, 10.0}


def check_samples(make):
    Xs, _, Z, _, _ = tables()
    imputer = make().fit(Z, X_source=Xs)
    draws = imputer.sample(Z, 5)
    assert draws.shape == (5, 60, 4)
    missing = np.isnan(Z)
    assert np.all(draws[:, ~missing] == Z[~missing])
    assert np.all(draws[:, missing].std(axis=0) > 0)
    np.testing.assert_array_equal(draws, imputer.sample(Z, 5))
    other = imputer.sample(Z, 5, random_state=1)
    assert np.mean(draws[:, missing] != other[:, missing]) > 0.9


def check_pipeline_and_search(make):
    Xs, ys, Z, yt, _ = tables()
    with config_context(enable_metadata_routing=True):
        steps = [("fill", make()), ("adapt", CORAL()), ("clf", LogisticRegression())]
        pipe = Pipeline(steps, transform_input=["Xt"]).fit(Xs, ys, Xt=Z)
        assert pipe.score(Z, yt) > 0.6
        by_hand = make().fit(Xs, Xt=Z)
        coral = CORAL().fit(Xs, ys, Xt=by_hand.transform(Z))
        mapped = coral.transform(Xs, sample_domain=0)
        np.testing.assert_allclose(
            pipe[:-1].transform(Z), coral.transform(by_hand.transform(Z))
        )
        expected = LogisticRegression().fit(mapped, ys).coef_
        np.testing.assert_allclose(pipe[-1].coef_, expected, rtol=1e-4)
    labelled = Pipeline(
        [("fill", make().set_params(X_source=Xs)), ("clf", LogisticRegression())]
    )
    grid = {"fill__scaling": ["own", "shrunk"]}
    search = GridSearchCV(labelled, grid, cv=2, n_jobs=2, error_score="raise")
    assert search.fit(Z, yt).best_score_ > 0.6


def check_tags(make):
    tags = get_tags(make())
    assert tags.input_tags.allow_nan
    assert not tags.input_tags.sparse
    assert not tags.target_tags.required


CHECKS = [
    value
    for name, value in sorted(globals().items())
    if name.startswith("check_")
    and name not in ("check_frames", "check_prints_only_when_asked")
]
