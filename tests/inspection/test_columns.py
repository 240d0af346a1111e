import numpy as np
import pandas as pd
import pytest
from scipy import stats

from adapt.inspection import compare_columns, diagnose_shift
from adapt.inspection._column_tests import holm, stability_index


@pytest.fixture
def frames():
    rng = np.random.default_rng(0)

    def make(n, shift):
        frame = pd.DataFrame({"moved": rng.normal(size=n) + shift})
        frame["same"] = rng.normal(size=n)
        shares = [0.5 - shift / 4, 0.3, 0.2 + shift / 4]
        frame["levels"] = rng.choice(["a", "b", "c"], n, p=shares)
        frame["flag"] = rng.random(n) < 0.5
        gone = rng.random(n) < 0.1 + shift / 3
        frame["gaps"] = frame["flag"].astype(float).mask(gone)
        return frame

    return make(400, 0), make(300, 1)


def test_single_tests_against_scipy(frames):
    Xs, Xt = frames
    table = compare_columns(Xs, Xt).set_index("column")
    expected = stats.ks_2samp(Xs["moved"], Xt["moved"], method="asymp")
    assert table.loc["moved", "p_value"] == pytest.approx(expected.pvalue)
    counts = [X["levels"].value_counts().sort_index() for X in frames]
    expected = stats.chi2_contingency(np.array(counts))
    assert table.loc["levels", "statistic"] == pytest.approx(expected.statistic)
    assert table.loc["levels", "p_value"] == pytest.approx(expected.pvalue)
    assert table["test"].to_dict() == {
        "moved": "KS",
        "same": "KS",
        "levels": "chi2",
        "flag": "chi2",
        "gaps": "KS",
    }


def test_stability_index_against_its_definition(frames):
    Xs, Xt = frames
    edges = np.quantile(Xs["moved"], np.linspace(0, 1, 11))
    edges[[0, -1]] = -np.inf, np.inf
    p, q = (np.histogram(X["moved"], edges)[0] + 0.5 for X in frames)
    p, q = p / p.sum(), q / q.sum()
    table = compare_columns(Xs, Xt).set_index("column")
    expected = np.sum((q - p) * np.log(q / p))
    assert table.loc["moved", "psi"] == pytest.approx(expected, rel=0.02)
    assert table.loc["same", "psi"] < 0.1
    assert table.index[0] == "moved"
    assert stability_index([10, 20], [10, 20]) == 0
    assert np.isfinite(stability_index([10, 0], [0, 10]))


def test_gaps_are_a_bin_of_their_own(frames):
    table = compare_columns(*frames).set_index("column")
    assert table.loc["gaps", "missing_source"] == frames[0]["gaps"].isna().mean()
    assert table.loc["gaps", "missing_target"] == frames[1]["gaps"].isna().mean()
    assert table.loc["gaps", "psi"] > 0.25
    assert table.loc["gaps", "p_value"] > 0.01  # what is there is the same
    empty = pd.DataFrame({"x": [np.nan] * 5}), pd.DataFrame({"x": [1.0] * 5})
    assert compare_columns(*empty)["p_value"].iloc[0] == 1


def test_rare_levels_are_taken_together():
    levels = ["often"] * 990 + [f"rare {k}" for k in range(10)]
    frames = pd.DataFrame({"x": levels}), pd.DataFrame({"x": levels[::-1]})
    assert compare_columns(*frames)["p_value"].iloc[0] == pytest.approx(1)


def test_holm_against_its_definition():
    p = np.array([0.01, 0.04, 0.03, 0.005])
    np.testing.assert_allclose(holm(p), [0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]).tolist() == [1, 1]


def test_other_units_are_spoken_of_and_nothing_is_converted():
    rng = np.random.default_rng(0)
    Xs = pd.DataFrame(60 + 8 * rng.normal(size=(200, 2)), columns=["mass", "age"])
    Xt = pd.DataFrame(60 + 8 * rng.normal(size=(150, 2)), columns=["mass", "age"])
    Xt["mass"] *= 1000
    table = compare_columns(Xs, Xt).set_index("column")
    assert table["units"].to_dict() == {
        "mass": "target = source converted, x 1000",
        "age": "",
    }
    assert table.loc["mass", "statistic"] == 1
    report = diagnose_shift(Xs, None, Xt, n_permutations=19)
    assert any("mass: target = source converted" in text for text in report.findings)
    assert "Nothing was converted" in str(report).replace("\n  ", " ")
