"""GFK: the integral along the geodesic, by quadrature."""

import numpy as np
import pytest
from scipy.integrate import quad_vec
from scipy.linalg import orth, subspace_angles
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, LogisticRegression

from adapt._data_driven import half_of_variance
from adapt.feature_based import GFK
from adapt.feature_based._gfk import flow_root
from adapt.feature_based._subspaces import disagreement, label_axes, principal_axes
from tests.common import other_shares


def kernel_by_quadrature(Ps, Pt):
    """Integrate projectors along the geodesic, by its exponential map."""
    d, _ = Ps.shape
    inverse = np.linalg.inv(Ps.T @ Pt)
    away = (np.eye(d) - Ps @ Ps.T) @ Pt @ inverse
    U, tangent, Vt = np.linalg.svd(away, full_matrices=False)
    theta = np.arctan(tangent)

    def projector(t):
        P = (Ps @ Vt.T * np.cos(t * theta) + U * np.sin(t * theta)) @ Vt
        return P @ P.T

    return quad_vec(projector, 0, 1, epsabs=1e-12)[0]


@pytest.mark.parametrize(("d", "k"), [(5, 1), (6, 2), (6, 3), (5, 4)])
def test_root_of_the_kernel_of_the_paper(d, k):
    rng = np.random.default_rng(d + k)
    Ps, Pt = orth(rng.normal(size=(d, k))), orth(rng.normal(size=(d, k)))
    R = flow_root(Ps, Pt)
    np.testing.assert_allclose(R, R.T, atol=1e-12)
    assert np.linalg.matrix_rank(R, tol=1e-9) == min(2 * k, d)
    np.testing.assert_allclose(R @ R, kernel_by_quadrature(Ps, Pt), atol=1e-9)


def test_equal_subspaces_give_their_projector():
    rng = np.random.default_rng(0)
    P = orth(rng.normal(size=(6, 3)))
    turned = P @ orth(rng.normal(size=(3, 3)))
    np.testing.assert_allclose(flow_root(P, turned), P @ P.T, atol=1e-7)


def test_orthogonal_lines_average_over_their_plane():
    R = flow_root(np.array([[1.0], [0]]), np.array([[0.0], [1]]))
    expected = [[1 / 2, 1 / np.pi], [1 / np.pi, 1 / 2]]
    np.testing.assert_allclose(np.abs(R @ R), expected, atol=1e-12)


def domains(n=200, d=8, seed=0):
    rng = np.random.default_rng(seed)
    scale = np.linspace(3, 0.3, d)
    turn = orth(np.eye(d) + 0.3 * rng.normal(size=(d, d)))
    return rng.normal(size=(n, d)) * scale, rng.normal(size=(n, d)) * scale @ turn + 2


def test_rows_are_mapped_by_the_kernel_of_principal_axes():
    Xs, Xt = domains()
    model = GFK(n_components=3).fit(Xs, Xt=Xt)
    Ps, Pt = (PCA(3).fit(X).components_.T for X in (Xs, Xt))
    G = kernel_by_quadrature(Ps, Pt)
    zs, zt = model.transform(Xs, sample_domain=0), model.transform(Xt)
    Cs, Ct = Xs - Xs.mean(axis=0), Xt - Xt.mean(axis=0)
    np.testing.assert_allclose(zs @ zt.T, Cs @ G @ Ct.T, atol=1e-8)
    whole = GFK(n_components=8).fit(Xs, Xt=Xt)
    np.testing.assert_allclose(whole.coef_, np.eye(8), atol=1e-7)


def test_number_of_axes_by_the_disagreement():
    Xs, Xt = domains()
    Ps, Pt, Pst = (PCA().fit(X).components_.T for X in (Xs, Xt, np.vstack([Xs, Xt])))

    def measure(k):
        angles = [subspace_angles(P[:, :k], Pst[:, :k]).max() for P in (Ps, Pt)]
        return np.mean(np.sin(angles))

    expected = [measure(k) for k in range(1, 5)]
    found = [disagreement(Ps, Pt, Pst, k) for k in range(1, 5)]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert GFK().fit(Xs, Xt=Xt).n_components_ == 8  # no right angle anywhere


def test_a_right_angle_ends_the_search():
    # The means differ by so much along the third column that it is the first axis of
    # both domains together, and at a right angle to the first axis of each.
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(2, 300, 3)) * [3, 1, 0.01]
    Xt[:, 2] += 1000
    assert GFK().fit(Xs, Xt=Xt).n_components_ == 1


def test_a_turned_subspace_is_adapted_to():
    rng = np.random.default_rng(0)
    ys, yt = rng.integers(2, size=(2, 400))
    plain = rng.normal(size=(2, 400, 2)) * [1, 0.2]
    Xs, Xt = np.zeros((2, 400, 4))
    Xs[:, :2], Xt[:, :2] = plain
    Xs[:, 0] += 4 * ys
    Xt[:, 0] += 4 * yt
    angle = np.pi / 3
    turn = np.eye(4)
    turn[np.ix_([0, 2], [0, 2])] = [
        [np.cos(angle), np.sin(angle)],
        [-np.sin(angle), np.cos(angle)],
    ]
    Xs += 0.1 * rng.normal(size=Xs.shape)
    Xt = Xt @ turn + 0.1 * rng.normal(size=Xt.shape)
    model = GFK(LogisticRegression(), n_components=1).fit(Xs, ys, Xt=Xt)
    assert model.score(Xt, yt) > 0.95
    assert LogisticRegression().fit(Xs, ys).score(Xt, yt) < 0.9


def test_columns_of_very_different_scale():
    Xs, Xt = domains(d=3)
    scale = [1e-3, 1, 1e3]
    for ys in None, Xs[:, 0] > 0:
        Z = GFK().fit(Xs * scale, ys, Xt=Xt * scale).transform(Xt * scale)
        assert np.isfinite(Z).all()
        assert Z.std() > 1


def test_axes_that_are_not_there():
    Xs, Xt = domains()
    with pytest.raises(ValueError, match=r"needs 5 principal axes.*Lower"):
        GFK(n_components=5).fit(Xs[:3], Xt=Xt)
    with pytest.raises(ValueError, match="at least 2 rows in each domain"):
        GFK().fit(Xs[:1], Xt=Xt)
    with pytest.raises(ValueError, match="in 0 directions in the source"):
        GFK().fit(np.ones((5, 8)), Xt=Xt)
    assert principal_axes(Xs[:3]).shape == (8, 2)


def test_columns_that_hardly_vary_in_the_source_do_not_rule():
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(2, 300, 4)) * [3, 2, 1, 1]
    Xt[:, 3] *= 100
    model = GFK().fit(Xs, Xt=Xt + 5)
    own, other = Xs.std(axis=0), Xt.std(axis=0)
    expected = np.minimum(1, own.max() / np.sqrt((own**2 + other**2) / 2))
    np.testing.assert_allclose(model.column_scale_, expected)
    assert model.transform(Xt).std(axis=0)[3] < 5
    # What is given is used as it is.
    assert (GFK(n_components=2).fit(Xs, Xt=Xt).column_scale_ == 1).all()


def test_axes_hold_half_of_the_variance():
    # Columns of the same variance have axes in any order, at right angles by chance.
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(2, 300, 20))
    for X, axes in (Xs, principal_axes(Xs)), (Xt, principal_axes(Xt)):
        shares = np.sort(np.linalg.eigvalsh(np.cov(X.T)))[::-1]
        expected = np.flatnonzero(shares.cumsum() >= shares.sum() / 2)[0] + 1
        assert half_of_variance(X, axes) == expected
    assert GFK().fit(Xs, Xt=Xt).n_components_ >= 8


@pytest.mark.parametrize("classes", [False, True])
def test_axes_by_labels_are_the_weights_of_partial_least_squares(classes):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 6)) * [3, 2, 1, 1, 1, 0.5], rng.integers(3, size=80)
    X += rng.normal(size=(3, 6))[y]
    Y = np.eye(3)[y] if classes else X[:, :1] ** 2 + X[:, 1:2]
    expected = PLSRegression(5, scale=False, tol=1e-12).fit(X, Y).x_weights_
    found = label_axes(X, Y, 5)
    np.testing.assert_allclose(np.abs(found.T @ expected), np.eye(5), atol=1e-5)


def test_principal_axes_follow_where_labels_tell_no_more():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 4))
    X = orth(X - X.mean(axis=0)) * [1, 1, 3, 2]
    first = np.abs(label_axes(X, X[:, :1], 3))
    np.testing.assert_allclose(first, np.eye(4)[:, [0, 2, 3]], atol=1e-7)
    constant = label_axes(X, np.ones((50, 1)), 2)
    np.testing.assert_allclose(np.abs(constant), np.eye(4)[:, [2, 3]], atol=1e-7)


def test_axes_of_the_source_by_its_labels():
    Xs, Xt = domains()
    ys = Xs[:, 5] > 0  # a direction of little variance
    model = GFK(n_components=3, source_axes="auto").fit(Xs, ys, Xt=Xt)
    Ps = label_axes(Xs, np.eye(2)[ys.astype(int)], 3)
    Pt = PCA(3).fit(Xt).components_.T
    G = kernel_by_quadrature(Ps, Pt)
    np.testing.assert_allclose(model.coef_ @ model.coef_, G, atol=1e-8)
    plain, blind = (
        GFK(n_components=3, source_axes="pca").fit(Xs, y, Xt=Xt) for y in (ys, None)
    )
    np.testing.assert_array_equal(plain.coef_, blind.coef_)
    with pytest.raises(ValueError, match=r"requires y to be passed.*source_axes"):
        GFK(source_axes="pls").fit(Xs, Xt=Xt)


@pytest.mark.parametrize("distance", [1.0, 4.0])
def test_means_agree_only_where_classes_form_clusters(distance):
    Xs, ys, Xt, _ = other_shares(distance, n_samples=300, n_features=3)
    model = GFK().fit(Xs, ys, Xt=Xt)
    np.testing.assert_allclose(model.separation_, distance, atol=0.3)
    apart = distance < 2
    assert np.array_equal(model.mean_source_, model.mean_target_) == apart
    other = GFK(center="domain" if apart else "both").fit(Xs, ys, Xt=Xt)
    assert np.array_equal(other.mean_source_, other.mean_target_) != apart
    # Numbers form no clusters, and without labels the means agree.
    numbers = GFK(LinearRegression()).fit(Xs, Xs[:, 0], Xt=Xt)
    np.testing.assert_array_equal(numbers.mean_source_, numbers.mean_target_)
    assert numbers.separation_ == 0
    plain = GFK().fit(Xs, Xt=Xt)
    for rows, domain in (Xs, 0), (Xt, -1):
        means = plain.transform(rows, sample_domain=domain).mean(axis=0)
        np.testing.assert_allclose(means, 0, atol=1e-12)


def test_the_number_of_axes_and_the_scale_of_columns_are_two_switches():
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(2, 300, 4)) * [3, 2, 1, 1]
    Xt[:, 3] *= 100
    for params, scaled in (
        ({}, True),
        ({"n_components": "auto"}, True),
        ({"n_components": "disagreement"}, False),
        ({"n_components": 2}, False),
        ({"n_components": 2, "scale_columns": True}, True),
        ({"scale_columns": False}, False),
    ):
        model = GFK(**params).fit(Xs, Xt=Xt)
        assert (model.column_scale_ < 1).any() == scaled
