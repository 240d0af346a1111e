"""The fixtures of all tests that need Keras."""

import pytest

pytest.importorskip("keras", exc_type=ImportError)

from tests.deep.conftest import *  # noqa: F403
from tests.deep.conftest import pytest_runtest_setup  # noqa: F401
