"""The set of classes is that of the given labels, whatever the weights of the rows."""

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import get_tags

from adapt.base import MetaAdapter, SourceOnly
from adapt.discovery import all_adapters
from adapt.feature_based import JDOTClassifier, OTLabelPropagation
from adapt.feature_based._transport import fit_shares
from tests.common import shifted_classes
from tests.test_properties import new

Xs, ys, Xt, yt = shifted_classes(45, 3, n_classes=3)
few = np.where(np.arange(45) < 15, yt, -1)
CLASSIFIERS = [
    SourceOnly,
    *(
        cls
        for _, cls in all_adapters(deep=False)
        if issubclass(cls, MetaAdapter)
        and get_tags(cls()).estimator_type != "regressor"
        and cls.__name__ != "RegularTransferGP"  # takes no weights
    ),
]
by_class = pytest.mark.parametrize("cls", CLASSIFIERS, ids=lambda cls: cls.__name__)
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")


def inner_of(cls):
    """Return an estimator, and other parameters."""
    if "Forest" in cls.__name__:
        return {"estimator": RandomForestClassifier(3, random_state=0)}
    if "Tree" in cls.__name__:
        return {"estimator": DecisionTreeClassifier(random_state=0)}
    return {"estimator": LogisticRegression()}


@by_class
@pytest.mark.parametrize("resample", [False, True], ids=["weighted", "drawn"])
def test_a_class_without_weight_stays_known(cls, resample):
    params = inner_of(cls)
    if resample:
        if "resample" not in cls().get_params():
            pytest.skip("draws no rows")
        params["resample"] = True
    model = new(cls, **params)
    model.fit(Xs, ys, Xt, few, sample_weight=np.where(ys == 1, 0.0, 1.0))
    assert model.classes_.tolist() == [0, 1, 2]
    p = model.predict_proba(Xt)
    assert p.shape == (45, 3)
    assert np.isfinite(p).all()


@pytest.mark.parametrize(
    "machine",
    [SVC(), LinearSVC(), make_pipeline(StandardScaler(), SVC())],
    ids=["SVC", "LinearSVC", "pipeline"],
)
@pytest.mark.parametrize("lost", [0, 1, 2])
def test_vector_machines_keep_their_classes_apart(machine, lost):
    weight = np.where(ys == lost, 0.0, 1.0)
    model = SourceOnly(machine).fit(Xs, ys, Xt=Xt, sample_weight=weight)
    assert model.classes_.tolist() == [0, 1, 2]
    rows = ys != lost
    without = SourceOnly(machine).fit(Xs[rows], ys[rows], Xt=Xt)
    # The scaler of a pipeline is not weighted.
    assert np.mean(model.predict(Xs[rows]) == without.predict(Xs[rows])) > 0.95


@pytest.mark.parametrize("cls", [JDOTClassifier, OTLabelPropagation])
def test_a_rare_class_that_is_nowhere_the_likeliest_stays(cls):
    pytest.importorskip("ot")
    rare = np.where(np.arange(45) == 7, 3, ys)
    model = cls(KNeighborsClassifier(3)).fit(Xs, rare, Xt=Xt[:9])
    assert model.classes_.tolist() == [0, 1, 2, 3]


class Fits(SourceOnly):
    """Keeps what it is to fit."""

    def _fit_estimator(self, X, y, domains, *, sample_weight=None):
        self.given = X[:, 0].tolist(), y.tolist(), sample_weight


class Target:
    target_rows = np.arange(3.0)[:, np.newaxis]
    target_weight = None


def test_shares_become_rows_with_weights():
    shares = np.array([[0.6, 0.4, 0, 0], [1.0, 0, 0, 0], [0.7, 0, 0.3, 0]])
    fits, classes = Fits(LogisticRegression()), np.array([*"abcd"])
    fit_shares(fits, Target(), shares, classes)
    rows, labels, weight = fits.given
    assert rows == [0, 0, 1, 2, 2, 0]
    assert labels == [*"abaacd"]
    np.testing.assert_allclose(weight, [0.6, 0.4, 1, 0.7, 0.3, 0])
    fits = Fits(KNeighborsClassifier())
    fit_shares(fits, Target(), shares, classes)
    assert fits.given == ([0, 1, 2, 0, 2], [*"aaabc"], None)
    fits = Fits(LogisticRegression())
    fit_shares(fits, Target(), np.eye(3), classes[:3])
    assert fits.given == ([0, 1, 2], [*"abc"], None)
