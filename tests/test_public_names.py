"""Public names: those that users of ADAPT know, and where each has to stand."""

import importlib.util
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from adapt.discovery import all_adapters

ROOT = Path(__file__).parents[1]
FAMILIES = (
    "feature_based",
    "instance_based",
    "parameter_based",
    "imputation",
    "multi_domain",
    "series",
)
PUBLIC = (*FAMILIES, "parameter_based.tuners")

# First parameters of each class of ADAPT 0.4.5, in the order in which they can be given
# by position.
ADAPT_PARAMETERS = {
    "FA": "estimator Xt yt",
    "PRED": "estimator Xt yt copy pretrain",
    "CORAL": "estimator Xt lambda_",
    "SA": "estimator Xt n_components",
    "TCA": "estimator Xt n_components mu kernel",
    "fMMD": "estimator Xt threshold kernel gamma degree coef",
    "KMM": "estimator Xt kernel B eps max_size tol max_iter",
    "KLIEP": "estimator Xt kernel sigmas max_centers cv algo lr tol max_iter",
    "ULSIF": "estimator Xt kernel lambdas max_centers",
    "RULSIF": "estimator Xt kernel alpha lambdas max_centers",
    "NearestNeighborsWeighting": "estimator Xt n_neighbors radius algorithm leaf_size "
    "metric p metric_params n_jobs",
    "IWC": "estimator Xt yt classifier cl_params",
    "LDM": "estimator Xt",
    "BalancedWeighting": "estimator Xt yt gamma",
    "TrAdaBoost": "estimator Xt yt n_estimators lr",
    "TrAdaBoostR2": "estimator Xt yt n_estimators lr",
    "TwoStageTrAdaBoostR2": "estimator Xt yt n_estimators n_estimators_fs cv lr",
    "RegularTransferLR": "estimator Xt yt lambda_",
    "RegularTransferLC": "estimator Xt yt lambda_",
    "RegularTransferGP": "estimator Xt yt lambda_",
    "LinInt": "estimator Xt yt prop",
    "TransferTreeClassifier": "estimator Xt yt algo",
    "TransferForestClassifier": "estimator Xt yt algo bootstrap",
}
TAIL = {"copy", "verbose", "random_state"}
SHALLOW = dict(all_adapters(deep=False))


@pytest.mark.parametrize("name", sorted(set(ADAPT_PARAMETERS) & set(SHALLOW)))
def test_parameters_of_adapt_in_their_order(name):
    parameters = inspect.signature(SHALLOW[name]).parameters
    expected = ADAPT_PARAMETERS[name].split()
    assert list(parameters)[: len(expected)] == expected
    assert set(parameters) >= TAIL
    assert all(p.kind is not p.VAR_KEYWORD for p in parameters.values())


@pytest.mark.parametrize("family", PUBLIC)
def test_public_names_are_sorted_and_exist(family):
    package = importlib.import_module(f"adapt.{family}")
    names = package.__all__
    by_letters = sorted(set(names), key=lambda name: (name.lower(), name))
    assert sorted(names, key=lambda name: (name.lower(), name)) == by_letters
    assert set(names) <= set(dir(package))
    for name in set(names) & set(vars(package)):
        assert getattr(package, name).__doc__


@pytest.mark.parametrize("family", PUBLIC)
def test_adapters_stand_in_the_changelog(family):
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    names = set(importlib.import_module(f"adapt.{family}").__all__)
    classes = {name for name in names if name[0].isupper() or name == "fMMD"}
    assert not {name for name in classes if f"`{name}`" not in changelog}


def test_every_package_is_on_the_api_page():
    spec = importlib.util.spec_from_file_location(
        "api_pages", ROOT / "docs" / "api_pages.py"
    )
    api_pages = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(api_pages)
    inits = [path.parent for path in (ROOT / "adapt").glob("*/**/__init__.py")]
    parts = [path.relative_to(ROOT).parts for path in inits]
    packages = {".".join(names) for names in parts if "_" not in {n[0] for n in names}}
    packages |= {f"adapt.{path.stem}" for path in (ROOT / "adapt").glob("[!_]*.py")}
    assert packages - {"adapt.utils"} == set(api_pages._PACKAGES)


@pytest.mark.parametrize(
    "module", ["adapt", "adapt.base", *(f"adapt.{family}" for family in PUBLIC)]
)
def test_import_has_no_side_effects(module):
    code = f"""
import logging, random, sys, warnings
import numpy as np, sklearn, sklearn.linear_model
config, filters = sklearn.get_config(), list(warnings.filters)
states = lambda: (
    random.getstate(), np.random.get_state()[1].tolist(),
    logging.root.level, logging.root.handlers[:],
)
before = states()
import {module}
assert sklearn.get_config() == config
assert states() == before
late = {{"keras", "tensorflow", "jax", "torch", "ot", "matplotlib"}}
assert not late & sys.modules.keys(), late & sys.modules.keys()
assert [f for f in warnings.filters if f not in filters] == []
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == done.stderr == ""


def test_utils_has_what_users_of_adapt_import_from_it():
    from adapt import datasets, deep, utils

    assert utils.UpdateLambda is deep.UpdateLambda
    assert utils.make_classification_da is datasets.make_classification_da
    assert utils.make_regression_da is datasets.make_regression_da


def test_unknown_names_are_attribute_errors():
    import adapt

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = adapt.nothing
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = adapt.feature_based.nothing


def test_all_adapters_lists_families():
    names = {family: dict(all_adapters(family, deep=False)) for family in FAMILIES}
    assert "CORAL" in names["feature_based"]
    assert "IWC" in names["instance_based"]
    assert "RegularTransferLR" in names["parameter_based"]
    assert {**names["feature_based"], **names["instance_based"]}.items() <= set(
        SHALLOW.items()
    )
    with pytest.raises(ValueError, match="`family` must be one of"):
        all_adapters("features")
