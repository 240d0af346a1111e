"""Parameters that classes share are described by one text."""

import pytest

docstrings = pytest.importorskip("tests.docstrings", exc_type=ImportError)

from adapt.discovery import all_adapters  # noqa: E402

SHALLOW = dict(all_adapters(deep=False) + all_adapters("series"))


@pytest.mark.parametrize("name", SHALLOW)
def test_shared_parameters_have_one_text(name):
    docstrings.check_shared(SHALLOW[name], docstrings.SHALLOW)


def test_no_class_is_excepted_in_vain():
    """An exception that says what the table says is none."""
    for (name, parameter), reason in docstrings.OWN_TEXT.items():
        assert reason
        if name in SHALLOW:
            kind, text = docstrings.entries_of(SHALLOW[name])[parameter]
            kind = kind.split(", default=")[0]
            assert (kind, text) != docstrings.SHALLOW[parameter], (name, parameter)
