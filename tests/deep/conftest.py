import pytest

pytest.importorskip("keras", exc_type=ImportError)


def pytest_runtest_setup(item):
    import keras

    one = item.get_closest_marker("one_backend") is not None
    if one and keras.backend.backend() != "tensorflow":
        pytest.skip("looked at on TensorFlow: losses agree across backends")


@pytest.fixture(autouse=True, scope="session")
def threads():
    """Limit threads: the machine is shared by the tests of three backends."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(2):
        yield
