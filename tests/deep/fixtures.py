"""What applies to every test that trains networks: imported by each `conftest.py`."""

import pytest

pytest.importorskip("keras", exc_type=ImportError)


def pytest_runtest_setup(item):
    import keras

    one = item.get_closest_marker("one_backend") is not None
    if one and keras.backend.backend() != "tensorflow":
        pytest.skip("looked at on TensorFlow: no backend decides it")


@pytest.fixture(autouse=True, scope="package")
def kept_programs():
    """Keep more compiled programs: tests take turns with more than users do."""
    from adapt.deep._kept import kept

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept, "size", 64)
        yield


@pytest.fixture(autouse=True, scope="package")
def no_graph_optimisation():
    """Leave graphs of TensorFlow as they are: they run a few steps only."""
    import keras

    if keras.backend.backend() != "tensorflow":
        yield
        return
    import tensorflow as tf

    options = tf.config.optimizer.set_experimental_options
    options({"disable_meta_optimizer": True})
    yield
    options({"disable_meta_optimizer": False})


@pytest.fixture(autouse=True, scope="session")
def threads():
    """Limit threads: the machine is shared by the tests of three backends."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(2):
        yield
