"""See how domains differ, what to do about it, and how good it will be."""

from adapt.inspection._columns import compare_columns
from adapt.inspection._diagnose import ShiftReport, diagnose_shift
from adapt.inspection._expected_accuracy import ExpectedAccuracy, expected_accuracy

__all__ = [
    "ExpectedAccuracy",
    "ShiftReport",
    "compare_columns",
    "diagnose_shift",
    "expected_accuracy",
]
