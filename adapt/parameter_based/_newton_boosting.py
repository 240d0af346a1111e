"""Boosting of regression trees by Newton steps, from given scores."""

import numpy as np
from scipy.special import expit, logsumexp, softmax
from sklearn import config_context

# Bounds of a Newton step and of a curvature, so that rows that fit perfectly are mild.
_LONGEST_STEP, _LEAST_CURVATURE = 4.0, 1e-6


class SquaredError:
    """Numbers: scores are predictions."""

    def loss(self, scores, Y):
        """Return the loss of each row."""
        return np.sum((scores - Y) ** 2, axis=1)

    def newton(self, scores, Y):
        """Return the Newton step of each score, and its curvature."""
        return Y - scores, np.ones_like(scores)


class LogLoss:
    """Classes: scores are log-odds of the second of two, or one for each."""

    def loss(self, scores, Y):
        """Return the loss of each row."""
        if scores.shape[1] == 1:
            return (np.logaddexp(0, scores) - Y * scores)[:, 0]
        return logsumexp(scores, axis=1) - np.sum(Y * scores, axis=1)

    def newton(self, scores, Y):
        """Return the Newton step of each score, and its curvature."""
        p = expit(scores) if scores.shape[1] == 1 else softmax(scores, axis=1)
        curvature = np.maximum(p * (1 - p), _LEAST_CURVATURE)
        return np.clip((Y - p) / curvature, -_LONGEST_STEP, _LONGEST_STEP), curvature


def grown(trees, X):
    """Return what each of some trees predicts for rows of 32 bits, a column each."""
    return np.column_stack([tree.tree_.predict(X) for tree in trees])


def boost(X, Y, scores, weight, loss, rate, make_tree):
    """Yield one stage of trees after another, each fitted to the Newton step.

    Parameters
    ----------
    X : ndarray of float32 of shape (n_samples, n_features)
        Rows.

    Y : ndarray of shape (n_samples, n_scores)
        Values, or memberships of classes.

    scores : ndarray of shape (n_samples, n_scores)
        Where to start; it is changed as trees are added.

    weight : ndarray of shape (n_samples,)
        Weights of the rows.

    loss : SquaredError or LogLoss

    rate : float
        Shrinkage of each tree.

    make_tree : callable
        Returns a regression tree to be fitted.

    Yields
    ------
    trees : list of regression trees
        One for each score. Weighing the steps by their curvature makes the value of a
        leaf its Newton step.
    """
    # Without it scikit-learn's trees do not look for missing values.
    check = bool(np.isnan(X).any())
    while True:
        steps, curvature = loss.newton(scores, Y)
        # For small trees its checks of parameters and rows would take most of the time.
        with config_context(skip_parameter_validation=True, assume_finite=not check):
            trees = [
                make_tree().fit(X, step, sample_weight=weight * c, check_input=check)
                for step, c in zip(
                    np.ascontiguousarray(steps.T), curvature.T, strict=True
                )
            ]
        scores += rate * grown(trees, X)
        yield trees


def held_out_losses(X, Y, scores, weight, loss, rates, folds, max_iter, make_tree):
    """Return the mean loss of held-out rows by rate and by number of stages.

    Parameters
    ----------
    X, Y, scores, weight, loss, make_tree
        As in `boost`; `scores` are left as they are.

    rates : sequence of float
        Shrinkages to try.

    folds : ndarray of int of shape (n_samples,)
        The fold in which each row is held out.

    max_iter : int
        Most stages.

    Returns
    -------
    losses : ndarray of shape (n_rates, max_iter + 1)
    """
    losses = np.zeros((len(rates), max_iter + 1))
    for fold in np.unique(folds):
        held = folds == fold
        X_held, Y_held, weight_held = X[held], Y[held], weight[held]
        for i, rate in enumerate(rates):
            stages = boost(
                X[~held],
                Y[~held],
                scores[~held].copy(),
                weight[~held],
                loss,
                rate,
                make_tree,
            )
            out = scores[held]
            losses[i, 0] += weight_held @ loss.loss(out, Y_held)
            for m, trees in zip(range(1, max_iter + 1), stages, strict=False):
                out += rate * grown(trees, X_held)
                losses[i, m] += weight_held @ loss.loss(out, Y_held)
    return losses / weight.sum()
