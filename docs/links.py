"""Links to scikit-learn, numpy, pandas, Keras and POT.

Sphinx finds the address of a name in an inventory, which it fetches from the other
project. A build needs no network here, so inventories of the names that the pages
mention are written from the table below.
"""

import zlib
from pathlib import Path

_SKLEARN = {
    "class": """
        compose.ColumnTransformer compose.TransformedTargetRegressor
        decomposition.PCA ensemble.HistGradientBoostingClassifier
        ensemble.HistGradientBoostingRegressor ensemble.RandomForestClassifier
        ensemble.RandomForestRegressor gaussian_process.GaussianProcessClassifier
        impute.IterativeImputer impute.SimpleImputer linear_model.LinearRegression
        linear_model.LogisticRegression linear_model.Ridge linear_model.RidgeClassifier
        linear_model.SGDClassifier model_selection.GridSearchCV
        model_selection.GroupKFold model_selection.StratifiedKFold
        naive_bayes.GaussianNB neighbors.KNeighborsClassifier
        neural_network.MLPClassifier pipeline.Pipeline preprocessing.OneHotEncoder
        preprocessing.StandardScaler svm.SVC tree.DecisionTreeClassifier
        tree.DecisionTreeRegressor utils.Bunch
    """,
    "function": """
        datasets.make_classification datasets.make_moons model_selection.cross_val_score
        pipeline.make_pipeline
    """,
}
_KERAS = {
    "keras.Model": "models/model/",
    "keras.Sequential": "models/sequential/",
    "keras.callbacks.EarlyStopping": "callbacks/early_stopping/",
    "keras.layers.Conv1D": "layers/convolution_layers/convolution1d/",
    "keras.layers.Dense": "layers/core_layers/dense/",
    "keras.layers.Layer": "layers/base_layer/",
    "keras.optimizers.Adam": "optimizers/adam/",
}


def _of_sklearn():
    for role, names in _SKLEARN.items():
        for name in names.split():
            full = f"sklearn.{name}"
            yield full, f"py:{role}", f"modules/generated/{full}.html#{full}"


def _pages(role, pattern, names):
    return [(name, f"py:{role}", pattern.format(name)) for name in names.split()]


def _of_python():
    """Yield what numpydoc links types of parameters to."""
    for name in ("list", "tuple", "str", "dict"):
        yield name, "py:class", f"library/stdtypes.html#{name}"
    for name in ("int", "float"):
        yield name, "py:class", f"library/functions.html#{name}"
    for name in ("None", "True", "False"):
        yield name, "py:data", f"library/constants.html#{name}"
    for name in ("generator", "iterable", "sequence"):
        yield name, "std:term", f"glossary.html#term-{name}"
    yield "callable", "py:function", "library/functions.html#callable"
    yield "bltin-boolean-values", "std:label", "library/stdtypes.html"


PROJECTS = {
    "python": ("https://docs.python.org/3/", list(_of_python())),
    "sklearn": ("https://scikit-learn.org/stable/", list(_of_sklearn())),
    "numpy": (
        "https://numpy.org/doc/stable/",
        [
            ("array_like", "std:term", "glossary.html#term-array_like"),
            ("arrays.scalars", "std:label", "reference/arrays.scalars.html"),
            *_pages("class", "reference/generated/{0}.html#{0}", "numpy.ndarray"),
            *_pages(
                "class", "reference/random/legacy.html#{}", "numpy.random.RandomState"
            ),
        ],
    ),
    "pandas": (
        "https://pandas.pydata.org/docs/",
        _pages("class", "reference/api/{0}.html#{0}", "pandas.DataFrame pandas.Series"),
    ),
    "keras": (
        "https://keras.io/api/",
        [(name, "py:class", page) for name, page in _KERAS.items()],
    ),
    "ot": (
        "https://pythonot.github.io/",
        _pages("function", "all.html#{}", "ot.emd ot.sinkhorn"),
    ),
}


def names():
    """Return the kind and the full name of what is linked, by its last part."""
    entries = [e for project in ("sklearn", "keras") for e in PROJECTS[project][1]]
    kinds = {"py:class": "class", "py:function": "func"}
    return {name.split(".")[-1]: (kinds[role], name) for name, role, _ in entries}


def inventories(folder):
    """Write an inventory for each project, and return the setting of intersphinx."""
    folder = Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for project, (address, entries) in PROJECTS.items():
        lines = [f"{name} {role} 1 {page} -\n" for name, role, page in entries]
        head = f"# Sphinx inventory version 2\n# Project: {project}\n# Version: \n"
        head += "# The remainder of this file is compressed using zlib.\n"
        path = folder / f"{project}.inv"
        path.write_bytes(head.encode() + zlib.compress("".join(lines).encode()))
        found[project] = address, str(path)
    return found
