"""Names that are imported late are known to editors and type checkers, too."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = [
    path.parent.name
    for path in sorted((ROOT / "adapt").glob("*/__init__.py"))
    if "= lazy(" in path.read_text(encoding="utf-8")
]


def test_type_checkers_read_the_annotations_of_the_package():
    assert (ROOT / "adapt/py.typed").exists()
    assert "adapt = py.typed" in (ROOT / "setup.cfg").read_text(encoding="utf-8")


def test_packages_with_late_names_are_found():
    assert {"deep", "feature_based", "instance_based"} <= set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_late_names_are_imported_for_type_checkers(package):
    path = ROOT / "adapt" / package / "__init__.py"
    late, shown = {}, {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for each in node.body:
                shown[each.module] = {alias.name for alias in each.names}
        value = getattr(node, "value", None)
        if isinstance(value, ast.Call) and ast.unparse(value.func) == "lazy":
            table = ast.literal_eval(value.args[1])
            late = {module: set(names) for module, names in table.items()}
    assert late
    assert shown == late
