"""Transport plans, against POT called directly and against optimality conditions."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from adapt.datasets import load_digits
from adapt.feature_based import transport_plan
from adapt.feature_based._exact_transport import exact_transport
from adapt.feature_based._transport import batches
from adapt.feature_based._transport_plan import transport_cost

ot = pytest.importorskip("ot")


def samples(n_s=60, n_t=80, d=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_s, d)), 0.5 + rng.normal(size=(n_t, d)), rng


@pytest.mark.parametrize("method", ["emd", "sinkhorn", "group", "unbalanced"])
@pytest.mark.parametrize("weighted", [False, True])
def test_plans_are_those_of_pot(method, weighted):
    Xs, Xt, rng = samples()
    ys = np.array(["no", "yes", "perhaps"])[rng.integers(0, 3, 60)]
    a, b = np.full(60, 1 / 60), np.full(80, 1 / 80)
    if weighted:
        a, b = (rng.random(n) for n in (60, 80))
        a, b = a / a.sum(), b / b.sum()
    C = ot.dist(Xs, Xt)
    C /= C.mean()
    np.testing.assert_allclose(transport_cost(Xs, Xt), C, atol=1e-12)
    codes = np.unique(ys, return_inverse=True)[1]
    expected = {
        "emd": lambda: ot.emd(a, b, C),
        "sinkhorn": lambda: ot.sinkhorn(a, b, C, 0.1),
        "group": lambda: ot.da.sinkhorn_l1l2_gl(
            a, codes, b, C, 0.1, 0.3, numInnerItermax=1000
        ),
        "unbalanced": lambda: ot.unbalanced.sinkhorn_unbalanced(a, b, C, 0.1, 0.7),
    }[method]()
    masses = (a, b) if weighted else ()
    found = transport_plan(
        C, *masses, method=method, ys=ys, reg_classes=0.3, reg_marginals=0.7
    )
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (30, 30), (50, 500)])
def test_exact_plans_are_optimal(shape):
    rng = np.random.default_rng(1)
    a, b = (rng.random(n) for n in shape)
    a, b = a / a.sum(), b / b.sum()
    for C in (
        rng.random(shape),
        rng.integers(0, 3, shape).astype(float),  # many plans cost the same
        np.zeros(shape),
        1e8 + rng.random(shape),
        1e-9 * rng.random(shape) - 1,
    ):
        plan = exact_transport(C, a, b).plan.toarray()
        np.testing.assert_allclose(plan.sum(axis=1), a, atol=1e-12)
        np.testing.assert_allclose(plan.sum(axis=0), b, atol=1e-12)
        least = np.sum(ot.emd(a, b, C) * C)
        np.testing.assert_allclose(np.sum(plan * C), least, rtol=1e-11)


def test_ends_where_potentials_are_off_by_more_than_rounding():
    data = load_digits()
    Xs, Xt = (
        data.X[data.sample_domain >= 0][:1000],
        data.X[data.sample_domain < 0][:900],
    )
    C, a, b = transport_cost(Xs, Xt), np.full(1000, 1 / 1000), np.full(900, 1 / 900)
    plan = exact_transport(C, a, b).plan
    least = ot.emd2(a, b, C, numItermax=10**7)
    np.testing.assert_allclose(plan.multiply(C).sum(), least, rtol=1e-9)


def test_starts_from_another_solution():
    Xs, Xt, rng = samples(200, 250)
    C, a, b = transport_cost(Xs, Xt), np.full(200, 1 / 200), np.full(250, 1 / 250)
    before = exact_transport(C, a, b)
    assert np.all(C - before.u[:, np.newaxis] - before.v > -1e-10)
    for changed in (C + 0.1 * rng.random(C.shape), 100 * rng.random(C.shape)):
        expected = ot.emd(a, b, changed)
        after = exact_transport(changed, a, b, before)
        np.testing.assert_allclose(after.plan.toarray(), expected, atol=1e-12)
        near = exact_transport(changed, a, b, before, gap=0.05).plan
        least = np.sum(expected * changed)
        assert least - 1e-12 <= near.multiply(changed).sum() <= 1.05 * least


def test_costs_far_beyond_reg_need_logarithms():
    Xs, Xt, _ = samples()
    Xt[0] = 1000  # far from all
    C = transport_cost(Xs, Xt)
    a, b = np.full(60, 1 / 60), np.full(80, 1 / 80)
    with pytest.warns(ConvergenceWarning, match="after 3 iterations"):
        transport_plan(C, method="sinkhorn", max_iter=3)
    plan = transport_plan(C, method="sinkhorn", reg=0.05, max_iter=5000)
    np.testing.assert_allclose(plan.sum(axis=0), b, atol=1e-9)
    np.testing.assert_allclose(plan.sum(axis=1), a, atol=1e-6)
    grouped = transport_plan(C, method="group", ys=np.arange(60) % 2, reg=0.01)
    np.testing.assert_allclose(grouped.sum(axis=0), b, atol=1e-6)
    free = transport_plan(C, method="unbalanced")
    assert free[:, 0].sum() < 1e-6
    assert free[:, 1:].sum() > 0.9
    with pytest.raises(ValueError, match=r"left the range of floats.*Raise `reg`"):
        transport_plan(C, method="unbalanced", reg=1e-9)


def test_costs_do_not_depend_on_units_or_origin():
    Xs, Xt, _ = samples()
    C = transport_cost(Xs, Xt)
    np.testing.assert_allclose(transport_cost(1e6 * Xs, 1e6 * Xt), C, atol=1e-12)
    np.testing.assert_allclose(transport_cost(Xs + 1e6, Xt + 1e6), C, atol=1e-7)
    assert not transport_cost(np.ones((3, 2)), np.ones((2, 2))).any()


@pytest.mark.parametrize("sizes", [(10, 10), (95, 30), (7, 95), (95, 8)])
def test_batches_hold_every_row(sizes):
    pairs = list(batches(*sizes, 10, np.random.default_rng(0)))
    assert max(max(len(i), len(j)) for i, j in pairs) <= 10
    for side, n in enumerate(sizes):
        rows = np.concatenate([pair[side] for pair in pairs])
        assert set(rows) == set(range(n))
        if n == max(sizes):
            assert len(rows) == n


def test_pot_does_not_bring_frameworks_along():
    code = """
import os, sys
from adapt._pot import import_pot
before = dict(os.environ)
import_pot()
assert not {"torch", "jax", "tensorflow"} & sys.modules.keys()
assert dict(os.environ) == before
"""
    # Python warns about escapes in POT's own strings while it compiles them: that is no
    # error here. POT tells of a framework that it cannot load by a UserWarning.
    subprocess.run([sys.executable, "-W", "error::UserWarning", "-c", code], check=True)


def test_without_pot(monkeypatch):
    monkeypatch.setitem(sys.modules, "ot", None)
    with pytest.raises(ImportError, match=r"pip install 'adapt-learn\[ot\]'"):
        transport_plan(np.eye(3))


def test_an_unbalanced_plan_is_stationary_in_the_objective_that_is_stated():
    Xs, Xt, rng = samples(20, 15)
    a, b = (rng.random(n) for n in (20, 15))
    a, b, C = a / a.sum(), b / b.sum(), transport_cost(Xs, Xt)
    how = {"reg": 0.2, "reg_marginals": 0.7, "max_iter": 10_000}
    plan = transport_plan(C, a, b, method="unbalanced", **how)
    slope = C + 0.2 * np.log(plan / np.outer(a, b))
    slope += 0.7 * np.log(plan.sum(axis=1) / a)[:, np.newaxis]
    slope += 0.7 * np.log(plan.sum(axis=0) / b)
    np.testing.assert_allclose(slope, 0, atol=1e-3)
