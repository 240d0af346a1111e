import json

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors

from adapt.datasets import load_penguins
from adapt.inspection import diagnose_shift
from adapt.inspection._shift_kinds import concept_shift, label_shift
from adapt.model_selection._shift_evidence import coverage
from tests.common import shifted_classes, shifted_numbers


def classes(n=800, share=0.5, shift=0.0, seed=0, flip=False):
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < share).astype(int)
    X = rng.normal(size=(n, 4))
    X[:, 0] += 2 * y
    X[:, 1] += shift
    return X, 1 - y if flip else y


def test_no_shift():
    report = diagnose_shift(*classes(), *classes(seed=1))
    assert report.kind == "none"
    assert not report.has_concept_shift
    assert report.advice == ["Do not adapt: fit on the source."]
    assert report.coverage > 0.95
    assert report.effective_sample_size > 700


def test_label_shift_and_its_frequencies():
    report = diagnose_shift(*classes(), *classes(share=0.15, seed=1))
    assert report.kind == "label"
    assert report.label.frequencies[1] == pytest.approx(0.15, abs=0.04)
    assert "BBSE" in report.advice[0]
    assert "Do not map" in report.advice[0]
    assert not report.has_concept_shift


def test_covariate_shift():
    report = diagnose_shift(*classes(), *classes(shift=1.0, seed=1))
    assert report.kind == "covariate"
    assert report.label.residual_p_value < 1e-4
    assert not report.has_concept_shift
    assert report.columns["column"].iloc[0] == "x1"
    assert any("Importance weights are possible" in text for text in report.advice)


def test_concept_shift_shows_in_labels_only():
    Xs, ys = classes()
    Xt, yt = classes(seed=1, flip=True)
    report = diagnose_shift(Xs, ys, Xt, yt)
    assert report.kind == "none"
    assert report.has_concept_shift
    assert "Concept shift: the same features" in " ".join(str(report).split())
    few = np.where(np.arange(len(yt)) < 10, yt, np.nan)
    assert diagnose_shift(Xs, ys, Xt, few).concept is None
    assert diagnose_shift(Xs, ys, Xt).concept is None


def test_a_target_out_of_reach():
    report = diagnose_shift(*classes(), classes(shift=30.0, seed=1)[0])
    assert report.coverage == 0
    assert any("Do not" in text for text in report.advice)


def test_numbers():
    Xs, ys, Xt, yt = shifted_numbers(n=300, shift=2.0)
    report = diagnose_shift(Xs, ys, Xt, yt)
    assert report.kind == "features"
    assert report.label is None
    assert report.expected is None
    assert report.concept.p_value > 0.01
    other = diagnose_shift(Xs, ys, Xt, -yt)
    assert other.has_concept_shift
    assert "of the variance" in str(other)


def test_mixed_tables_and_strings():
    Xs, ys = classes(300)
    Xt, yt = classes(300, shift=1.0, seed=1)
    frames = []
    for X, seed in (Xs, 0), (Xt, 1):
        rng = np.random.default_rng(seed)
        frame = pd.DataFrame(X, columns=list("abcd"))
        frame["kind"] = rng.choice(["red", "blue", None], len(X), p=[0.6, 0.3, 0.1])
        frame.loc[::7, "a"] = np.nan
        frames.append(frame)
    names = np.array(["no", "yes"], dtype=object)
    report = diagnose_shift(frames[0], names[ys], frames[1], names[yt])
    assert set(report.columns["column"]) == {*"abcd", "kind"}
    assert set(report.label.frequencies) == {"no", "yes"}


def test_text_html_and_json():
    data = load_penguins(source="Adelie", target="Gentoo", as_frame=True)
    t = data.sample_domain < 0
    report = diagnose_shift(data.X[~t], data.y[~t], data.X[t], data.y[t])
    text = str(report)
    assert max(map(len, text.split("\n"))) <= 80
    assert "flipper_length_mm" in text
    assert "Expected accuracy" in text
    html = report._repr_html_()
    assert html.count("<table") == html.count("</table>") == 2
    plain = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert plain["kind"] == report.kind
    assert len(plain["columns"]) == 4
    again = diagnose_shift(data.X[~t], data.y[~t], data.X[t], data.y[t])
    assert again.to_dict() == report.to_dict()


def test_inputs_are_not_written_to():
    parts = shifted_classes()
    copies = [part.copy() for part in parts]
    diagnose_shift(*parts)
    for part, copy in zip(parts, copies, strict=True):
        np.testing.assert_array_equal(part, copy)


# ------------------------------------------------------------------------ parts


def test_label_shift_against_a_confusion_matrix_by_hand():
    Xs, ys = classes(4000)
    Xt = classes(4000, share=0.2, seed=1)[0]
    found = label_shift(Xs, ys, Xt, np.random.RandomState(0))
    model = LogisticRegression().fit(Xs, ys)
    hit, false = (np.mean(model.predict(Xs[ys == k])) for k in (1, 0))
    share = (np.mean(model.predict(Xt)) - false) / (hit - false)
    assert found.frequencies[1] == pytest.approx(share, abs=0.03)
    assert found.p_value < 1e-10
    assert found.residual_p_value > 0.01


def test_concept_shift_has_the_right_size():
    p_values = [
        concept_shift(
            *classes(150, seed=k),
            *classes(100, shift=0.5, seed=1000 + k),
            True,
            np.random.RandomState(k),
        ).p_value
        for k in range(40)
    ]
    assert np.mean(np.array(p_values) < 0.05) <= 0.1
    assert 0.2 < np.mean(p_values) < 0.9


def test_coverage_against_its_definition():
    Xs, Xt = classes(200)[0], classes(150, shift=1.5, seed=1)[0]
    near = NearestNeighbors(n_neighbors=2).fit(Xs)
    usual = np.quantile(near.kneighbors(Xs)[0][:, 1], 0.95)
    expected = np.mean(near.kneighbors(Xt)[0][:, 0] <= usual) / 0.95
    found = coverage(Xs, Xt, np.random.RandomState(0))
    assert found == pytest.approx(min(1, expected))
    assert 0 < found < 1


def test_errors():
    Xs, ys = classes(50)
    with pytest.raises(ValueError, match="target domain is empty"):
        diagnose_shift(Xs, ys, Xs[:0])
    with pytest.raises(ValueError, match="no target domain"):
        diagnose_shift(Xs, ys, None)
    with pytest.raises(ValueError, match="different numbers of columns"):
        diagnose_shift(Xs, ys, Xs[:, :2])
    with pytest.raises(ValueError, match="`estimator`"):
        diagnose_shift(Xs, ys, Xs, estimator="tree")


def test_without_labels():
    (Xs, _), (Xt, _) = classes(), classes(shift=1.0, seed=1)
    report = diagnose_shift(Xs, Xt=Xt)
    assert report.kind == "covariate"
    assert report.label is report.concept is report.expected is None
    assert diagnose_shift(Xs, Xt=classes(seed=1)[0]).kind == "none"
    with pytest.raises(ValueError, match="`Xt`"):
        diagnose_shift(Xs)


def test_maps_are_not_advised_for_numbers_as_for_classes():
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(2, 200, 3))
    Xt = 4 * Xt[:, ::-1] + 10
    report = diagnose_shift(Xs, Xs[:, 0], Xt, random_state=0)
    assert report.kind == "features"
    assert "Other maps are often worse in regression." in report.advice[0]
    assert "GFK" not in report.advice[0]
