"""The layout of the package: which way imports may run, and who imports Keras."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FRAMEWORKS = {"keras", "tensorflow", "jax", "torch"}

# From the ground up. An import runs down, or stays in its package.
FLOORS = (
    {
        "_csv_layout",
        "_csv_numbers",
        "_data_driven",
        "_domains",
        "_extras",
        "_files",
        "_frames",
        "_kernels",
        "_adapt_arguments",
        "_adapt_names",
        "_label_kinds",
        "_label_shift",
        "_scales",
        "_lazy",
        "_expected_prediction",
        "_linalg",
        "_out_of_fold",
        "_pot",
        "_progress",
        "_sklearn",
        "_stacking",
        "_units_of_columns",
    },
    {"base", "datasets"},
    {"deep"},
    {"imputation"},
    {
        "feature_based",
        "forecasting",
        "instance_based",
        "multi_domain",
        "parameter_based",
        "series",
    },
    {"discovery", "metrics", "utils"},
    {"model_selection"},
    {"inspection"},
    {"_cli"},
    {"__main__"},
)
FLOOR = {room: i for i, floor in enumerate(FLOORS) for room in floor}


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(path): path for path in sorted((ROOT / "adapt").rglob("*.py"))}


def is_for_type_checkers(node):
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def imports_of(tree):
    """Yield the ``(module, name, at run time)`` of every import, late ones too."""
    pending = [(tree, True)]
    while pending:
        node, runs = pending.pop()
        if isinstance(node, ast.Import):
            yield from ((alias.name, None, runs) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module, alias.name, runs) for alias in node.names)
        runs = runs and not is_for_type_checkers(node)
        pending += [(child, runs) for child in ast.iter_child_nodes(node)]


def edges_of(module):
    """Return the modules of ours that a module imports, and the names it takes."""
    found = []
    for target, name, runs in imports_of(ast.parse(FILES[module].read_text("utf-8"))):
        if runs and target.split(".")[0] == "adapt":
            whole = f"{target}.{name}"
            found.append((whole, None) if whole in FILES else (target, name))
    return found


EDGES = {module: edges_of(module) for module in FILES}


def room(module):
    """Return the package or the ground-floor module that a module belongs to."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def circles(graph):
    """Return the sets of nodes that reach each other (Tarjan, 1972)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph[node]:
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            start = stack.index(node)
            found.append(stack[start:])
            del stack[start:]

    for node in graph:
        if node not in index:
            visit(node)
    return [circle for circle in found if len(circle) > 1]


def test_circles_are_found():
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}
    assert [sorted(circle) for circle in circles(graph)] == [["b", "c"]]


def test_imports_make_no_circle():
    modules = {
        module: {target for target, _ in edges if target in FILES}
        for module, edges in EDGES.items()
    }
    rooms = defaultdict(set)
    for module, targets in modules.items():
        # A package's `__init__` offers what its modules hold: no circle of theirs.
        modules[module] = targets - {module}
        rooms[room(module)] |= {room(target) for target in targets} - {room(module), ""}
    without_fronts = {
        module: {t for t in targets if FILES[t].name != "__init__.py"}
        for module, targets in modules.items()
    }
    assert circles(without_fronts) == []
    assert circles({name: rooms[name] & rooms.keys() for name in list(rooms)}) == []


@pytest.mark.parametrize("module", sorted(FILES))
def test_imports_run_down(module):
    own = room(module)
    assert own == "" or own in FLOOR, f"say in FLOORS where adapt.{own} stands"
    up = [
        target
        for target, _ in EDGES[module]
        if own
        and room(target) not in ("", own)
        # Modules of the ground floor may use each other.
        and FLOOR[room(target)] >= max(FLOOR[own], 1)
    ]
    assert up == []


@pytest.mark.parametrize("module", sorted(FILES))
def test_no_private_name_of_another_package(module):
    private = [
        (target, name)
        for target, name in EDGES[module]
        if name and name.startswith("_") and not name.startswith("__")
        # `adapt._sklearn` stands for scikit-learn, where these names come from.
        if target != "adapt._sklearn" and room(target) != room(module)
    ]
    assert private == []


@pytest.mark.parametrize("module", sorted(FILES))
def test_only_deep_shelves_import_keras(module):
    if {"deep", "_deep"} & set(FILES[module].relative_to(ROOT).parts[1:-1]):
        pytest.skip("a deep shelf")
    tree = ast.parse(FILES[module].read_text("utf-8"))
    bound = {target.split(".")[0] for target, _, runs in imports_of(tree) if runs}
    assert not bound & FRAMEWORKS
    deep = [t for t, _ in EDGES[module] if "_deep" in t.split(".")]
    assert deep == [], "what needs Keras is found through the lazy names of its package"


# Functions that may be longer, each with the reason.
LONG: dict[tuple[str, str], str] = {}
LONGEST = 50  # lines of the body of a function, without docstring and comments


@pytest.mark.parametrize("module", sorted(FILES))
def test_functions_are_short(module):
    text = FILES[module].read_text("utf-8")
    lines = text.splitlines()
    long = {}
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.FunctionDef):
            continue
        documented = ast.get_docstring(node) is not None and len(node.body) > 1
        start = node.body[documented].lineno - 1
        body = [line.strip() for line in lines[start : node.end_lineno]]
        length = sum(bool(line) and not line.startswith("#") for line in body)
        if length > LONGEST and (module, node.name) not in LONG:
            long[node.name] = length
    assert long == {}


# Who may ask an object what it has: a frame is of a library that nobody imports.
ASKS_BY_HASATTR = {"adapt._frames"}


@pytest.mark.parametrize("module", sorted(FILES.keys() - ASKS_BY_HASATTR))
def test_no_dispatch_by_hasattr(module):
    calls = [
        node.lineno
        for node in ast.walk(ast.parse(FILES[module].read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "hasattr"
    ]
    assert calls == [], "ask by type, or by `adapt.base._estimators.has_method`"
