"""AutoAdapt: an estimator that adapts only if the evidence is clear.

It makes the same choice as `compare`: source-only if there is no shift, or if weights
of source rows explain it, and otherwise the average of the methods that score better in
circular validation.
"""

from numbers import Integral, Real

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from adapt._domains import check_rows, require_labels, split_domains
from adapt._frames import as_pandas, is_frame, stack_rows
from adapt._sklearn import Interval, StrOptions, _check_feature_names, _fit_context
from adapt.base import MetaAdapter
from adapt.base._estimators import has_method
from adapt.model_selection._comparison import Comparison
from adapt.model_selection._decision import check_task, choose_on_source
from adapt.model_selection._decision_html import decision_html
from adapt.model_selection._held_out_scores import Task
from adapt.model_selection._label_candidates import judged_without_labels
from adapt.model_selection._label_evidence import LabelStage
from adapt.model_selection._many_fits import check_backend
from adapt.model_selection._preprocessing import (
    fit_array_preprocessor,
    table_preprocessor,
    usable_columns,
)
from adapt.model_selection._read_domains import check_classes, read_groups
from adapt.model_selection._series_rows import (
    SeriesToNumbers,
    for_series,
    numbers_of_domains,
    read_series,
    rule_for,
    with_series,
)
from adapt.series import SeriesSet


def _chosen_has(method):
    """Return a check that what was chosen, or the estimator so far, has ``method``."""

    def check(self):
        fitted = "comparison_" in vars(self)
        return has_method(self.adapter_ if fitted else self._stand_in(), method)

    return check


def _target_labels(domains, of_classes):
    """Return target labels as `Task` has them.

    A target that is labelled throughout has those that a score is to be computed from.
    """
    if domains.yt is None or domains.labelled.all():
        return {"yt": None, "labelled": np.zeros(len(domains.Xt), dtype=bool)}
    yt = column_or_1d(domains.yt)
    return {"yt": yt if of_classes else yt.astype(float), "labelled": domains.labelled}


class AutoAdapt(MetaAdapter):
    """Choose an adaptation method without target labels, or no adaptation.

    1. Is there a shift? If neither a domain classifier nor the energy distance detects
       one, `estimator` is fitted on the source.
    2. Could it be label shift or covariate shift? This is assumed if weights of source
       rows explain the shift; in classification also if a domain classifier's weights
       explain half of it and one domain covers most of the other; in regression also if
       target rows follow the correlations of the source columns. A map of features
       could then remove what separates the labels, so `estimator` is fitted on the
       source.
    3. Otherwise each candidate is adapted and scored in folds, without target labels,
       by `CircularValidation` [1]_. If two maps of different kinds score clearly better
       than source-only, all methods that score better are averaged. In classification
       the class probabilities of source-only are part of the average. In classification
       of series, of which there are often few, all methods are averaged that do not
       score clearly worse than source-only.
    4. If some target rows are labelled, they can replace that choice, also by a method
       that trains on target labels. `suggest_labels` names the rows that are most
       useful to label.

    Rows are encoded and standardised first: data frames may have columns of numbers,
    categories, text and booleans, and missing values.

    Parameters
    ----------
    estimator : estimator, default=None
        Classifier or regressor that each candidate fits. If None, `LogisticRegression`
        for classification and `Ridge` for regression; numbers are classes if they are
        whole numbers of at most 20 values.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    methods : "default", list of str or dict of str to adapter, default="default"
        Candidates beside source-only. The default is `DomainStandardScaler` and
        `QuantileMatching`, and for classes `GFK`, and `SelfTraining` on columns that a
        `DomainStandardScaler` maps. Adapters without an estimator are given
        `estimator`.

    scoring : {"accuracy", "balanced_accuracy", "r2"}, default=None
        Score that is to be improved. If None, accuracy for classification and R2 for
        regression.

    cv : int, default=5
        Number of folds, at least 2.

    time_limit : float, default=None
        Time limit in seconds. A candidate is started only if it would finish in time,
        assuming that it takes as long as source-only. Source-only is always fitted.

    n_jobs : int, default=None
        Number of fits that run in parallel, over all folds and methods. The backend is
        that of `joblib.parallel_config`, for example a Dask cluster.

    channel_signs : bool, default=True
        Whether channels of source series that clearly have the other sign in the target
        are turned, as by `ChannelSigns`. Not used for tables.

    copy : bool, default=True
        Ignored, present for API consistency.

    verbose : int, default=0
        Whether to print a line as each candidate is finished, with a progress bar if
        standard error is a terminal.

    random_state : int, RandomState instance or None, default=None
        Seeds folds and tests, and each `random_state` in `estimator` that is None.

    Attributes
    ----------
    comparison_ : Comparison
        All results of the comparison. The following attributes are read from it.

    adapter_ : adapter
        The chosen model, fitted on all rows: an `AverageAdapter`, a single adapter, or
        `SourceOnly`.

    preprocessor_ : transformer
        Preprocessing: it transforms rows as given to the numbers that `adapter_` takes.
        It is fitted on both domains.

    best_estimator_ : Pipeline
        `preprocessor_` followed by `adapter_`.

    best_method_ : str
        "Average", "SourceOnly" if no adaptation was chosen, or the name of a single
        method.

    members_ : list of str
        Names of the methods that are in the average, without source-only.

    decision_ : str
        What was chosen and why, in a sentence.

    results_ : DataFrame
        One row per method that was tried, as `Comparison.results` has them, with the
        columns that hold anything. If nothing but source-only was tried, `decision_`
        says why.

    shift_p_value_ : float
        p-value of the test that source and target have one distribution.

    interrupted_ : bool
        Whether Ctrl-C ended the search. Methods that were finished are kept.

    n_features_in_ : int
        Number of columns seen in `fit`.

    feature_names_in_ : ndarray of str
        Names of the columns, if they have names.

    See Also
    --------
    compare : The same as a table, with true scores if target labels are known.

    Notes
    -----
    Without target labels, label shift and covariate shift cannot be distinguished with
    certainty. If both would explain the shift, source-only is chosen. If you know that
    it is label shift, use `SaerensEM` or `MMDTarS` instead.

    Each method is fitted ``2 * cv + 1`` times. Ctrl-C keeps the methods that are
    finished, if source-only is. Target labels are used in step 4 only.

    References
    ----------
    .. [1] Bruzzone and Marconcini. "Domain adaptation problems: a DASVM classification
       technique and a circular validation strategy." IEEE TPAMI, 2010.

    Examples
    --------
    >>> from adapt.datasets import load_penguins
    >>> from adapt.model_selection import AutoAdapt
    >>> data = load_penguins(source="Adelie", target="Gentoo", as_frame=True)
    >>> target = data.sample_domain < 0
    >>> model = AutoAdapt(random_state=0)
    >>> model = model.fit(data.X[~target], data.y[~target], Xt=data.X[target])
    >>> model.best_method_
    'Average'
    >>> model.score(data.X[target], data.y[target]) > 0.9
    True
    """

    _parameter_constraints: dict = {
        **MetaAdapter._parameter_constraints,
        "methods": [StrOptions({"default"}), "array-like", dict],
        "scoring": [StrOptions({"accuracy", "balanced_accuracy", "r2"}), None],
        "cv": [Interval(Integral, 2, None, closed="left")],
        "time_limit": [Interval(Real, 0, None, closed="left"), None],
        "n_jobs": [Integral, None],
        "channel_signs": ["boolean"],
    }

    def __init__(
        self,
        estimator=None,
        Xt=None,
        methods="default",
        *,
        scoring=None,
        cv=5,
        time_limit=None,
        n_jobs=None,
        channel_signs=True,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.methods = methods
        self.scoring = scoring
        self.cv = cv
        self.time_limit = time_limit
        self.n_jobs = n_jobs
        self.channel_signs = channel_signs

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X,
        y=None,
        Xt=None,
        yt=None,
        *,
        sample_domain=None,
        sample_weight=None,
        groups=None,
    ):
        """Choose a method, and fit it on all rows.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Source rows; with `sample_domain`, source and target rows in one table.

        y : array-like of shape (n_samples,)
            Labels of `X`. Those of target rows are used as `yt` is, if some of them are
            missing. If none is missing, they are not used, so that a score on them is
            unbiased.

        Xt : DataFrame or array-like of shape (n_target_samples, n_features), \
                default=None
            Target rows. If None, `Xt` as given to the constructor.

        yt : array-like of shape (n_target_samples,), default=None
            Labels of some target rows, missing (NaN, None, or -1 where no source row
            has that label) for others. They can replace the choice that was made
            without labels. If none is missing, they are not used.

        sample_domain : array-like of shape (n_samples,), default=None
            Domain of each row of `X`: negative for a target.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows of `X`, in every fit and in every score.

        groups : array-like of shape (n_samples,), default=None
            Group of each row of `X`, such as the patient. Rows of a group are held out
            together.

        Returns
        -------
        self : object
            The fitted adapter.
        """
        check_backend()
        given = {"sample_domain": sample_domain, "sample_weight": sample_weight}
        X, Xt = read_series(X, y, self.Xt if Xt is None else Xt)
        groups = read_groups(groups, X, sample_domain)[0]
        preprocessor = columns = None
        if isinstance(X, SeriesSet):
            self.n_features_in_ = len(X.channels)
            preprocessor, X, Xt = numbers_of_domains(
                X,
                Xt,
                sample_domain,
                keeps_series=self._methods_take_series(),
                channel_signs=self.channel_signs,
            )
            domains = split_domains(clone(self), X, y, Xt, yt, **given)
            domains = with_series(domains, X, Xt, sample_domain)
        elif not is_frame(X):
            domains = split_domains(self, X, y, Xt, yt, **given)
        else:
            X, Xt = as_pandas(X), as_pandas(self.Xt if Xt is None else Xt)
            if 0 not in X.shape and (Xt is None or len(Xt) > 0):  # else it is refused
                validate_data(self, X, reset=True, skip_check_array=True)
                columns = X.columns
                preprocessor, X, Xt = self._as_numbers(X, Xt)
            # The columns of `self` are those of the frame; a clone has the numbers'.
            domains = split_domains(clone(self), X, y, Xt, yt, **given)
        self._adapt(domains, preprocessor, columns, groups)
        return self

    def _methods_take_series(self):
        if isinstance(self.methods, str):
            return False
        found = judged_without_labels(self.methods, self._stand_in(), True)
        return for_series(found, False)[1]

    def _as_numbers(self, X, Xt):
        """Return a preprocessor that is fitted on both frames, and these as numbers."""
        import pandas as pd

        both = X
        if Xt is not None:
            _check_feature_names(self, Xt, reset=False)
            Xt = pd.DataFrame(Xt, columns=X.columns)
            both = stack_rows(X, Xt)
        columns = usable_columns(X, X if Xt is None else Xt)
        preprocessor = table_preprocessor(both[columns], columns).fit(both[columns])
        Zt = None if Xt is None else preprocessor.transform(Xt)
        return preprocessor, preprocessor.transform(X), Zt

    def _adapt(self, domains, preprocessor=None, columns=None, groups=None):
        """Choose; rows are standardised already if they were ``columns`` of a frame."""
        estimator, task = self._task(domains, groups)
        if preprocessor is None:
            preprocessor = fit_array_preprocessor(task.Xs, task.Xt)
            Xs, Xt = (preprocessor.transform(X) for X in (task.Xs, task.Xt))
            task = task._replace(Xs=Xs, Xt=Xt)
        comparison = Comparison(
            scoring=task.scoring,
            target_labels="score" if task.yt is None else "choose",
            n_source=len(task.Xs),
            n_target=len(task.Xt),
            n_labelled=int(task.labelled.sum()),
        )
        seen = task.without_target_labels()
        methods = judged_without_labels(self.methods, estimator, task.yt is not None)
        default = isinstance(self.methods, str)
        if isinstance(preprocessor, SeriesToNumbers):
            methods = for_series(methods, default)[0]
        with self._stage("choosing a method"):
            choose_on_source(
                comparison,
                methods,
                estimator,
                seen,
                rule_for(preprocessor, default, task.scoring),
                verbose=self.verbose,
                time_limit=self.time_limit,
                table=False,
            )
        comparison.conclude(preprocessor, seen)
        with self._stage("choosing by labels"):
            comparison.choose_by_labels(
                LabelStage(self.methods, estimator, task, self.time_limit)
            )
        self.comparison_, self._columns = comparison, columns

    def _task(self, domains, groups):
        """Return the estimator that candidates fit, and what they are judged on."""
        require_labels(self, domains.ys, "judges methods by the labels of the source")
        ys = column_or_1d(domains.ys, warn=True)
        if len(ys) < 2:
            raise ValueError(
                f"AutoAdapt needs at least 2 source rows, got n_samples={len(ys)}."
            )
        seed = self.random_state
        if not isinstance(seed, Integral):
            seed = check_random_state(seed).randint(np.iinfo(np.int32).max)
        # Of a clone, so that what was given is not seeded, whatever `copy` is.
        estimator = (
            "linear" if self.estimator is None else clone(self)._new_estimator(ys)
        )
        estimator, of_classes, scoring = check_task(estimator, ys, self.scoring, seed)
        if of_classes:
            check_classification_targets(ys)
            check_classes(ys)
        self._check_takes_weights(domains.source_weight)
        return estimator, Task(
            domains.Xs,
            ys if of_classes else ys.astype(float),
            domains.Xt,
            **_target_labels(domains, of_classes),
            scoring=scoring,
            cv=self.cv,
            random_state=seed,
            n_jobs=self.n_jobs,
            source_weight=domains.source_weight,
            groups=groups,
        )

    def _wants_target_labels(self):
        return True

    def suggest_labels(self, n, *, random_state=0):
        """Return positions of the target rows that are most useful to label.

        Rows are drawn where candidates differ. Give their labels to `fit` as `yt`,
        missing for all other rows.

        Parameters
        ----------
        n : int
            Number of rows, at least 1.

        random_state : int, RandomState instance or None, default=0
            Draws them.

        Returns
        -------
        rows : ndarray of int
            Positions in `Xt`, so that ``Xt.index[rows]`` are names of rows, and
            ``Xt.iloc[rows]`` rows of a frame. Those on which candidates differ come
            first. If they are fewer than `n`, random others follow, which tell whether
            all candidates are wrong.

        Raises
        ------
        ValueError
            If the estimator was loaded from a file, which does not hold rows.
        """
        check_is_fitted(self, "comparison_")
        return self.comparison_.suggest_labels(n, random_state)

    @property
    def best_estimator_(self):
        """Preprocessor and adapter, one after the other."""
        return self.comparison_.best_estimator

    @property
    def preprocessor_(self):
        """The transformer from rows as given to numbers."""
        return self.best_estimator_[0]

    @property
    def adapter_(self):
        """The adapter that was taken, fitted on all rows."""
        return self.best_estimator_[-1]

    @property
    def best_method_(self):
        """Name of the method that was taken."""
        return self.comparison_.recommended

    @property
    def members_(self):
        """Names of the methods that are averaged, without source-only."""
        return self.comparison_.members

    @property
    def decision_(self):
        """What was chosen and why, in a sentence."""
        return self.comparison_.reason

    @property
    def results_(self):
        """The table of methods that were tried, without columns that hold nothing."""
        return self.comparison_.results.dropna(axis="columns", how="all")

    @property
    def shift_p_value_(self):
        """p-value of the test that source and target have one distribution."""
        return self.comparison_.shift_p_value

    @property
    def interrupted_(self):
        """Whether Ctrl-C ended the search."""
        return self.comparison_.interrupted

    @property
    def estimator_(self):
        """The fitted estimator of `adapter_`; an average has several, and so none."""
        return self.adapter_.estimator_

    @property
    def classes_(self):
        """Class labels, as the fitted estimator knows them."""
        return self.adapter_.classes_

    def _numbers(self, X, sample_domain=None):
        """Return rows as ``adapter_`` takes them."""
        check_is_fitted(self, "comparison_")
        if isinstance(self.preprocessor_, SeriesToNumbers):
            return self.preprocessor_.transform(X, sample_domain=sample_domain)
        if self._columns is None:
            return self.preprocessor_.transform(check_rows(self, X))
        import pandas as pd

        X = as_pandas(X)
        _check_feature_names(self, X, reset=False)
        if not is_frame(X):
            X = check_rows(self, X)
        return self.preprocessor_.transform(pd.DataFrame(X, columns=self._columns))

    @available_if(_chosen_has("predict"))
    def predict(self, X, *, sample_domain=None):
        """Predict labels.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Rows of the target.

        sample_domain : int or array-like of shape (n_samples,), default=None
            Where rows are of a source: values >= 0 for those, and negative values for
            rows of the target.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Predicted labels.
        """
        Z = self._numbers(X, sample_domain)
        return self.adapter_.predict(Z, sample_domain=sample_domain)

    @available_if(_chosen_has("predict_proba"))
    def predict_proba(self, X, *, sample_domain=None):
        """Predict class probabilities; parameters as in `predict`.

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`.
        """
        Z = self._numbers(X, sample_domain)
        return self.adapter_.predict_proba(Z, sample_domain=sample_domain)

    @available_if(_chosen_has("decision_function"))
    def decision_function(self, X, *, sample_domain=None):
        """Evaluate the decision function of the estimator; parameters as in `predict`.

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            Confidence scores.
        """
        Z = self._numbers(X, sample_domain)
        return self.adapter_.decision_function(Z, sample_domain=sample_domain)

    @available_if(_chosen_has("score"))
    def score(self, X, y, sample_weight=None, *, sample_domain=None):
        """Return the score of the estimator, accuracy or R2 as a rule.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Rows of the target.

        y : array-like of shape (n_samples,)
            True labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        sample_domain : int or array-like of shape (n_samples,), default=None
            As in `predict`.

        Returns
        -------
        score : float
            The larger, the better.
        """
        Z = self._numbers(X, sample_domain)
        return self.adapter_.score(Z, y, sample_weight, sample_domain=sample_domain)

    def _html_repr(self):
        """Return scikit-learn's diagram, below what was decided if it is fitted."""
        diagram = super()._html_repr()
        if "comparison_" not in vars(self):
            return diagram
        return decision_html(self.comparison_, table=False) + diagram

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = False
        tags.input_tags.three_d_array = True
        tags.target_tags.required = True
        tags.target_tags.multi_output = False
        tags.target_tags.single_output = True
        return tags
