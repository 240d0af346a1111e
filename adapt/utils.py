"""Names that users of ADAPT import from here; each lives in a package of its own."""

from adapt._adapt_names import former_names
from adapt.datasets import make_classification_da, make_regression_da
from adapt.deep import UpdateLambda

__all__ = ["UpdateLambda", "make_classification_da", "make_regression_da"]

__getattr__ = former_names(__name__)
