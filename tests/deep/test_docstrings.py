"""Parameters that deep methods share are described by one text."""

import pytest

from tests import docstrings
from tests.deep.classes import DEEP_CLASSES

BY_NAME = {cls.__name__: cls for cls in DEEP_CLASSES}


@pytest.mark.one_backend
@pytest.mark.parametrize("name", BY_NAME)
def test_each_parameter_has_an_entry(name):
    docstrings.check_all(BY_NAME[name])
    docstrings.check_shared(BY_NAME[name], docstrings.DEEP)


@pytest.mark.one_backend
def test_no_class_is_excepted_in_vain():
    for (name, parameter), reason in docstrings.OWN_TEXT.items():
        assert reason
        if name in BY_NAME:
            kind, text = docstrings.entries_of(BY_NAME[name])[parameter]
            kind = kind.split(", default=")[0]
            assert (kind, text) != docstrings.DEEP[parameter], (name, parameter)


@pytest.mark.one_backend
def test_schedules_are_explained_alike():
    """The first sentence of `lambda_` says what it weighs, the others are shared.

    Scikit-learn's `assert_docstring_consistency` would ask for one default as well.
    """
    entries = {
        name: docstrings.entries_of(cls)["lambda_"][1]
        for name, cls in BY_NAME.items()
        # DIRTT has that of the model that is trained first.
        if name != "DIRTT" and "lambda_" in docstrings.entries_of(cls)
    }
    assert len(entries) > 10
    for name, text in entries.items():
        assert text.startswith("Weight of "), name
        assert text.endswith(f". {docstrings.SCHEDULE}"), name
