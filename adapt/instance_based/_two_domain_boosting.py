"""What the methods that boost on both domains share."""

import warnings
from abc import abstractmethod
from numbers import Integral, Real

import numpy as np
from sklearn.base import clone
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from adapt._domains import require_labels, require_weight
from adapt._frames import has_named_columns, stack_rows, take_rows
from adapt._sklearn import Interval
from adapt.base import BaseAdapter, MetaAdapter
from adapt.base._estimators import fit_inner, seed_estimator
from adapt.instance_based._two_domain_weights import (
    BothDomains,
    log_shares,
    update,
    vote_weights,
)


class TwoDomainBoosting(MetaAdapter):
    """Fit clones of ``estimator`` on both domains, with weights that the rounds change.

    A subclass says in `_losses` what a round gets wrong, and in `_combined` how rounds
    make one prediction.
    """

    _target_labels = "required"
    _allows_nan = True
    _allows_sparse = True
    _kind = "classifier"
    _keeps_frames = True
    _reads_rows = False

    _parameter_constraints: dict = {
        **MetaAdapter._parameter_constraints,
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "resample": ["boolean"],
    }

    def __init__(
        self,
        estimator=None,
        Xt=None,
        yt=None,
        n_estimators=10,
        lr=1.0,
        *,
        resample=False,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.yt = yt
        self.n_estimators = n_estimators
        self.lr = lr
        self.resample = resample

    @abstractmethod
    def _check_labels(self, ys, yt):
        """Return valid labels of both domains."""

    @abstractmethod
    def _first_weights(self, ns, nt):
        """Return the weights of all rows before the first round."""

    @abstractmethod
    def _combined(self, n_rounds):
        """Return an estimator that predicts as the first rounds do together."""

    def _boost(self, rows, rng):
        """Boost, and store the rounds and their weights."""
        prototype = self._prototype()
        beta = 1 / (1 + np.sqrt(2 * np.log(rows.n_source) / self.n_estimators))
        log_source, log_target = rows.split(log_shares(rows.weight))
        self.estimators_, errors = [], []
        self.sample_weights_src_, self.sample_weights_tgt_ = [], []
        with self._stage("boosting"):
            for _ in range(self.n_estimators):
                weight = len(rows.y) * np.exp(np.concatenate([log_source, log_target]))
                estimator = self._fit_round(prototype, rows, weight, rng)
                losses = self._losses(rows.y, estimator.predict(rows.X), weight)
                log_source, log_target, error = update(
                    log_source, log_target, *rows.split(losses), beta, self.lr
                )
                self.estimators_.append(estimator)
                self.sample_weights_src_.append(rows.split(weight)[0])
                self.sample_weights_tgt_.append(rows.split(weight)[1])
                errors.append(error)
                if error == 0:
                    break
        self.estimator_errors_ = np.array(errors)
        self.estimator_weights_ = vote_weights(self.estimator_errors_)
        self.estimator_ = self._combined(len(errors))
        if len(errors) < self.n_estimators:
            warnings.warn(
                f"{type(self).__name__} stopped after round {len(errors)} of "
                f"`n_estimators`={self.n_estimators}: `estimator` fits every labelled "
                "target row, so that no later round could outvote it. Lower "
                "`n_estimators`, or take a weaker `estimator` to boost.",
                UserWarning,
                stacklevel=3,
            )

    def _both_domains(self, domains):
        """Return the rows that are boosted on."""
        require_labels(self, domains.ys, "needs the labels of the source")
        Xt, yt, target_weight = domains.labelled_target()
        ys, yt = self._check_labels(domains.ys, yt)
        ns, nt = len(ys), len(yt)
        weight = self._first_weights(ns, nt)
        if domains.source_weight is not None:
            weight[:ns] *= domains.source_weight
        if target_weight is not None:
            weight[ns:] *= target_weight
        require_weight(target_weight, "labelled target")
        self._sees_frames = has_named_columns(domains.Xs)
        y = np.concatenate([ys, yt])
        return BothDomains(stack_rows(domains.Xs, Xt), y, weight, ns, domains.Xt)

    def _prototype(self):
        """Return what is cloned in each round."""
        prototype = self._stand_in()
        if get_tags(prototype).estimator_type != self._kind:
            raise TypeError(
                f"`estimator` of {type(self).__name__} must be a {self._kind}, got "
                f"{type(prototype).__name__}."
            )
        if not self.resample:
            self._check_takes_weights(True)
        return prototype

    def _fit_round(self, prototype, rows, weight, rng):
        estimator = clone(prototype)
        if self.random_state is not None:
            seed_estimator(estimator, rng)
        params = {"Xt": rows.Xt} if isinstance(estimator, BaseAdapter) else {}
        if not self.resample:
            return fit_inner(estimator, rows.X, rows.y, weight, **params)
        drawn = self._draw(rows.y, weight, rng)
        return fit_inner(estimator, take_rows(rows.X, drawn), rows.y[drawn], **params)

    def _draw(self, y, weight, rng):
        """Return the rows of a bootstrap drawn by the weights."""
        return rng.choice(len(y), len(y), p=weight / weight.sum())

    def _losses(self, y, predicted, weight):
        """Return the loss of each row, from 0 to 1."""
        return predicted != y

    def staged_predict(self, X, *, sample_domain=None):
        """Predict labels after each round.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of the target.

        sample_domain : int or array-like of shape (n_samples,), default=None
            For a common interface; the prediction is the same in all domains.

        Yields
        ------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            What `predict` would give if boosting had ended with this round.
        """
        X = self._encode(X, sample_domain)
        for n_rounds in range(1, len(self.estimators_) + 1):
            yield self._combined(n_rounds).predict(X)

    def predict_weights(self, domain="src"):
        """Return the weights that the last round was fitted with.

        Parameters
        ----------
        domain : {"src", "source", "tgt", "target"}, default="src"
            Whose weights.

        Returns
        -------
        weights : ndarray of shape (n_samples,)
            Weights of the source rows, or of the labelled target rows.
        """
        check_is_fitted(self)
        if domain in ("src", "source"):
            return self.sample_weights_src_[-1]
        if domain in ("tgt", "target"):
            return self.sample_weights_tgt_[-1]
        raise ValueError(
            f"`domain` must be 'src', 'source', 'tgt' or 'target', got {domain!r}."
        )
