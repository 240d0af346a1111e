"""Feature augmentation.

Every column is given to the estimator once for all domains and once more for each of
them, so that it can learn what the domains share and what each has to itself.
"""

import numpy as np
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from adapt._domains import check_sample_domain, require_labels
from adapt._sklearn import _check_feature_names_in
from adapt.base import FeatureAdapter, MetaAdapter


def augment(X, block, n_blocks):
    """Return ``X`` beside ``n_blocks`` copies of it, of which all but one are zero.

    Parameters
    ----------
    X : ndarray or sparse array of shape (n_samples, n_features)
        Rows.

    block : ndarray of int of shape (n_samples,)
        Which copy each row keeps.

    n_blocks : int
        Number of copies.

    Returns
    -------
    Z : array of shape (n_samples, (1 + n_blocks) * n_features)
        Dense, or CSR where ``X`` is sparse.
    """
    if sparse.issparse(X):
        picks = (
            sparse.diags_array((block == k).astype(X.dtype)) for k in range(n_blocks)
        )
        return sparse.hstack([X, *(pick @ X for pick in picks)], format="csr")
    n_rows, width = X.shape
    Z = np.zeros((n_rows, 1 + n_blocks, width), dtype=X.dtype)
    Z[:, 0] = X
    Z[np.arange(n_rows), 1 + block] = X
    return Z.reshape(n_rows, -1)


class FA(FeatureAdapter):
    r"""Feature augmentation [1]_: a general copy of the columns, and one per domain.

    With K domains a row becomes K + 1 blocks of columns. The first is the row itself in
    every domain; of the others it fills the one of its domain and leaves zeros in the
    rest. For one source,

    .. math:: \Phi_s(x) = (x, x, 0), \qquad \Phi_t(x) = (x, 0, x),

    and with several sources there is a block for each, in rising order of their values
    in `sample_domain`, and the target's is the last. `estimator` is fitted on the
    source and the labelled target rows together.

    Parameters
    ----------
    estimator : estimator, default=None
        Fitted on the augmented rows of all domains. If None, `LogisticRegression` for
        classes and `LinearRegression` for numbers.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    yt : array-like of shape (n_target_samples,), default=None
        Labels of `Xt`, missing (NaN, None, or -1 where no source row has that label)
        for rows that have none. Rows without a label are not trained on.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted, or `estimator` itself.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    sources_ : ndarray of int of shape (n_sources,)
        Values of the sources in `sample_domain`, in the order of their blocks; 0 alone
        where `fit` was given no `sample_domain`.

    n_domains_ : int
        Number of sources, as ADAPT counts them. All target rows are one domain more.

    estimator_ : estimator
        The fitted estimator.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If no target row has a label, if the source has none, or if `sample_domain`
        names a source that was not there in `fit` and there are several.

    See Also
    --------
    PRED : Gives the target the prediction of a source model as a column.

    Notes
    -----
    Time and memory O(K n d) dense; sparse rows stay sparse, with twice their entries.
    NaN and sparse `X` are taken where `estimator` takes them.

    A linear estimator with an L2 penalty thereby learns one coefficient vector for all
    domains and a penalised deviation from it for each. An estimator without penalty, or
    a tree, gains nothing from copies of columns but the identity of the domain.

    As a middle step of a pipeline it hands on the rows of `X` only. Give such a
    pipeline one table with `sample_domain`, so that labelled target rows are in it.

    The predecessor library ADAPT puts the general block last.

    References
    ----------
    .. [1] Daume III. "Frustratingly easy domain adaptation." ACL, 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.feature_based import FA
    >>> Xs, ys = [[1.0], [2.0], [3.0]], [0, 0, 1]
    >>> Xt, yt = [[4.0], [5.0]], [0, 1]
    >>> model = FA().fit(Xs, ys, Xt=Xt, yt=yt)
    >>> model.transform(Xt)
    array([[4., 0., 4.],
           [5., 0., 5.]])
    >>> model.transform(Xs, sample_domain=0)
    array([[1., 1., 0.],
           [2., 2., 0.],
           [3., 3., 0.]])
    """

    _target_labels = "required"
    _allows_nan = True
    _allows_sparse = True

    def __init__(
        self,
        estimator=None,
        Xt=None,
        yt=None,
        *,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.yt = yt

    def _fit_maps(self, domains):
        require_labels(self, domains.ys, "needs labels of source and target rows")
        domain = domains.source_domain
        self.sources_ = np.zeros(1, int) if domain is None else np.unique(domain)
        self.n_domains_ = len(self.sources_)

    def _map_domains(self, domains):
        """Return source and labelled target rows as one training set."""
        Xt, yt, target_weight = domains.labelled_target()
        source = 0 if domains.source_domain is None else domains.source_domain
        source = check_sample_domain(source, domains.Xs)
        weight = domains.source_weight
        if weight is not None:
            if target_weight is None:
                target_weight = np.ones(len(yt), dtype=weight.dtype)
            weight = np.concatenate([weight, target_weight])
        stack = sparse.vstack if sparse.issparse(Xt) else np.concatenate
        return domains._replace(
            Xs=stack([self._augment(domains.Xs, source), self._map_target(Xt)]),
            ys=np.concatenate([domains.ys, yt]),
            Xt=self._map_target(domains.Xt),
            source_domain=np.concatenate([source, np.full(len(yt), -1)]),
            source_weight=weight,
        )

    def _augment(self, X, domain):
        """Return rows in the blocks of their domains."""
        if self.n_domains_ == 1:
            block = (domain < 0).astype(int)
        else:
            unknown = np.setdiff1d(domain[domain >= 0], self.sources_)
            if len(unknown):
                raise ValueError(
                    f"`sample_domain` names the sources {unknown.tolist()}, but FA was "
                    f"fitted on the sources {self.sources_.tolist()}."
                )
            block = np.searchsorted(self.sources_, domain)
            block[domain < 0] = self.n_domains_
        return augment(X, block, self.n_domains_ + 1)

    def _map_target(self, X):
        return self._augment(X, np.full(X.shape[0], -1))

    def _encode(self, X, sample_domain=None):
        X = MetaAdapter._encode(self, X)
        domain = check_sample_domain(-1 if sample_domain is None else sample_domain, X)
        return self._augment(X, domain)

    def inverse_transform(self, X):
        """Take augmented rows back: their first block is what they were.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features_out)
            Augmented rows, of any domain.

        Returns
        -------
        X_original : array of shape (n_samples, n_features)
            Their first block.
        """
        check_is_fitted(self)
        X = X if sparse.issparse(X) else np.asarray(X)
        return X[:, : self.n_features_in_]

    def get_feature_names_out(self, input_features=None):
        """Return the names of the augmented columns.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the columns of `X`, where it had none in `fit`.

        Returns
        -------
        names : ndarray of str objects of shape (n_features_out,)
            The names of `X`, then those followed by ``_source<k>`` and ``_target``.
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        blocks = [f"_source{k}" for k in self.sources_] + ["_target"]
        own = [f"{name}{block}" for block in blocks for name in names]
        return np.array([*names, *own], dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags
