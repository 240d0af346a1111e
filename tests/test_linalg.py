"""Linear algebra of the ground floor."""

import numpy as np
import pytest

from adapt._linalg import equal_variance_rotation


@pytest.mark.parametrize("d", [1, 2, 3, 20, 101])
@pytest.mark.parametrize("power", [0, 1, 6])
def test_all_variances_are_the_same_after_the_rotation(d, power):
    rng = np.random.default_rng(d)
    X = rng.normal(size=(300, d)) @ rng.normal(size=(d, d))
    X = X * np.linspace(1, 0.1, d) ** power
    S = np.cov(X.T).reshape(d, d)
    Q = equal_variance_rotation(S)
    np.testing.assert_allclose(Q.T @ Q, np.eye(d), atol=1e-12)
    np.testing.assert_allclose(np.diag(Q.T @ S @ Q), np.trace(S) / d)


def test_what_needs_no_rotation_is_left():
    for S in np.eye(4), np.zeros((3, 3)), np.zeros((0, 0)):
        np.testing.assert_array_equal(equal_variance_rotation(S), np.eye(len(S)))
