"""Parameters that deep methods share are described by one text."""

import inspect
from pathlib import Path

import pytest

from tests import docstrings
from tests.deep import reference
from tests.deep.classes import DEEP_CLASSES

ROOT = Path(__file__).parents[2]
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


# What has no paper, or nothing of its own to be trained.
WITHOUT_DEPARTURES = {
    *("AdversarialAdapter", "DeepAdapter", "PenalizedAdapter"),
    *("DeepSource", "FrozenFeatures"),
}


@pytest.mark.one_backend
@pytest.mark.parametrize("name", sorted(set(BY_NAME) - WITHOUT_DEPARTURES))
def test_notes_begin_with_the_departures(name):
    """The call that they give can be made; its losses are tested with its method."""
    cls = BY_NAME[name]
    text = inspect.cleandoc(cls.__doc__)
    notes = text.split("Notes\n-----\n")[1]
    assert notes.startswith("Departures from [1]_:")
    network = reference.linear_network(3, 2)
    model = reference.published(cls, network=network, encoder=network)
    assert isinstance(model, cls)
    model._validate_params()
    file = Path(inspect.getsourcefile(cls))
    tests = ROOT / "tests" / file.parts[-3] / "deep" / f"test{file.stem}.py"
    assert "of_the_paper" in tests.read_text("utf-8")
