"""Progress is a bar in notebooks and terminals, and plain lines elsewhere."""

import sys
import types

import pytest

from adapt import _progress
from adapt._progress import NoBar, progress_bar, write_line
from adapt.model_selection import compare
from tests.common import shifted_classes

DATA = shifted_classes()


@pytest.fixture
def notebook(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))


def test_no_bar_where_nobody_sees_it():
    assert isinstance(progress_bar(3, "fitting", "fit", shown=True), NoBar)


@pytest.mark.usefixtures("notebook")
def test_a_bar_in_a_notebook(capsys):
    pytest.importorskip("tqdm")
    assert isinstance(progress_bar(3, "fitting", "fit", shown=False), NoBar)
    bar = progress_bar(2, "fitting", "fit", shown=True)
    for name in "one", "two":
        bar.set_postfix_str(name)
        bar.update()
    bar.close()
    shown = capsys.readouterr().err
    assert "fitting" in shown
    assert "2/2" in shown
    assert "two" in shown


@pytest.mark.usefixtures("notebook")
def test_plain_lines_without_tqdm(monkeypatch, capsys):
    for name in "tqdm", "tqdm.auto":
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(_progress, "write_line", print)
    assert isinstance(progress_bar(2, "fitting", "fit", shown=True), NoBar)
    monkeypatch.delitem(sys.modules, "tqdm")
    write_line("a line")
    assert capsys.readouterr().out == "a line\n"


@pytest.mark.usefixtures("notebook")
def test_compare_shows_a_bar_and_its_lines(capsys):
    pytest.importorskip("tqdm")
    compare(*DATA, methods=["LinearOT"], verbose=1)
    printed = capsys.readouterr()
    assert "2/2" in printed.err
    assert "LinearOT" in printed.out
