"""Docstrings of what needs Keras have the sections and the form of numpydoc."""

import pytest

pytest.importorskip("keras", exc_type=ImportError)

from tests.test_numpydoc import findings, objects


@pytest.mark.one_backend
@pytest.mark.parametrize("path", objects(late=True))
def test_docstring(path):
    assert findings(path) == []
