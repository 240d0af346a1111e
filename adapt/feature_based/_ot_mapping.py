"""Transport of the source to the target, row by row.

The optimal plan says to which target rows the mass of a source row goes; the row moves
to their mean. Nothing is done to the target.
"""

import numpy as np
from sklearn.base import OneToOneFeatureMixin
from sklearn.metrics import pairwise_distances_argmin

from adapt.base import FeatureAdapter
from adapt.feature_based._transport import TransportAdapter


class OTMapping(OneToOneFeatureMixin, TransportAdapter, FeatureAdapter):
    r"""Move each source row along the optimal transport plan [1]_.

    A plan :math:`G` of least cost brings the mass of the source rows to the target
    rows; the cost is the squared Euclidean distance in units of its mean over all
    pairs. The row :math:`x_i` moves to the mean of where its mass goes,
    :math:`\sum_j G_{ij} x_j / \sum_j G_{ij}`. Target rows stay as they are.

    Source rows that were not in `fit` make the move of the nearest one that was [2]_.

    Parameters
    ----------
    estimator : estimator, default=None
        Fitted on the moved source. If None, `LogisticRegression` for classes and
        `LinearRegression` for numbers.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    method : {"emd", "sinkhorn", "group", "unbalanced"}, default="emd"
        The plan. "emd" is the exact one. "sinkhorn" adds entropy, which spreads the
        mass of a row over neighbours. "group" is "sinkhorn" with a group lasso, so that
        the mass of a target row comes from one class of the source; it reads the labels
        of the source only. "unbalanced" is "sinkhorn" that may give rows more or less
        mass, for outliers and classes that one domain lacks.

    reg : float, default=0.1
        Strength of the entropy, in units of the mean cost.

    reg_classes : float, default=0.1
        Strength of the group lasso, in the same units.

    reg_marginals : float, default=0.5
        What "unbalanced" pays for changed masses, in the same units.

    batch_size : int, default=2000
        At most so many rows of each domain are transported at once. Larger domains are
        cut at random into parts that are transported pair by pair, and a row moves by
        the mean over the pairs that it was in [3]_. If None, all rows are transported
        at once.

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
    anchors_ : ndarray of shape (n_anchors, n_features)
        The source rows that have mass: all of them, but for rows of weight zero and
        rows that "unbalanced" gives up.

    displacements_ : ndarray of shape (n_anchors, n_features)
        Their moves.

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
        If the data are not finite, if a domain is missing or empty, if the iteration
        leaves the range of floats, or if "group" is given no classes.

    Warns
    -----
    ConvergenceWarning
        If `max_plan_iter` iterations were not enough.

    See Also
    --------
    LinearOT : The transport between Gaussians, an affine map.
    OTLabelPropagation : Moves the labels in place of the rows.
    JDOTClassifier : Moves rows and labels together.
    transport_plan : The plan itself.

    Notes
    -----
    Departures from [1]_:

    - Domains of more than 2,000 rows are transported in random parts (`batch_size`).
    - Costs are in units of their mean, so `reg` and `reg_classes` are those of the
      paper divided by it.

    ``OTMapping(batch_size=None)`` is the published algorithm with the exact plan, and
    ``OTMapping(method="group", reg=r, reg_classes=e, batch_size=None)`` with the plan
    that the paper advises.

    For batches of n rows an exact plan takes between O(n^2) and O(n^3) operations,
    depending on the data, and an entropic one O(n^2) per iteration; memory O(n^2). As
    the size of the batches is fixed, costs grow linearly with the rows. Other source
    rows are compared with all anchors, in blocks.

    Weights of rows given to `fit` are their masses, beside weighing the rows in the
    loss of `estimator`.

    The columns count as they are: standardise those whose units mean nothing. Plans
    keep the masses, so classes are taken to be as frequent in the target as in the
    source, except with "unbalanced".

    References
    ----------
    .. [1] Courty, Flamary, Tuia and Rakotomamonjy. "Optimal transport for domain
       adaptation." IEEE Transactions on Pattern Analysis and Machine Intelligence,
       2017.
    .. [2] Ferradans, Papadakis, Peyre and Aujol. "Regularized discrete optimal
       transport." SIAM Journal on Imaging Sciences, 2014.
    .. [3] Fatras, Zine, Flamary, Gribonval and Courty. "Learning with minibatch
       Wasserstein: asymptotic and gradient properties." AISTATS, 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.feature_based import OTMapping
    >>> Xs = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> Xt = Xs[::-1] + [5, 0.2]
    >>> model = OTMapping().fit(Xs, [0, 0, 1, 1], Xt=Xt)
    >>> model.transform(Xs, sample_domain=0)
    array([[5. , 0.2],
           [5. , 1.2],
           [6. , 0.2],
           [6. , 1.2]])
    >>> model.predict([[5.1, 0.3], [5.9, 1.0]])
    array([0, 1])
    """

    _keeps_frames = True

    def _fit_maps(self, domains):
        images = np.zeros(domains.Xs.shape)
        times = np.zeros(len(images))
        for source, target, plan in self._plans(domains):
            mass = plan.sum(axis=1)
            if not mass.all():  # the copy of a plan takes long
                source, plan, mass = source[mass > 0], plan[mass > 0], mass[mass > 0]
            images[source] += plan @ domains.Xt[target] / mass[:, np.newaxis]
            times[source] += 1
        moved = times > 0
        self.anchors_ = domains.Xs[moved]
        images = images[moved] / times[moved, np.newaxis]
        self.displacements_ = (images - self.anchors_).astype(domains.Xs.dtype)

    def _map_source(self, X):
        nearest = pairwise_distances_argmin(X, self.anchors_)
        return X + self.displacements_[nearest]

    def _map_domains(self, domains):
        if len(self.anchors_) < len(domains.Xs):
            return super()._map_domains(domains)
        return domains._replace(Xs=domains.Xs + self.displacements_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required |= self.method == "group"
        return tags
