"""The page for users of ADAPT names each public name of ADAPT 0.4.5."""

from pathlib import Path

import pytest

import adapt.feature_based
import adapt.instance_based
import adapt.metrics
import adapt.parameter_based

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
