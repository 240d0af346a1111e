"""CDAN: conditional domain-adversarial network."""

import numpy as np
import pytest
from keras import ops

from adapt.deep import _engine
from adapt.deep._recipes import prepare
from adapt.feature_based import CDAN
from adapt.feature_based._deep._cdan import _conditioning
from tests.deep import reference
from tests.deep.reference import SMALL


@pytest.mark.parametrize("entropy", [True, False])
def test_losses_are_those_of_the_paper(entropy):
    model, p = reference.fitted(CDAN, n_joint=8, entropy=entropy)
    outer = [np.einsum("ij,ik->ikj", z, q) for z, q in ((p.zs, p.ps), (p.zt, p.pt))]
    weights = [1 + np.exp(-reference.entropy(q)) for q in (p.ps, p.pt)]
    joint = [each.reshape(len(each), -1) for each in outer]
    loss = p.domains(joint, weights if entropy else (1.0, 1.0))
    reference.check(model, {"task_loss": p.task, "disc_loss": loss})


@pytest.fixture(scope="module")
def tables():
    return reference.small_tables()


def test_the_random_map_keeps_inner_products():
    rng = np.random.default_rng(0)
    z, p = rng.normal(size=(5, 20)), rng.dirichlet(np.ones(6), size=5)
    network, shape, _ = prepare(
        "conditioning",
        None,
        _conditioning,
        (26,),
        6,
        20_000,
        rng=np.random.RandomState(0),
    )
    assert shape == (20_000,)
    inputs = ops.convert_to_tensor(np.hstack([z, p]), "float32")
    found = _engine.to_numpy(network(inputs))
    np.testing.assert_allclose(found @ found.T, (z @ z.T) * (p @ p.T), atol=0.3)


def test_cdan_takes_a_random_map_where_the_product_is_large(tables):
    Xs, ys, Xt = tables
    small = CDAN(**SMALL).fit(Xs, ys, Xt=Xt)
    large = CDAN(max_features=100, entropy=False, **SMALL).fit(Xs, ys, Xt=Xt)
    assert (small.is_overloaded_, large.is_overloaded_) == (False, True)
    assert small.discriminator_.input_shape == (None, 128)
    assert large.discriminator_.input_shape == (None, 100)
    for model in (small, large):
        p = model.predict_disc(Xt)
        assert p.shape == (40,)
        assert ((p > 0) & (p < 1)).all()
