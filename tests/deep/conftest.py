import pytest

pytest.importorskip("keras", exc_type=ImportError)


@pytest.fixture(autouse=True, scope="session")
def threads():
    """Limit threads: the machine is shared by the tests of three backends."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(2):
        yield
