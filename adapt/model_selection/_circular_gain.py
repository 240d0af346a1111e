"""Judge methods by held-out source rows, without labels of the target.

Circular validation is the evidence for a method. The score of source rows that are
weighted to look like the target may rest on few rows, so it is only shown.
"""

import math

from adapt.metrics import CircularValidation, ImportanceWeighted
from adapt.model_selection._held_out_scores import held_out_source, judge


def standing(gain, error):
    """Return the columns of the table that compare a method with source-only."""
    if error > 0:
        margin = gain / error
    else:
        margin = 0.0 if gain == 0 else math.copysign(math.inf, gain)
    return {"gain": gain, "gain_se": error, "margin": margin}


def true_score(predicted, task):
    """Return the score by known target labels as a column, none if none is known."""
    if task.yt is None:
        return {}
    y = task.yt[task.labelled]
    return {"target": judge(y, predicted[task.labelled], task.scoring).score()[0]}


class OnSource:
    """Judge methods by held-out source rows, against source-only.

    Parameters
    ----------
    baseline : BaseAdapter
        Source-only; it is the first to be judged.

    task : Task
        The domains.
    """

    def __init__(self, baseline, task):
        self.baseline, self.task = baseline, task
        self._circular = CircularValidation().fit(task.Xs, task.Xt)
        self._weighted = ImportanceWeighted().fit(task.Xs, task.Xt)
        self.rows_in_use = self._weighted.effective_sample_size(task.Xs)
        self._of_baseline = None

    def __call__(self, method):
        """Return the columns of the table that hold evidence."""
        scorers = [self._circular, self._weighted]
        returned, weighted = held_out_source(method, scorers, self.task)
        if method is self.baseline:
            self._of_baseline = returned
        row = standing(*returned.gain(self._of_baseline))
        row["circular"], row["circular_se"] = returned.score()
        row["weighted"], row["weighted_se"] = weighted.score()
        return row
