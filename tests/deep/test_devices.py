"""Several devices: the losses are those of one, or an error says what to do."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from adapt.feature_based import DeepCORAL

BACKEND = keras.backend.backend()
X = np.random.default_rng(0).normal(size=(40, 2))
ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(BACKEND != "jax", reason="Keras splits batches on JAX alone")
def test_two_devices_have_the_losses_of_one():
    # The number of devices is fixed once JAX is imported, so this takes a process.
    devices = "--xla_force_host_platform_device_count=2"
    flags = f"{os.environ.get('XLA_FLAGS', '')} {devices}"
    run = subprocess.run(
        [sys.executable, Path(__file__).with_name("devices.py")],
        env={**os.environ, "XLA_FLAGS": flags, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout.splitlines()[-1])
    for one, two in zip(found["one"], found["two"], strict=True):
        np.testing.assert_allclose(two[0], one[0], rtol=1e-5)
        np.testing.assert_allclose(two[1], one[1], rtol=1e-4)
        assert (one[2], two[2]) == (1, 2)
    assert found["rows"] == [8, 8]
    assert "multiple of 2" in found["refused"]


@pytest.mark.skipif(BACKEND != "tensorflow", reason="of TensorFlow")
def test_tensorflow_says_that_it_takes_one_device():
    import tensorflow as tf

    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    with (
        strategy.scope(),
        pytest.raises(ValueError, match=r"outside of `strategy.scope\(\)`"),
    ):
        DeepCORAL(epochs=1).fit(X, X[:, 0] > 0, Xt=X)


@pytest.mark.skipif(BACKEND == "jax", reason="Keras splits batches on JAX")
def test_a_distribution_that_would_do_nothing_is_refused(monkeypatch):
    monkeypatch.setattr(keras.distribution, "distribution", lambda: "some layout")
    with pytest.raises(ValueError, match="KERAS_BACKEND=jax"):
        DeepCORAL(epochs=1).fit(X, X[:, 0] > 0, Xt=X)
