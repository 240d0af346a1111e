"""Source and target have some columns in common, and others not.

The columns that both have serve as ever. Of the others, what one table lacks can be
left missing, filled in, or reach the target as what a model of the source says.
"""

import warnings
from numbers import Real

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.utils import check_random_state, get_tags

from adapt._domains import check_sample_domain, require_labels
from adapt._frames import as_pandas, has_named_columns, stack_rows, take_rows
from adapt._out_of_fold import out_of_fold
from adapt._sklearn import HasMethods, Interval, StrOptions, _check_feature_names
from adapt._stacking import blend_weights
from adapt.base import BaseAdapter, MetaAdapter
from adapt.base._estimators import fit_inner, predicts_numbers, takes_sample_weight
from adapt.feature_based._column_matches import suggest_matches
from adapt.feature_based._column_tables import (
    ColumnTables,
    FilledUnion,
    is_number,
    known_columns,
    some_names,
)
from adapt.feature_based._column_ways import (
    WAYS,
    ClassifierOfWays,
    RegressorOfWays,
    forecast,
    log_odds,
)

_SHARE = 0.3  # of the weight of the source, which labelled target rows have at least
_FEWEST = 10  # labelled rows, below which no way can be judged


def _same_columns(X, Xt):
    return list(X.columns) == list(Xt.columns)


class PartialColumns(MetaAdapter):
    """Learn from a source whose columns are not all those of the target.

    Columns of two frames are matched by name. There are five ways of using the columns
    that one of them lacks, and each can be asked for:

    - "shared": not at all; `estimator` is fitted on the columns that both have;
    - "union": all columns, and what a table lacks is missing;
    - "imputed": all columns, and what a table lacks is filled in, by its mean given the
      rest of the row under a Gaussian (`GaussianTransferImputer`);
    - "score": the target's columns beside a score, the log-odds (or the number) that a
      model of the source predicts from the shared columns;
    - "target": the target's columns alone.

    The first three are fitted on source rows and labelled target rows together, the
    last two on labelled target rows. With labels of 10 target rows or more, ways are
    judged by cross-validation on these rows. Without, "imputed" is taken. Where all
    columns are shared all this is `estimator` on the rows of both.

    Parameters
    ----------
    estimator : estimator, default=None
        Fitted on what a way gives it, cloned for each. An adapter is given source and
        target; it can go the ways "shared" and "imputed", and "union" where it takes
        missing values. If None, `LogisticRegression` for classes and
        `LinearRegression` for numbers.

    Xt : array-like of shape (n_target_samples, n_target_features), default=None
        Target rows, used when `fit` is given none.

    yt : array-like of shape (n_target_samples,), default=None
        Labels of `Xt`, missing (NaN, None, or -1 where no source row has that label)
        for rows that have none.

    way : str, default="auto"
        One of the five ways above, or a choice among them. "choose": the way of the
        least squared error (of probabilities or numbers) on labelled target rows that
        were held out. "average": the mean of what all ways predict, with weights that
        minimise that error (stacked regressions [1]_).
        "auto" is "average", and "choose" for classifiers without `predict_proba`. With
        fewer than 10 labelled target rows all three are "imputed".

    union_estimator : estimator, default=None
        Fitted in the way "union", if `estimator` takes no missing values. If None,
        gradient boosting of histograms, where all columns are numbers.

    target_weight : float or "auto", default="auto"
        Weight of a labelled target row in training, where a source row has 1. With
        "auto" it is at least 1, and labelled target rows have at least 0.3 of the
        weight of the source; estimators without `sample_weight` see all rows alike.

    cv : int, splitter or iterable, default=5
        Folds of the labelled target rows. An int makes stratified ones, shuffled.

    strength : float, default=1.0
        Strength of the prior that all ways have the same weight in the average.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted, or `estimator` itself. Where columns
        differ, clones are.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Draws folds, and seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    shared_columns_ : list
        Names of the columns that both have, or their positions if these have no names.

    source_only_columns_, target_only_columns_ : list of str
        Names of the columns that the other lacks.

    suggestions_ : list of tuple (str, str, str)
        Columns of the source and of the target that may be the same thing, and why:
        numbers of the same distribution, or of one after a constant factor, and with
        the same correlations. They are not matched: rename one if it is so.

    weights_ : dict of str to float
        Weight of each way in the predictions.

    errors_ : dict of str to float
        Squared error of each way on held-out labelled target rows; empty if none was
        held out.

    estimator_ : estimator
        The fitted estimator; where columns differ, it takes rows of the target and goes
        the ways of `weights_`.

    n_features_in_ : int
        Number of features of the target; of both, where `fit` got one table.

    feature_names_in_ : ndarray of shape (n_features,)
        Their names, where they have some.

    Raises
    ------
    ValueError
        If no column is shared; if a way is asked for that needs labels of target rows
        and there are none, or that `estimator` cannot go.

    Warns
    -----
    UserWarning
        If columns look like the same thing; if no target row has a label, of what the
        columns that only the target has are not used for.

    See Also
    --------
    PRED : Where all columns are shared.
    adapt.imputation.GaussianTransferImputer : Fills the gaps.

    Notes
    -----
    In one table with `sample_domain`, a column that has no value in a domain is one
    that the domain lacks, and `predict` takes the columns of the table. Arrays have no
    names, so all their columns are shared.

    Ways that would hand missing cells to an estimator that does not take them are left
    out of the choice. What `fit` is given as `sample_weight` weighs source rows, and in
    one table target rows too.

    Each fold fits each way once, and each way is fitted once more. The Gaussian takes
    time O(n d^2) an iteration and memory O(n d + d^2), for d numbers of n rows.

    The ways were measured beside a transformer over tokens of columns, which lost to
    one of them in six cells of six at 20 to 100 times the cost.

    References
    ----------
    .. [1] Breiman. "Stacked regressions." Machine Learning, 1996.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from adapt.feature_based import PartialColumns
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame(rng.normal(size=(220, 3)), columns=["age", "dose", "lab"])
    >>> y = (X["age"] + X["lab"] > 0).astype(int)
    >>> Xs, Xt = X[["age", "lab"]][:200], X[["age", "dose"]][200:]
    >>> model = PartialColumns(way="shared").fit(Xs, y[:200], Xt=Xt)
    >>> model.shared_columns_, model.source_only_columns_, model.target_only_columns_
    (['age'], ['lab'], ['dose'])
    >>> model.predict(Xt).shape
    (20,)
    """

    _parameter_constraints: dict = {
        **MetaAdapter._parameter_constraints,
        "way": [StrOptions({"auto", "average", "choose", *WAYS})],
        "union_estimator": [HasMethods("fit"), None],
        "target_weight": [
            Interval(Real, 0, None, closed="neither"),
            StrOptions({"auto"}),
        ],
        "cv": ["cv_object"],
        "strength": [Interval(Real, 0, None, closed="left")],
    }

    _target_labels = "optional"
    _allows_nan = True
    _allows_sparse = True
    _keeps_frames = True
    _reads_rows = False

    def __init__(
        self,
        estimator=None,
        Xt=None,
        yt=None,
        way="auto",
        *,
        union_estimator=None,
        target_weight="auto",
        cv=5,
        strength=1.0,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.yt = yt
        self.way = way
        self.union_estimator = union_estimator
        self.target_weight = target_weight
        self.cv = cv
        self.strength = strength

    # Two tables in

    def fit(
        self, X, y=None, Xt=None, yt=None, *, sample_domain=None, sample_weight=None
    ):
        """Learn from a source and a target that share some columns.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Source rows; with `sample_domain`, source and target rows in one table.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels of `X`; of target rows they may be missing.

        Xt : array-like of shape (n_target_samples, n_target_features), default=None
            Target rows. If None, `Xt` as given to the constructor.

        yt : array-like of shape (n_target_samples,), default=None
            Labels of `Xt`, missing where unknown.

        sample_domain, sample_weight
            As in `adapt.base.BaseAdapter.fit`.

        Returns
        -------
        self : object
            The fitted adapter.
        """
        options = {"sample_domain": sample_domain, "sample_weight": sample_weight}
        target = self.Xt if Xt is None else Xt
        both = has_named_columns(X) and has_named_columns(target)
        if not both or _same_columns(X, target):
            return super().fit(X, y, Xt, yt, **options)
        yt = self.yt if Xt is None and yt is None else yt
        tables = ColumnTables(as_pandas(X), as_pandas(target))
        names = [*tables.Xs.columns, *tables.target_only]
        Xs, target_rows = (table.reindex(columns=names) for table in tables)
        super().fit(Xs, y, target_rows, yt, **options)
        _check_feature_names(self, target, reset=True)
        self.n_features_in_ = tables.Xt.shape[1]
        self._own_order = names
        return self

    def _tables(self, domains):
        """Return both tables with their columns; None if they share all."""
        if domains.frames is None:
            return None
        tables = ColumnTables(*(known_columns(as_pandas(X)) for X in domains.frames))
        if not tables.shared:
            ours, theirs = (some_names(X.columns) for X in tables)
            raise ValueError(
                f"Source and target have no columns in common. The source has {ours}; "
                f"the target has {theirs}. Give the columns the same names in both."
            )
        return tables if tables.source_only or tables.target_only else None

    def _adapt(self, domains):
        require_labels(self, domains.ys, "fits `estimator` on labelled rows")
        self._check_takes_weights(domains.source_weight)
        tables = self._tables(domains)
        self.suggestions_, self.errors_ = [], {}
        self._own_order = None  # of the columns, if the target has them in another
        self._by_names = tables is not None
        self._of_one_table = tables is not None and domains.target_domain is not None
        if self._of_one_table:
            self._filler = FilledUnion(tables)  # of rows of the source, in predictions
        if tables is None:
            names = getattr(self, "feature_names_in_", np.arange(self.n_features_in_))
            self.shared_columns_ = names.tolist()
            self.source_only_columns_, self.target_only_columns_ = [], []
            self.weights_ = {"shared": 1.0}
            self.estimator_ = self._on_all_columns(domains)
            return
        self.shared_columns_ = tables.shared
        self.source_only_columns_ = tables.source_only
        self.target_only_columns_ = tables.target_only
        self._suggest(tables)
        with self._stage("fitting the ways"):
            self.estimator_ = self._by_ways(tables, domains)
        self._sees_frames = True

    def _suggest(self, tables):
        self.suggestions_ = suggest_matches(tables)
        if self.suggestions_:
            pairs = "; ".join(
                f"{s!r} of the source and {t!r} of the target ({words})"
                for s, t, words in self.suggestions_[:6]
            )
            warnings.warn(
                f"Columns that may be the same thing: {pairs}. They are not matched; "
                "rename or convert one of the two if they are.",
                UserWarning,
                stacklevel=6,
            )

    # Rows to fit on

    def _on_all_columns(self, domains):
        """Return the estimator fitted on the rows of both domains."""
        self._sees_frames = has_named_columns(domains.source_rows)
        rows = None if domains.labelled is None else np.flatnonzero(domains.labelled)
        with self._stage("fitting the estimator"):
            return self._fitted_way(None, None, domains, rows)

    def _fitted_way(self, way, tables, domains, rows):
        """Return a model fitted in a way, with the labels of some target rows."""
        see = (lambda X: X) if way is None else way.rows
        Xs = domains.source_rows if way is None else tables.Xs
        Xt = domains.target_rows if way is None else tables.Xt
        of_adapter = isinstance(self._given(), BaseAdapter)
        weight = domains.source_weight
        if rows is None or of_adapter:
            X, y = see(Xs), domains.ys
        else:
            X, y = see(take_rows(Xt, rows)), domains.yt[rows]
            weight = None
            if domains.target_weight is not None:
                weight = domains.target_weight[rows]
            if way is None or way.uses_source:
                weight = self._pooled_weight(domains, rows)
                X = stack_rows(see(Xs), X)
                y = np.concatenate([domains.ys, y])
        if way is not None and way.takes_gaps and not self._takes_gaps():
            return fit_inner(self._gap_estimator(y), X, y, weight)
        if of_adapter:
            domains = self._shown(domains, see(Xt), rows)
        return self._fitted_on(X, y, domains, sample_weight=weight)

    def _shown(self, domains, Xt, rows):
        """Return the domains as an inner adapter may see them."""
        if rows is None:
            return domains._replace(Xt=Xt, frames=None, yt=None, labelled=None)
        labelled = np.zeros(len(domains.yt), dtype=bool)
        labelled[rows] = True
        return domains._replace(Xt=Xt, frames=None, labelled=labelled)

    def _pooled_weight(self, domains, rows):
        """Return the weights of source and labelled target rows; None if all are 1."""
        n_source = len(domains.ys)
        given = self._given()
        if given is not None and not takes_sample_weight(given):
            return None
        factor = self.target_weight
        if factor == "auto":
            factor = max(1.0, _SHARE * n_source / len(rows))
        source, target = domains.source_weight, domains.target_weight
        source = np.ones(n_source) if source is None else source
        target = np.ones(len(rows)) if target is None else target[rows]
        weight = np.concatenate([source, factor * target])
        return None if np.all(weight == 1) else weight

    # Ways

    def _takes_gaps(self):
        return get_tags(self._stand_in()).input_tags.allow_nan

    def _gap_estimator(self, y):
        """Return an unfitted estimator that takes missing values."""
        if self.union_estimator is not None:
            return clone(self.union_estimator)
        numbers = predicts_numbers(self._given(), y)
        make = (
            HistGradientBoostingRegressor if numbers else HistGradientBoostingClassifier
        )
        return make(
            max_iter=60,
            learning_rate=0.08,
            min_samples_leaf=8,
            max_bins=32,  # of weighted rows, bins take most of the time
            random_state=self.random_state,
        )

    def _refusal(self, name, tables, n_labels):
        """Return why a way cannot be gone, or an empty string."""
        way = WAYS[name]
        of_adapter = isinstance(self._given(), BaseAdapter)
        if not way.uses_source:
            if of_adapter:
                return "an adapter as `estimator` needs the rows of the source"
            return "" if n_labels else "no target row has a label"
        if name == "union" and not self._takes_gaps():
            if of_adapter:
                return "`estimator` takes no missing values"
            if self.union_estimator is None and not all(
                is_number(dtype) for X in tables for dtype in X.dtypes
            ):
                return "it takes a `union_estimator` where columns are no numbers"
        return ""

    def _candidates(self, tables, n_labels):
        """Return the names of the ways that can be gone and do not meet gaps."""
        names = [name for name in WAYS if not self._refusal(name, tables, n_labels)]
        if self._takes_gaps():
            return names
        gaps = {
            "shared": any(X[tables.shared].isna().any(axis=None) for X in tables),
            "target": tables.Xt.isna().any(axis=None),
        }
        gaps["score"] = gaps["shared"] or gaps["target"]
        return [name for name in names if not gaps.get(name, False)]

    def _made(self, names, tables, domains):
        """Return ways by name, with what they learn from the rows alone."""
        score = None
        if "score" in names:
            shared = WAYS["shared"](tables)
            model = self._fitted_way(shared, tables, domains, None)

            def score(X):
                return log_odds(model, shared.rows(X))

        if domains.labelled is None:
            # Of columns that only the target has there is no value to fit on.
            known = ColumnTables(tables.Xs, tables.Xt[tables.shared])
            ways = {"union": WAYS["union"](known)}
            names = [name for name in names if name != "union"]
            return ways | {name: WAYS[name](tables, score) for name in names}
        return {name: WAYS[name](tables, score) for name in names}

    def _by_ways(self, tables, domains):
        rows = None if domains.labelled is None else np.flatnonzero(domains.labelled)
        n_labels = 0 if rows is None else len(rows)
        judged = self.way in ("auto", "average", "choose")
        names = [self.way]
        if judged:
            names = self._candidates(tables, n_labels)
        else:
            refusal = self._refusal(self.way, tables, n_labels)
            if refusal:
                raise ValueError(f"`way={self.way!r}` cannot be gone: {refusal}.")
        if judged and not self._can_judge(domains, rows):
            names = ["imputed"]
        if n_labels == 0:
            self._say_what_is_lost(names[0], tables)
        ways = self._made(names, tables, domains)
        weights = {names[0]: 1.0}
        numbers = predicts_numbers(self._given(), domains.ys)
        classes = None
        if len(names) > 1:
            if not numbers:
                classes = np.unique(np.concatenate([domains.ys, domains.yt[rows]]))
            weights = self._weigh(ways, tables, domains, rows, classes)
        self.weights_ = {name: weight for name, weight in weights.items() if weight > 0}
        members = [
            (ways[name], self._fitted_way(ways[name], tables, domains, rows))
            for name in self.weights_
        ]
        make = RegressorOfWays if numbers else ClassifierOfWays
        classes = classes if len(members) > 1 else None
        return make(members, np.array(list(self.weights_.values())), classes)

    def _can_judge(self, domains, rows):
        """Return whether there are labels enough to hold some out."""
        if rows is None or len(rows) < _FEWEST:
            return False
        if predicts_numbers(self._given(), domains.ys):
            return True
        y = domains.yt[rows]
        return y.ndim == 1 and np.unique(y, return_counts=True)[1].max() < len(y) - 1

    def _weigh(self, ways, tables, domains, rows, classes):
        """Return the weights of ways, by their errors on held-out labelled rows."""
        y = domains.yt[rows]
        truth = y.reshape(len(y), -1) if classes is None else y[:, None] == classes
        start = np.tile(truth.mean(axis=0), (len(y), 1))
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        errors, votes = {}, False
        for name, way in ways.items():

            def fitted(train, way=way):
                model = self._fitted_way(way, tables, domains, rows[train])
                return lambda X: forecast(model, way.rows(X), classes)

            found = out_of_fold(
                fitted,
                take_rows(tables.Xt, rows),
                y,
                start,
                classes is not None,
                self.cv,
                check_random_state(seed),
            )
            errors[name] = (found - truth).ravel()
            votes |= classes is not None and np.all((found == 0) | (found == 1))
        self.errors_ = {
            name: float(np.mean(np.square(error))) for name, error in errors.items()
        }
        if self.way == "choose" or votes:
            return {min(self.errors_, key=self.errors_.get): 1.0}
        E = np.column_stack(list(errors.values()))
        weights = blend_weights(E, self.strength)
        return dict(zip(errors, weights.tolist(), strict=True))

    def _say_what_is_lost(self, name, tables):
        """Warn of what is not learned without labels of target rows."""
        use = "no use"
        if name == "imputed":
            use = "no use but to fill in the source's"
        parts = []
        if tables.target_only:
            parts.append(
                f"no label says what the target's {some_names(tables.target_only)} "
                f"mean, and they are of {use}"
            )
        if tables.source_only and name == "shared":
            parts.append(f"left out: {some_names(tables.source_only)} of the source")
        if tables.source_only and name == "imputed":
            parts.append(
                f"the source's {some_names(tables.source_only)} are guessed in the "
                "target"
            )
        if parts:
            warnings.warn(
                f"No target row has a label: {'; '.join(parts)}. Labels of "
                f"{_FEWEST} target rows (`yt`) decide what else helps.",
                UserWarning,
                stacklevel=7,
            )

    # Rows to predict

    def _encode(self, X, sample_domain=None):
        X = super()._encode(X, sample_domain)
        if not self._by_names and self._own_order is None:
            return X
        if has_named_columns(X):
            X = as_pandas(X)
        else:
            import pandas as pd

            X = pd.DataFrame(X, columns=self.feature_names_in_)
        if not self._by_names:
            return X[self._own_order]
        if sample_domain is None or not self._of_one_table:
            return X
        return self._with_source_filled(X, check_sample_domain(sample_domain, X) >= 0)

    def _with_source_filled(self, X, is_source):
        """Return rows of which those of the source have the target's columns too."""
        if not is_source.any():
            return X
        ours = known_columns(X[is_source])
        filled = self._filler.transform(ours)
        X = X.copy()
        for name in filled.columns.intersection(self.target_only_columns_):
            X.loc[is_source, name] = filled[name]
        return X
