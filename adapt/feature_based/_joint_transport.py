"""Turns of transport and fit, the base of joint distribution optimal transport."""

import warnings
from abc import abstractmethod
from numbers import Integral, Real

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from adapt._domains import require_labels
from adapt._frames import take_rows
from adapt._sklearn import Interval
from adapt.base import MetaAdapter
from adapt.feature_based._exact_transport import exact_transport
from adapt.feature_based._transport import masses
from adapt.feature_based._transport_plan import transport_cost


class JointTransport(MetaAdapter):
    """The turns; a subclass knows how labels are averaged, compared and fitted."""

    _keeps_frames = True

    _parameter_constraints: dict = {
        **MetaAdapter._parameter_constraints,
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left"), None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        estimator=None,
        Xt=None,
        alpha=1.0,
        *,
        batch_size=2000,
        max_iter=100,
        tol=2e-3,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.alpha = alpha
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.tol = tol

    def _packages(self):
        return ("ot",)

    @abstractmethod
    def _check_labels(self, ys):
        """Return the labels of the source, or refuse them or the estimator."""

    @abstractmethod
    def _columns(self, ys):
        """Return labels as an array of shape (n_source, n_columns), to be averaged."""

    @abstractmethod
    def _losses(self, ys, Xt):
        """Return the loss of the model on every target row for every source label."""

    @abstractmethod
    def _fit_target(self, domains, columns):
        """Fit the estimator on target rows with labels averaged over a plan."""

    def _adapt(self, domains):
        require_labels(self, domains.ys, "transports labels")
        self._check_takes_weights(domains.source_weight)
        domains = domains._replace(ys=self._check_labels(domains.ys))
        self._fit_estimator(
            domains.source_rows,
            domains.ys,
            domains,
            sample_weight=domains.source_weight,
        )
        with self._stage("transporting"):
            self._take_turns(domains)

    def _take_turns(self, domains):
        rng = check_random_state(self.random_state)
        parts = list(masses(domains, self.batch_size, rng))
        solved = [None] * len(parts)
        columns = self._columns(domains.ys)
        distances = None
        objective = []
        for round_ in range(1, self.max_iter + 1):
            self.n_iter_ = round_
            sums = np.zeros((len(domains.Xt), columns.shape[1]))
            mass, total = np.zeros(len(sums)), 0.0
            for k, (source, target, a, b) in enumerate(parts):
                Xt = domains.Xt[target]
                if distances is None or len(parts) > 1:  # else they stay the same
                    distances = transport_cost(domains.Xs[source], Xt)
                rows = take_rows(domains.target_rows, target)
                C = self.alpha * distances + self._losses(domains.ys[source], rows)
                solved[k] = exact_transport(C, a, b, solved[k], gap=self.tol / 4)
                plan = solved[k].plan
                sums[target] += plan.T @ columns[source]
                mass[target] += b
                total += plan.multiply(C).sum()
            objective.append(total / len(parts))
            averages = sums / np.where(mass > 0, mass, 1)[:, np.newaxis]
            self._fit_target(domains, averages)
            if len(objective) > 1:
                change = abs(objective[-2] - objective[-1])
                if change <= self.tol * abs(objective[-1]):
                    break
        else:
            warnings.warn(
                f"{type(self).__name__} stopped while the objective still changed, "
                f"after {self.max_iter} rounds. Raise `max_iter` or `tol`.",
                ConvergenceWarning,
                stacklevel=4,
            )
        self.objective_ = np.array(objective)
