"""The base of every adapter: two domains in, whatever form they were given in."""

import copy
from abc import ABC, abstractmethod
from contextlib import nullcontext

from sklearn.base import BaseEstimator
from sklearn.utils import get_tags

from adapt._adapt_arguments import ExplainsArguments
from adapt._adapt_names import former_member
from adapt._domains import split_domains
from adapt._extras import require
from adapt._sklearn import _clone_parametrized, _fit_context, _print_elapsed_time
from adapt.base._row_blocks import come_in_blocks, fit_blocks, refuse_blocks


class BaseAdapter(ExplainsArguments, BaseEstimator, ABC):
    """Learn from a source domain and a target domain.

    `fit` takes the domains in any of the ways that users have them, `split_domains`
    makes them one, and a subclass sees only the result, in `_adapt`.

    A subclass says by class attributes what it works on:

    - ``_target_labels``: "never", "extra", "optional" or "required". Most methods never
      see labels of the target, so that these cannot leak into a cross-validation.
      "extra" ones are those given as ``yt``, never those of one table; "optional" ones
      are read wherever they are. Supervised methods cannot do without.
    - ``_source_optional``: ``X`` and ``y`` alone may be the target.
    - ``_allows_nan``, ``_allows_sparse``: its own mathematics takes such ``X``.
    - ``_keeps_frames``: columns stay what they are, and the estimator sees frames.
    - ``_reads_rows``: it computes with rows, and does not only hand them on.
    - ``_data_parameters``: constructor parameters that are data.
    """

    __metadata_request__fit = {"sample_domain": True, "Xt": True, "yt": True}

    _parameter_constraints: dict = {
        "Xt": ["array-like", "sparse matrix", None],
        "yt": ["array-like", None],
        "copy": ["boolean"],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    _target_labels = "never"
    _source_optional = False
    _allows_nan = False
    _allows_sparse = False
    _keeps_frames = False
    _reads_rows = True
    _data_parameters = ("Xt", "yt")

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self, X, y=None, Xt=None, yt=None, *, sample_domain=None, sample_weight=None
    ):
        """Adapt from the source to the target.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Source rows; with `sample_domain`, source and target rows in one table. Some
            methods take `RowBlocks` and collections of Dask here and as `Xt`.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Labels of `X`. Those of target rows may be missing (NaN or None, or -1 where
            no source row has that label), and unsupervised methods never read them.

        Xt : array-like of shape (n_target_samples, n_features), default=None
            Target rows. If None, `Xt` as given to the constructor.

        yt : array-like of shape (n_target_samples,), default=None
            Labels of `Xt`, missing where unknown. For supervised methods.

        sample_domain : int or array-like of shape (n_samples,), default=None
            Domain of each row of `X`: negative for a target, otherwise a source;
            different values are different domains.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows of `X` in the loss that is minimised. Weights that a
            method finds are multiplied by them.

        Returns
        -------
        self : object
            The fitted adapter.
        """
        self._check_packages()
        target = self._given_target() if Xt is None else Xt
        if come_in_blocks(X, target):
            given = {"sample_domain": sample_domain, "sample_weight": sample_weight}
            fit_blocks(self, X, y, target, yt=yt, **given)
            return self
        domains = split_domains(
            self, X, y, Xt, yt, sample_domain, sample_weight, tags=self._tags_for(X)
        )
        if self._target_labels == "required" and domains.labelled is None:
            # The words that scikit-learn looks for, where it is `y` that is missing.
            no_y = "requires y to be passed, but the target y is None: "
            raise ValueError(
                f"{no_y if y is None else ''}{type(self).__name__} needs the labels of "
                "some target rows, and got none. Give `yt`, or with `sample_domain` "
                "the labels of target rows in `y`."
            )
        self._adapt(domains)
        return self

    def _given_target(self):
        """Return the target rows that the constructor was given."""
        return self.get_params(deep=False).get("Xt")

    def _learn_from_blocks(self, source, target):
        """Learn from `CheckedBlocks` of both domains, if the method is of sums."""
        refuse_blocks(self)

    def _tags_for(self, X):
        """Return the tags that say what rows such as ``X`` may hold."""
        return get_tags(self)

    @abstractmethod
    def _adapt(self, domains):
        """Learn from `Domains`, and store what was learned in ``name_`` attributes."""

    def _packages(self):
        """Return the optional packages that a fit needs, by the names imported."""
        return ()

    def _check_packages(self):
        """Raise ImportError if an optional package is not installed."""
        for package in self._packages():
            require(type(self).__name__, package)

    def _wants_target_labels(self):
        """Return whether target labels are read at all."""
        return self._target_labels in ("optional", "required")

    def _known_classes(self):
        """Return the classes that a target alone may be labelled with, if known."""
        return None

    def _stage(self, message):
        """Return a context that reports its duration if ``verbose``."""
        if not self.verbose:
            return nullcontext()
        return _print_elapsed_time(type(self).__name__, message)

    def __getattr__(self, name):
        error = former_member(self, name)
        if error is not None:
            raise error
        return self.__getattribute__(name)  # raises what was raised before

    def __sklearn_is_fitted__(self):
        # Parameters such as `lambda_` are named like what a fit leaves behind.
        found = vars(self).keys() - self.get_params(deep=False).keys()
        return any(name.endswith("_") for name in found)

    def __sklearn_clone__(self):
        # Clones share data, however large it is.
        own = vars(self)
        shared = {name: own[name] for name in self._data_parameters if name in own}
        bare = copy.copy(self).set_params(**dict.fromkeys(shared))
        return _clone_parametrized(bare).set_params(**shared)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self._allows_nan
        tags.input_tags.sparse = self._allows_sparse
        return tags
