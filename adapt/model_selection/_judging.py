"""Judge methods by held-out source rows, without labels of the target.

Circular validation is the evidence for a method. Importance weights may rest on few
rows, so they are used only as a veto: a method loses what its importance-weighted score
loses, and its circular gain where that is clearly a loss on source rows that resemble
the target. Methods that weigh rows to predict numbers have other evidence, see
`by_weights`, and so have those that weigh classes.
"""

import math

from adapt.base import WeightAdapter
from adapt.metrics import CircularValidation, ImportanceWeighted
from adapt.model_selection._class_evidence import LikeTarget, class_evidence
from adapt.model_selection._doubly_robust import GainOfWeights
from adapt.model_selection._held_out_scores import held_out_source


def standing(gain, error):
    """Return the columns that the recommendation rests on."""
    if error > 0:
        margin = gain / error
    else:
        margin = 0.0 if gain == 0 else math.copysign(math.inf, gain)
    return {"gain": gain, "gain_se": error, "margin": margin}


def weighs_classes(method):
    """Whether a method gives rows of one class one weight."""
    return isinstance(method, WeightAdapter) and method._weighs_labels


def by_weights(method, task):
    """Whether importance weights, not the way back, are the evidence for a method.

    A model that is fitted on the source rows that are like the target gives up the
    others, and a model of its predictions says so: the way back speaks against it just
    where the true function bends and it helps. Where labels have one function in both
    domains, `GainOfWeights` tells what it gains.
    """
    return task.scoring == "r2" and isinstance(method, WeightAdapter)


class OnSource:
    """Judge methods by held-out source rows, against source-only.

    Parameters
    ----------
    baseline : BaseAdapter
        Source-only; it is the first to be judged.

    task : Task
        The domains.

    rule : Rule
        By which evidence is judged.
    """

    def __init__(self, baseline, task, rule):
        self.baseline, self.task, self.rule = baseline, task, rule
        self._circular = CircularValidation().fit(task.Xs, task.Xt)
        self._weighted = ImportanceWeighted().fit(task.Xs, task.Xt)
        self.rows_in_use = self._weighted.effective_sample_size(task.Xs)
        self.classes = None
        if task.scoring != "r2":
            self.classes = class_evidence(
                task.Xs, task.ys, task.Xt, task.source_weight, task.random_state, rule
            )
        self._of_baseline = self._gain_of_weights = None

    def __call__(self, method):
        """Return the columns of the table that hold evidence."""
        scorers = [self._circular, self._weighted]
        by_classes = self.classes is not None and weighs_classes(method)
        if by_classes or (method is self.baseline and self.classes is not None):
            scorers.append(LikeTarget(self.classes.weights))
        held_out = held_out_source(method, scorers, self.task)
        if method is self.baseline:
            self._of_baseline = held_out
        if by_weights(method, self.task):
            gain = self._doubly_robust(method)
        elif by_classes:
            gain = held_out[2].gain(self._of_baseline[2])
        else:
            gain = self._there_and_back(*held_out[:2])
        row = standing(*gain)
        row["circular"], row["circular_se"] = held_out[0].score()
        row["weighted"], row["weighted_se"] = held_out[1].score()
        return row

    def _there_and_back(self, returned, reweighted):
        """Return the gain, and its standard error, of predictions by both scorers."""
        gain, gain_se = returned.gain(self._of_baseline[0])
        # The way back may fail where the target has no rows, through no fault of the
        # way there. So it must not be clearly worse where the target has some.
        alike, alike_se = returned._replace(weights=reweighted.weights).gain(
            self._of_baseline[0]
        )
        if alike < -self.rule.margin * alike_se:
            gain += alike
        # Few rows may carry the weights: they speak against a method, not for it.
        return gain + min(0.0, reweighted.gain(self._of_baseline[1])[0]), gain_se

    def _doubly_robust(self, method):
        if self._gain_of_weights is None:
            self._gain_of_weights = GainOfWeights(
                self.baseline, self.task, self._weighted.weights(self.task.Xs)
            )
        gain, gain_se = self._gain_of_weights.of(method)
        enough = self.rows_in_use >= self.rule.least_rows
        return gain if enough else min(0.0, gain), gain_se
