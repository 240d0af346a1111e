"""Similarity of a source and a target."""

import numpy as np
import pandas as pd
import pytest

from adapt.imputation import ClueGAINImputer, Similarity
from adapt.imputation._deep._ensemble import MaskedEnsemble
from adapt.imputation._deep._similarity import jackknife, measure_similarity
from adapt.imputation._units import Units
from tests.imputation import common
from tests.imputation.deep.data import QUICK


class Knows(MaskedEnsemble):
    """Stands for a generator that fills every cell with what it is said to know."""

    def mean(self, Z, noise=None):
        return self.found


def test_similarity_is_one_minus_the_error_over_that_of_the_other_cells_mean():
    rng = np.random.default_rng(0)
    Zs, Zt = rng.normal(size=(50, 2)), rng.normal(size=(40, 2))
    same = Units(np.zeros(2), np.ones(2))
    groups = [slice(0, 1), slice(1, 2)]

    def measured(guess):
        known = Knows([], None, groups, False, guess, np.nan, [])
        return measure_similarity(Zs, Zt, same, known, np.random.RandomState(0))

    perfect = measured(Zt)
    assert isinstance(perfect, Similarity)
    assert perfect.similarity == pytest.approx(1)
    assert perfect.standard_error == pytest.approx(0, abs=1e-9)
    others = (Zt.sum(axis=0) - Zt) / (len(Zt) - 1)
    assert measured(others).similarity == pytest.approx(0)
    assert measured(Zt + 2 * (others - Zt)).similarity == pytest.approx(-1)
    span = np.ptp(np.concatenate([Zs, Zt]), axis=0)
    apart = (Zt.mean(axis=0) - Zs.mean(axis=0)) / span
    assert perfect.mean_distance == pytest.approx(np.sqrt(np.mean(apart**2)))
    assert perfect._fields == ("similarity", "standard_error", "mean_distance")


@pytest.mark.one_backend
def test_similarity_ranks_sources():
    Xs, _, Z, _, _ = common.tables(n=200)
    rng = np.random.default_rng(0)
    sources = {
        "shuffled": rng.permuted(Xs, axis=0),
        "same": Xs,
        "noise": rng.normal(size=Xs.shape) + 1,
    }
    imputer = ClueGAINImputer(**{**QUICK, "n_steps": 600})
    ranking = imputer.rank_sources(Z, sources, aligned=True)
    assert ranking.index[0] == "same"
    assert ranking.loc["same", "similarity"] > 0.15
    assert ranking.loc["shuffled", "similarity"] < 0.1
    assert 0.005 < ranking.loc["same", "standard_error"] < 0.1
    distance = np.nanmean(Z, axis=0) - Xs.mean(axis=0)
    both = np.concatenate([Z, Xs])
    span = np.nanmax(both, axis=0) - np.nanmin(both, axis=0)
    expected = np.sqrt(np.mean(np.square(distance / span)))
    assert ranking.loc["same", "mean_distance"] == pytest.approx(expected)
    frame = pd.DataFrame(Z, columns=common.NAMES)
    other = {
        "same": pd.DataFrame(Xs, columns=common.NAMES),
        "none": pd.DataFrame({"q": [1.0]}),
    }
    with pytest.warns(UserWarning, match="no column of the target's"):
        ranking = ClueGAINImputer(**QUICK).rank_sources(frame, other)
    assert ranking.index.tolist() == ["same", "none"]
    assert np.isnan(ranking.loc["none", "similarity"])


def test_similarity_as_the_tables_stand_sees_what_alignment_undoes():
    Xs, _, _, _, _ = common.tables(n=300)
    Z, Xs = Xs[:100].copy(), Xs[100:]
    Z[np.random.default_rng(0).random(Z.shape) < 0.3] = np.nan
    imputer = ClueGAINImputer(**{**QUICK, "n_steps": 600}).pretrain(Xs)
    found = {
        (shift, aligned): imputer.similarity(Z + shift, aligned=aligned).similarity
        for shift in (0.0, 3.0)
        for aligned in (False, True)
    }
    assert found[0.0, False] > 0.15
    assert found[3.0, False] < 0 < 0.15 < found[3.0, True]


def test_jackknife_is_that_of_the_textbook():
    rng = np.random.default_rng(0)
    error, baseline = rng.random(10), 1 + rng.random(10)
    value, spread = jackknife(error, baseline)
    left = [
        1 - np.sqrt(np.delete(error, i).sum() / np.delete(baseline, i).sum())
        for i in range(10)
    ]
    assert value == pytest.approx(1 - np.sqrt(error.sum() / baseline.sum()))
    assert spread == pytest.approx(np.sqrt(0.9 * np.sum((left - np.mean(left)) ** 2)))
