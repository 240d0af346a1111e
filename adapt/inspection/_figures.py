"""What the displays share: axes of matplotlib, and colours.

As in scikit-learn, each display has a constructor for what is to be drawn, makers that
compute it from estimators and data, and `plot`. Matplotlib is imported when something
is drawn.
"""

import numpy as np
from sklearn.base import is_regressor

from adapt._extras import missing
from adapt._label_kinds import is_classification

SOURCE, TARGET, TRUTH = "tab:blue", "tab:orange", "0.35"


def new_axes(ax, **params):
    """Return matplotlib's axes, new ones if none are given, and their figure."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise missing("A display", "matplotlib") from error
    if ax is None:
        _, ax = plt.subplots(layout="constrained", **params)
    figure = np.ravel(ax)[0].figure
    return ax, figure


def legend_outside(ax, **params):
    """Draw a legend to the right of the axes, so that it hides no data."""
    place = {"loc": "upper left", "bbox_to_anchor": (1.01, 1), "borderaxespad": 0}
    return ax.legend(**({"frameon": False} | place | params))


def score_name(adapter, y):
    """Return what `score` of an adapter is: the accuracy of classes, or R2."""
    return "R2" if is_regressor(adapter) or not is_classification(y) else "accuracy"
