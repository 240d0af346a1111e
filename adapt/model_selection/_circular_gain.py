"""Judge methods by held-out source rows, without labels of the target.

Circular validation is the evidence for a method. The score of source rows that are
weighted to look like the target may rest on few rows, so it is only shown.
"""

import math

from adapt.base import SourceOnly, WeightAdapter
from adapt.metrics import CircularValidation, ImportanceWeighted
from adapt.model_selection._candidates import BASELINE
from adapt.model_selection._held_out_scores import held_out_source, judge, source_calls
from adapt.model_selection._one_by_one import fit_and_predict


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
    task : Task
        The domains.

    estimator : estimator
        What all methods fit. Source-only is judged by this one, on the same columns as
        the others, also if its model of all rows standardises them again.

    Attributes
    ----------
    judgeable : bool
        Whether there are rows enough to hold some out.

    rows_in_use : float
        Effective number of source rows behind the importance-weighted score.
    """

    def __init__(self, task, estimator):
        self.task = task
        self._baseline = SourceOnly(estimator)
        self._circular = CircularValidation().fit(task.Xs, task.Xt)
        self._weighted = ImportanceWeighted().fit(task.Xs, task.Xt)
        self.rows_in_use = self._weighted.effective_sample_size(task.Xs)
        self._folds = task.source_folds()
        self.judgeable = self._folds is not None
        self._of_baseline = None

    def shared(self):
        """Return the arrays that calls are given."""
        return [*self.task.rows(), *([self._folds] if self.judgeable else [])]

    def calls(self, name, method):
        """Return a call for each fold, if there are any, and one on all rows."""
        task = self.task
        on_all = fit_and_predict, method, task.Xs, task.ys, task.Xt, task.source_weight
        if not self.judgeable:
            return [on_all]
        judged = self._baseline if name == BASELINE else method
        return [*source_calls(judged, task, self._folds), on_all]

    def finish(self, name, results):
        """Return a row of the table, the method fitted on all rows, and predictions."""
        *parts, (model, seconds, predicted) = results
        row = {"method": name}
        row |= self._evidence(name, parts) if self.judgeable else standing(0.0, 0.0)
        row["fit_seconds"] = seconds
        if isinstance(model, WeightAdapter):
            row["ess"] = model.effective_sample_size_
        row |= true_score(predicted, self.task)
        return row, model, predicted

    def _evidence(self, name, parts):
        """Return the columns of the table that hold evidence."""
        scorers = [self._circular, self._weighted]
        returned, weighted = held_out_source(parts, scorers, self.task, self._folds)
        if name == BASELINE:
            self._of_baseline = returned
        row = standing(*returned.gain(self._of_baseline))
        row["circular"], row["circular_se"] = returned.score()
        row["weighted"], row["weighted_se"] = weighted.score()
        return row
