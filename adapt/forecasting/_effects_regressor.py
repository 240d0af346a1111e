"""A regression that is a sum of effects of named groups of columns."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, SplineTransformer, StandardScaler
from sklearn.utils.validation import check_is_fitted, validate_data

from adapt._adapt_arguments import ExplainsArguments
from adapt._sklearn import Interval, _fit_context

__all__ = ["EffectsRegressor"]

KINDS = ("spline", "linear", "category")


def encoder_of(kind, n_knots):
    """Return what makes columns of a group; of one scale, as they share a penalty."""
    if kind == "category":
        return OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    fill = SimpleImputer(keep_empty_features=True)
    if kind == "linear":
        return make_pipeline(fill, StandardScaler())
    spline = SplineTransformer(
        n_knots, knots="quantile", extrapolation="linear", include_bias=False
    )
    return make_pipeline(fill, spline, StandardScaler())


class EffectsRegressor(RegressorMixin, ExplainsArguments, BaseEstimator):
    r"""Ridge regression on smooth effects of groups of columns.

    .. math::
        \hat y(x) = \beta_0 + \sum_g f_g(x_g)

    Each group g of columns has an effect :math:`f_g`: a sum of cubic splines, a linear
    function, or a number for each category. It is a small additive model, and it tells
    its effects apart, so that `AdaptiveEffects` can carry them to another series.

    Parameters
    ----------
    groups : dict or None, default=None
        For each name of a group ``(kind, columns)``, with the kind "spline", "linear"
        or "category" and a list of names or positions of columns. If None, every column
        is a group, with a spline.

    alpha : float, default=1.0
        Penalty of the squared coefficients; columns are standardised before. The
        intercept is not penalised.

    n_knots : int, default=6
        Knots of each spline, at quantiles of the column.

    Attributes
    ----------
    intercept_ : float
        Value at the means of all columns.

    coef_ : ndarray of shape (n_columns_out,)
        Coefficients of the encoded columns.

    group_names_ : list of str
        Names of the groups, in the order of the columns of `effects`.

    n_features_in_ : int
        Number of columns.

    Notes
    -----
    Time O(n p^2 + p^3) for n rows and p encoded columns, about `n_knots` + 1 for each
    column with a spline. Missing numbers count as the mean of their column.

    Any other model serves as well that can say what groups of inputs contribute. A
    fitted generalised additive model of pygam, for example, gives them by
    ``np.column_stack([np.full(len(X), gam.coef_[-1]), *(gam.partial_dependence(i, X)
    for i in range(len(gam.terms) - 1))])``.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.forecasting import EffectsRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = np.column_stack([rng.uniform(-3, 3, 500), rng.integers(0, 7, 500)])
    >>> y = np.sin(X[:, 0]) + (X[:, 1] > 4)
    >>> model = EffectsRegressor(
    ...     {"angle": ("spline", [0]), "day": ("category", [1])}
    ... ).fit(X, y)
    >>> model.effects(X).shape
    (500, 3)
    >>> bool(model.score(X, y) > 0.98)
    True
    """

    _parameter_constraints: dict = {
        "groups": [dict, None],
        "alpha": [Interval(Real, 0, None, closed="neither")],
        "n_knots": [Interval(Integral, 2, None, closed="left")],
    }

    def __init__(self, groups=None, alpha=1.0, n_knots=6):
        self.groups = groups
        self.alpha = alpha
        self.n_knots = n_knots

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        """Fit the effects.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs; a frame where groups name columns.

        y : array-like of shape (n_samples,)
            Values.

        Returns
        -------
        self : object
            The fitted regressor.
        """
        rows, y = validate_data(
            self, X, y, dtype=None, ensure_all_finite="allow-nan", y_numeric=True
        )
        groups = self._named_groups(X)
        encoders = [
            (name, encoder_of(kind, self.n_knots), columns)
            for name, (kind, columns) in groups.items()
        ]
        self.encoder_ = ColumnTransformer(encoders).fit(rows)
        columns = self.encoder_.transform(rows)
        self._slices = [self.encoder_.output_indices_[name] for name in groups]
        self.group_names_ = list(groups)
        self._center = columns.mean(axis=0)
        model = Ridge(self.alpha).fit(columns - self._center, y)
        self.intercept_, self.coef_ = float(model.intercept_), model.coef_
        return self

    def effects(self, X):
        """Return what the intercept and each group contribute to each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        effects : ndarray of shape (n_samples, 1 + n_groups)
            Their sum over a row is its prediction. The effect of each group has the
            mean zero over the rows of `fit`.
        """
        columns = self.encode(X)[:, 1:]
        parts = [columns[:, part] @ self.coef_[part] for part in self._slices]
        return np.column_stack([np.full(len(columns), self.intercept_), *parts])

    def encode(self, X):
        """Return a constant and the centred columns that the coefficients belong to.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        columns : ndarray of shape (n_samples, 1 + n_columns_out)
            Their product with intercept and coefficients is the prediction.
        """
        check_is_fitted(self)
        rows = validate_data(
            self, X, dtype=None, ensure_all_finite="allow-nan", reset=False
        )
        columns = self.encoder_.transform(rows) - self._center
        return np.column_stack([np.ones(len(columns)), columns])

    def predict(self, X):
        """Return the sum of the effects.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Predictions.
        """
        return self.effects(X).sum(axis=1)

    def _named_groups(self, X):
        """Return the groups with positions of columns; refuse what is not there."""
        n = self.n_features_in_
        names = list(getattr(self, "feature_names_in_", range(n)))
        if self.groups is None:
            return {str(name): ("spline", [i]) for i, name in enumerate(names)}
        if not self.groups:
            raise ValueError("`groups` is empty: name at least one group of columns.")
        found = {}
        for group, value in self.groups.items():
            if not isinstance(value, tuple) or len(value) != 2 or value[0] not in KINDS:
                raise ValueError(
                    f"`groups[{group!r}]` must be (kind, columns) with a kind of "
                    f"{KINDS}, got {value!r}."
                )
            missing = [c for c in value[1] if c not in names and c not in range(n)]
            if missing:
                raise ValueError(
                    f"`groups[{group!r}]` names columns that `X` does not have: "
                    f"{missing}. It has {names}."
                )
            where = [names.index(c) if c in names else c for c in value[1]]
            found[str(group)] = (value[0], where)
        return found

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
