"""See how domains differ, what to do about it, and how good it will be."""

from adapt.inspection._column_shift_display import ColumnShiftDisplay
from adapt.inspection._column_tests import compare_columns
from adapt.inspection._continual_display import ContinualDisplay
from adapt.inspection._diagnose import diagnose_shift
from adapt.inspection._domain_scores_display import DomainScoresDisplay
from adapt.inspection._expected_accuracy import ExpectedAccuracy, expected_accuracy
from adapt.inspection._label_gain_display import LabelGainDisplay
from adapt.inspection._learning_curve_display import LearningCurveDisplay
from adapt.inspection._mixture_weights_display import MixtureWeightsDisplay
from adapt.inspection._series_display import SeriesDisplay
from adapt.inspection._shift_display import ShiftDisplay
from adapt.inspection._shift_report import ShiftReport
from adapt.inspection._source_ranking_display import SourceRankingDisplay
from adapt.inspection._training_display import TrainingDisplay
from adapt.inspection._transfer_matrix_display import TransferMatrixDisplay
from adapt.inspection._weights_display import WeightsDisplay

__all__ = [
    "ColumnShiftDisplay",
    "ContinualDisplay",
    "DomainScoresDisplay",
    "ExpectedAccuracy",
    "LabelGainDisplay",
    "LearningCurveDisplay",
    "MixtureWeightsDisplay",
    "SeriesDisplay",
    "ShiftDisplay",
    "ShiftReport",
    "SourceRankingDisplay",
    "TrainingDisplay",
    "TransferMatrixDisplay",
    "WeightsDisplay",
    "compare_columns",
    "diagnose_shift",
    "expected_accuracy",
]
