"""From series as people have them to numbers that every method takes.

The channels of the source are turned where those of the target clearly are, then
features are made and standardised. Candidates that take series are given those.
"""

import warnings

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from adapt._domains import check_sample_domain
from adapt._frames import index_levels
from adapt._label_kinds import is_classification
from adapt.base import SourceOnly
from adapt.feature_based import LinearOT
from adapt.model_selection._candidates import BASELINE
from adapt.model_selection._preprocessing import array_preprocessor
from adapt.model_selection._rule import OF_SERIES, SHIPPED
from adapt.series import ChannelSigns, SeriesFeatures, SeriesSet, as_series
from adapt.series._base import is_series
from adapt.series._channel_scaler import channel_moments
from adapt.series._feature_rows import FeatureRows
from adapt.series._on_series import OnSeries, takes_series
from adapt.series._series_set import padded, stretched

_TELLS = 0.25  # of the errors of the most frequent class, which lengths remove


def read_series(X, y, Xt):
    """Return both domains as `SeriesSet` if the source is series, else as they are.

    A table with two index levels holds series if it has one label for each series, and
    not one for each row.

    Parameters
    ----------
    X, Xt : array, list, DataFrame, SeriesSet or None
        Rows or series of the source and of the target.

    y : array-like
        Labels of ``X``.

    Returns
    -------
    X, Xt
    """
    by_index = index_levels(X) == 2 and y is not None and len(y) != len(X)
    if X is None or not (is_series(X) or by_index):
        if Xt is not None and is_series(Xt):
            raise TypeError("The target is series, and the source is a table.")
        return X, Xt
    return as_series(X), None if Xt is None else as_series(Xt)


class SeriesToNumbers(TransformerMixin, BaseEstimator):
    """Turn channels, make features, and standardise them.

    Parameters
    ----------
    features : transformer, default=None
        Makes a table of series. If None, `SeriesFeatures()`.

    keeps_series : bool, default=False
        Whether the features carry their series, for methods that take those.

    channel_signs : bool, default=True
        Whether channels of the source are turned, as `ChannelSigns` does by default.

    Attributes
    ----------
    signs_ : ChannelSigns
        Fitted. It turns channels of the source, or only tells which look turned.

    features_, numbers_ : transformer
        Fitted on the series of both domains, and on their features.

    channels_ : list of str
        Names of the channels.
    """

    def __init__(self, features=None, keeps_series=False, channel_signs=True):
        self.features = features
        self.keeps_series = keeps_series
        self.channel_signs = channel_signs

    def fit(self, X, y=None, Xt=None):
        """Fit on source series ``X`` and target series ``Xt``.

        Returns
        -------
        self : object
            The fitted transformer.
        """
        X, Xt = as_series(X), as_series(Xt)
        check_channels(X, Xt)
        self.channels_ = X.channels
        signs = ChannelSigns() if self.channel_signs else ChannelSigns(threshold=0)
        self.signs_ = signs.fit(X.values, Xt=Xt.values)
        Zs = self.signs_.transform(X.values, sample_domain=0)
        n_steps = max(Zs.shape[1], Xt.shape[1])
        both = np.concatenate([padded(Zs, n_steps), padded(Xt.values, n_steps)])
        both = SeriesSet(both, X.channels, np.arange(len(both)))
        features = SeriesFeatures() if self.features is None else self.features
        self.features_ = features.fit(both)
        self.numbers_ = array_preprocessor().fit(self.features_.transform(both))
        self._n_steps = int(np.median(both.lengths))
        self._standard = channel_moments(both.values)
        return self

    def transform(self, X, sample_domain=None):
        """Return the features of series of the target, or of ``sample_domain``.

        Returns
        -------
        Z : ndarray of shape (n_series, n_features)
            Standardised features.
        """
        X = as_series(X)
        if len(X.channels) != len(self.channels_):
            raise ValueError(
                f"`X` has {len(X.channels)} channels, and those of `fit` had "
                f"{len(self.channels_)}."
            )
        domain = check_sample_domain(-1 if sample_domain is None else sample_domain, X)
        values = self.signs_.transform(X.values, sample_domain=domain)
        series = SeriesSet(values, self.channels_, X.ids)
        Z = self.numbers_.transform(self.features_.transform(series))
        return FeatureRows.of(Z, self._whole(values)) if self.keeps_series else Z

    def _whole(self, values):
        """Return series of one length, without gaps, their channels standardised."""
        mean, scale = self._standard
        if values.shape[1] != self._n_steps or np.isnan(values.sum()):
            values = stretched(values, self._n_steps)
        return np.nan_to_num((values - mean) / scale).astype(np.float32)


def check_channels(Xs, Xt):
    """Refuse domains with other channels."""
    if len(Xs.channels) != len(Xt.channels) or set(Xs.channels) != set(Xt.channels):
        raise ValueError(
            f"Source series have the channels {Xs.channels}, and target series "
            f"{Xt.channels}: they must be the same."
        )
    if Xs.channels != Xt.channels:
        raise ValueError(
            f"The channels of source and target are in another order, {Xs.channels} "
            f"and {Xt.channels}. Bring them into the same order."
        )


def numbers_of_domains(X, Xt, sample_domain, **given):
    """Return a fitted transformer, and numbers of both tables, or of one that has both.

    Parameters
    ----------
    X, Xt : SeriesSet
        Source and target; or ``X`` has both, and ``Xt`` is None.

    sample_domain : array-like of shape (n_series,) or None
        Negative for target series of ``X``.

    **given
        Parameters of `SeriesToNumbers`.
    """
    domain = check_sample_domain(0 if sample_domain is None else sample_domain, X)
    target = domain < 0
    Xs, other = (X, Xt) if Xt is not None or target.all() else (X[~target], X[target])
    if other is None or not len(other):
        other = Xs  # there is no target, which `split_domains` says in its words
    preprocessor = SeriesToNumbers(**given).fit(Xs, Xt=other)
    Zt = None if Xt is None else preprocessor.transform(Xt)
    return preprocessor, preprocessor.transform(X, sample_domain=domain), Zt


def with_series(domains, X, Xt, sample_domain):
    """Return domains whose rows carry their series again, which validation takes off.

    Parameters
    ----------
    domains : Domains
        Of ``X`` and ``Xt``.

    X, Xt, sample_domain
        Features as `numbers_of_domains` returns them, and what it was given.
    """
    if not isinstance(X, FeatureRows):
        return domains
    if Xt is None:
        target = check_sample_domain(sample_domain, X) < 0
        X, Xt = X[~target], X[target]
    return domains._replace(
        Xs=FeatureRows.of(domains.Xs, X.series),
        Xt=FeatureRows.of(domains.Xt, Xt.series),
    )


def numbers_of_series(Xs, Xt, **given):
    """Return a transformer that is fitted on both domains, and both as numbers.

    Further arguments are parameters of `SeriesToNumbers`.
    """
    preprocessor = SeriesToNumbers(**given).fit(Xs, Xt=Xt)
    return (
        preprocessor,
        preprocessor.transform(Xs, sample_domain=0),
        preprocessor.transform(Xt),
    )


def for_series(methods, default):
    """Return candidates as they are on features of series, and whether some need these.

    Source-only standardises by the source alone, so that where nothing is done the
    target has no say: among many features, other scales of a few change what is
    predicted.

    Parameters
    ----------
    methods : dict of str to adapter
        As `candidates` returns them, source-only first.

    default : bool
        Whether they are the default ones. On features of series, which are many and
        correlated, `LinearOT` takes the place of `DomainStandardScaler`.

    Returns
    -------
    methods : dict of str to adapter
    keeps_series : bool
    """
    of_all = methods[BASELINE].estimator
    alone = SourceOnly(make_pipeline(StandardScaler(), of_all))
    methods = {**methods, BASELINE: alone}
    if default:
        # Chosen on six pairs of subjects of HAPT, see `benchmarks/series.py`.
        kept = {k: v for k, v in methods.items() if k != "DomainStandardScaler"}
        return {**kept, "LinearOT": LinearOT(of_all)}, False
    found = {
        name: OnSeries(method) if takes_series(method) else method
        for name, method in methods.items()
    }
    return found, any(isinstance(method, OnSeries) for method in found.values())


def rule_for(preprocessor, default, scoring):
    """Return the rule by which it is decided.

    Parameters
    ----------
    preprocessor : transformer
        From what was given to numbers.

    default : bool
        Whether candidates are the default ones.

    scoring : str
        As in `compare`.

    Returns
    -------
    rule : Rule
    """
    of_series = isinstance(preprocessor, SeriesToNumbers)
    return OF_SERIES if of_series and default and scoring != "r2" else SHIPPED


def _told_by(column, y):
    """Return the accuracy of a small tree on one column, and of the largest class."""
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on classes with fewer rows than folds
        tree = DecisionTreeClassifier(max_leaf_nodes=8, min_samples_leaf=5)
        return tuple(
            float(cross_val_score(model, column[:, None], y, cv=folds).mean())
            for model in (tree, DummyClassifier())
        )


def warn_of_lengths(Xs, ys, Xt):
    """Warn if lengths or gaps of series tell the class, or differ between domains.

    Parameters
    ----------
    Xs, Xt : SeriesSet
        Source and target.

    ys : ndarray of shape (n_source,)
        Labels of the source.
    """
    low, high = sorted(float(np.median(X.lengths)) for X in (Xs, Xt))
    if high > 1.5 * low:
        warnings.warn(
            f"Source series have {np.median(Xs.lengths):.0f} steps in the median and "
            f"target series {np.median(Xt.lengths):.0f}. Frequencies are compared by "
            "step: resample the series if a step does not last as long in both.",
            UserWarning,
            stacklevel=4,
        )
    if not is_classification(ys) or len(ys) < 20:
        return
    missing = np.isnan(Xs.values).mean(axis=(1, 2)) * Xs.shape[1]
    told = {"The length": Xs.lengths, "The number of missing values": missing}
    for name, column in told.items():
        if len(np.unique(column)) < 2:
            continue
        accuracy, guess = _told_by(column, ys)
        if accuracy - guess > _TELLS * (1 - guess):
            warnings.warn(
                f"{name} of a series alone tells its class with accuracy "
                f"{accuracy:.2f} (the most frequent class: {guess:.2f}). If this does "
                "not hold in the target, hide it: "
                "`as_series(X).stretched(n_steps)` gives all series one length and "
                "fills gaps.",
                UserWarning,
                stacklevel=4,
            )
            return
