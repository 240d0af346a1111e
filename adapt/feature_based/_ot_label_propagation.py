"""Propagation of labels along the transport from the source to the target.

The optimal plan says from which source rows the mass of a target row comes; their
labels, on average, become its label. The rows stay where they are.
"""

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import column_or_1d

from adapt._domains import require_labels
from adapt._label_kinds import is_classification
from adapt.feature_based._transport import TransportAdapter, fit_shares


class OTLabelPropagation(TransportAdapter):
    r"""Give target rows the labels that optimal transport brings to them [1]_ [2]_.

    A plan :math:`G` of least cost brings the mass of the source rows to the target
    rows; the cost is the squared Euclidean distance in units of its mean over all
    pairs. The target row :math:`x_j` gets the mean of the labels that come with its
    mass, :math:`\sum_i G_{ij} y_i / \sum_i G_{ij}`: for classes, a share of each. Then
    `estimator` is fitted on the target rows alone.

    Parameters
    ----------
    estimator : estimator, default=None
        Fitted on the target rows. A classifier sees each once for every class that it
        has a share of, with that share as weight; if its `fit` has no `sample_weight`,
        with the class of the largest share. If None, `LogisticRegression` for classes
        and `LinearRegression` for numbers.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    method : {"emd", "sinkhorn", "group", "unbalanced"}, default="sinkhorn"
        The plan. "emd" is the exact one. "sinkhorn" adds entropy, so that a target row
        is labelled by several source rows. "group" is "sinkhorn" with a group lasso, so
        that the mass of a target row comes from one class. "unbalanced" is "sinkhorn"
        that may give rows more or less mass, for outliers and classes that one domain
        lacks.

    reg : float, default=0.1
        Strength of the entropy, in units of the mean cost.

    reg_classes : float, default=0.1
        Strength of the group lasso, in the same units.

    reg_marginals : float, default=0.5
        What "unbalanced" pays for changed masses, in the same units.

    batch_size : int, default=2000
        At most so many rows of each domain are transported at once. Larger domains are
        cut at random into parts that are transported pair by pair, and a row gets the
        mean over the pairs that it was in. If None, all rows are transported at once.

    max_plan_iter : int, default=1000
        Largest number of Sinkhorn iterations; for "emd", thousands of pivots.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted, or `estimator` itself.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Cuts large domains, and seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    target_labels_ : ndarray of shape (n_target_samples,)
        The label of each target row; for classes, that of the largest share. Several
        outputs have a column each.

    target_shares_ : ndarray of shape (n_target_samples, n_classes)
        Shares of the classes, in the order of their labels. Only for classes.

    estimator_ : estimator
        The fitted estimator.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ImportError
        If POT is not installed.
    ValueError
        If the source has no labels, if the data are not finite, if the iteration leaves
        the range of floats, or if "group" is given no classes.

    Warns
    -----
    ConvergenceWarning
        If `max_plan_iter` iterations were not enough.

    See Also
    --------
    OTMapping : Moves the rows in place of the labels.
    JDOTClassifier : Lets the fitted model have its say in the next plan.

    Notes
    -----
    Departures from [2]_ (and [1]_, which propagates along a graph):

    - Only the propagation of labels is taken from the paper. It estimates the class
      frequencies of the target first, over several sources; here they are those of the
      source.
    - `estimator` is fitted on the target rows, so that it predicts for others.
    - Domains of more than 2,000 rows are transported in random parts (`batch_size`),
      and costs are in units of their mean.

    ``OTLabelPropagation(reg=r, batch_size=None)`` is the published propagation, with
    ``r`` times the mean cost as its regularization.

    Costs what `OTMapping` costs.

    Whether labels are classes is decided as for the default `estimator`: numbers with a
    fractional part are not, and no labels are for a regressor.

    Weights of rows given to `fit` are their masses. The columns count as they are:
    standardise those whose units mean nothing. Plans keep the masses, so labels are
    taken to be distributed alike in both domains, except with "unbalanced".

    References
    ----------
    .. [1] Solomon, Rustamov, Guibas and Butscher. "Wasserstein propagation for
       semi-supervised learning." ICML, 2014.
    .. [2] Redko, Courty, Flamary and Tuia. "Optimal transport for multi-source domain
       adaptation under target shift." AISTATS, 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.svm import SVC
    >>> from adapt.datasets import make_moons_da
    >>> from adapt.feature_based import OTLabelPropagation
    >>> Xs, ys, Xt, yt = make_moons_da(angle=20, random_state=0)
    >>> model = OTLabelPropagation(SVC(gamma=2)).fit(Xs, ys, Xt=Xt)
    >>> float(np.mean(model.target_labels_ == yt))
    0.995
    >>> model.score(Xt, yt)
    1.0
    """

    _keeps_frames = True

    def __init__(
        self,
        estimator=None,
        Xt=None,
        method="sinkhorn",
        *,
        reg=0.1,
        reg_classes=0.1,
        reg_marginals=0.5,
        batch_size=2000,
        max_plan_iter=1000,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator,
            Xt,
            method,
            reg=reg,
            reg_classes=reg_classes,
            reg_marginals=reg_marginals,
            batch_size=batch_size,
            max_plan_iter=max_plan_iter,
            copy=copy,
            verbose=verbose,
            random_state=random_state,
        )

    def _adapt(self, domains):
        ys = domains.ys
        require_labels(self, ys, "transports labels")
        self._check_takes_weights(domains.source_weight)
        if self._takes_classes(ys):
            classes, codes = np.unique(column_or_1d(ys, warn=True), return_inverse=True)
            shares = self._propagate(domains, np.eye(len(classes))[codes])
            self.target_shares_ = shares
            self.target_labels_ = classes[shares.argmax(axis=1)]
            fit_shares(self, domains, shares, classes)
            return
        means = self._propagate(domains, ys.reshape(len(ys), -1))
        self.target_labels_ = means.reshape(len(means), *ys.shape[1:])
        self._fit_estimator(
            domains.target_rows,
            self.target_labels_,
            domains,
            sample_weight=domains.target_weight,
        )

    def _takes_classes(self, ys):
        """Return whether labels are classes, by the estimator if there is one."""
        if self.estimator is not None:
            return is_classifier(self.estimator)
        return np.ndim(ys) == 1 and is_classification(ys)

    def _propagate(self, domains, columns):
        """Return the columns of source rows, averaged over what reaches each target."""
        with self._stage("transporting"):
            sums = np.zeros((len(domains.Xt), columns.shape[1]))
            mass = np.zeros(len(sums))
            for source, target, plan in self._plans(domains):
                sums[target] += plan.T @ columns[source]
                mass[target] += plan.sum(axis=0)
        return sums / np.where(mass > 0, mass, 1)[:, np.newaxis]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags
