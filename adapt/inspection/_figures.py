"""What the displays share: axes of matplotlib, and colours.

As in scikit-learn, each display has a constructor for what is to be drawn, makers that
compute it from estimators and data, and `plot`. Matplotlib is imported when something
is drawn.
"""

import numpy as np

from adapt._extras import missing

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
