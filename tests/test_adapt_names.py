"""The page for users of ADAPT names each public name of ADAPT 0.4.5."""

import copy
from importlib import import_module
from pathlib import Path

import pytest

import adapt.feature_based
import adapt.instance_based
import adapt.metrics
import adapt.parameter_based
from adapt._adapt_names import MEMBERS, NAMES
from adapt.discovery import all_adapters
from adapt.feature_based import CORAL
from adapt.parameter_based import LinInt

PAGE = Path(__file__).parents[1] / "docs" / "coming_from_adapt.rst"

SAME = {
    adapt.feature_based: "FA CORAL DeepCORAL ADDA DANN MCD MDD WDGRL CDAN SA fMMD CCSA "
    "TCA PRED",
    adapt.instance_based: "LDM KLIEP KMM TrAdaBoost TrAdaBoostR2 TwoStageTrAdaBoostR2 "
    "WANN NearestNeighborsWeighting BalancedWeighting IWN ULSIF RULSIF IWC",
    adapt.parameter_based: "RegularTransferLR RegularTransferLC RegularTransferNN "
    "RegularTransferGP FineTuning TransferTreeClassifier TransferForestClassifier "
    "TransferTreeSelector TransferForestSelector LinInt",
    adapt.metrics: "make_uda_scorer cov_distance frechet_distance "
    "normalized_frechet_distance linear_discrepancy normalized_linear_discrepancy "
    "neg_j_score domain_classifier reverse_validation",
}
OTHERS = (
    "BaseAdapt BaseAdaptEstimator BaseAdaptDeep make_insert_doc UpdateLambda accuracy "
    "check_arrays check_estimator check_network get_default_encoder get_default_task "
    "get_default_discriminator make_classification_da make_regression_da "
    "check_sample_weight set_random_seed check_fitted_estimator check_fitted_network "
    "check_if_compiled new_init unsupervised_score fit_estimator predict_estimator "
    "score_estimator predict_disc predict_avg predict_task compile save_weights "
    "history pretrain_step sample_weight_src"
)


@pytest.mark.parametrize("package", SAME, ids=lambda package: package.__name__)
def test_the_same_names_are_there(package):
    page = PAGE.read_text()
    for name in SAME[package].split():
        assert name in package.__all__
        assert f"`{name}`" in page


def test_other_names_are_said_on_the_page():
    page = PAGE.read_text()
    missing = [name for name in OTHERS.split() if f"`{name}" not in page]
    assert not missing


PACKAGES = {name: import_module(name) for name in NAMES}
ADAPTERS = [cls for _, cls in all_adapters(deep=False)]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_name_of_adapt_says_what_to_write_here(package):
    for name, advice in NAMES[package].items():
        assert f"`{name}" in PAGE.read_text()
        with pytest.raises(ImportError, match=f"`{name}` of ADAPT") as caught:
            exec(f"from {package} import {name}", {})
        assert advice in str(caught.value)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        PACKAGES[package].nothing  # noqa: B018


@pytest.mark.parametrize("cls", ADAPTERS, ids=lambda cls: cls.__name__)
def test_a_member_of_adapt_says_what_to_write_here(cls):
    model = cls()
    for name in MEMBERS.keys() - model.get_params().keys():
        with pytest.raises(AttributeError, match=f"`{name}` of ADAPT .* Here it is"):
            getattr(model, name)
    assert not hasattr(model, "compile")
    with pytest.raises(AttributeError, match="'nothing'"):
        model.nothing  # noqa: B018
    assert vars(copy.deepcopy(model)) == vars(model)


def test_members_of_adapt_are_said_on_the_page():
    page = PAGE.read_text()
    assert not [name for name in MEMBERS if f"`{name}" not in page]


def test_an_error_of_a_property_is_not_hidden():
    with pytest.raises(AttributeError, match="estimator_"):
        CORAL().classes_  # noqa: B018
    with pytest.raises(AttributeError, match="decision functions"):
        LinInt().decision_function  # noqa: B018
