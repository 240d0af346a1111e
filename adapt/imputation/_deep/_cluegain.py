"""Imputation by networks that have practised on another data set.

A generator learns to fill holes in a source, and then goes on with the few cells of the
target. By default its worth there is measured on cells of the target held out from it,
beside simpler ways; as published, generator and adversary simply go on.
"""

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state

from adapt._domains import check_rows
from adapt._sklearn import StrOptions, _fit_context, _get_feature_names
from adapt.imputation._base import unchanged_on_error
from adapt.imputation._deep._candidates import (
    CANDIDATES,
    TRAINED_ON_TARGET,
    choose,
    possible_candidates,
    prior_of,
)
from adapt.imputation._deep._ensemble import (
    Trained,
    Way,
    judged,
    split_cells,
    train_ensemble,
)
from adapt.imputation._deep._gain import GAINImputer, count_epochs
from adapt.imputation._deep._pretraining import (
    Pretrained,
    target_units,
    train_on_source,
    weigh_sources,
)
from adapt.imputation._deep._similarity import Similarity, measure_similarity
from adapt.imputation._matched_columns import match_columns
from adapt.imputation._units import column_units, range_units, shared_units, sparing

__all__ = ["ClueGAINImputer", "Similarity"]


class ClueGAINImputer(GAINImputer):
    """Fill missing cells by a blend of denoising networks and Gaussians; or ClueGAIN.

    With ``preset="robust"``, the default, this is a denoising ensemble without an
    adversary. A generator is trained to fill holes in the source, as many as the target
    has, and then goes on with the observed cells of the target. Held-out observed cells
    of the target decide what fills it:

    - "pretrained": the generator as it came from the source;
    - "finetuned": trained on with the target;
    - "scratch": trained on the target alone;
    - "gaussian": a Gaussian with the source as prior, as `GaussianTransferImputer`;
    - "blend": all the networks and several such Gaussians, with a strong or a weak
      prior from the source. Weights are those of stacked regressions [2]_: they
      minimise the error on held-out cells, and are closer to equal if there are few
      such cells.

    If "blend" is a candidate it is taken, because small targets have too few observed
    cells to choose reliably among the others. Without it, the best of them is.

    With ``preset="reference"`` this is ClueGAIN [1]_: the generator and the
    discriminator of GAIN play their game on the source, and go on playing it on the
    target, see Notes.

    Which table is which: `X` is the domain that is not named, see `TransferImputer`.
    Rows of the source are filled by the generator that was trained on it.

    Parameters
    ----------
    Xt : array-like of shape (n_target_samples, ...), default=None
        Target rows, used when `fit` is given none. `X` of `fit` is then the source.

    X_source : array-like of shape (n_source_samples, ...), default=None
        Source rows, complete or not, used when `fit` is given none. `X` of `fit` is
        then the target. Columns of two frames are matched by name; without a common
        column the source is left out, with a warning.

    preset : {"robust", "reference"}, default="robust"
        "robust" is the blend. "reference" is the published method, with the networks
        and settings of ``GAINImputer(preset="reference")`` in both trainings.

    scaling : {"shrunk", "own", "source"}, default="shrunk"
        Units of the target, as in `GaussianTransferImputer`. The reference preset
        brings each domain to 0 to 1 by itself.

    trainable : {"all", "last", "none"}, default="all"
        Layers that go on learning from the target.

    candidates : array-like of str, default=("pretrained", "finetuned", "scratch", \
            "gaussian", "blend")
        What to choose from, and to blend, with the robust preset. Without a source
        there are no "pretrained" and "finetuned", for series no "gaussian" and "blend".

    sources : {"all", "best", "weighted"}, default="all"
        What to do with several sources (different values of `sample_domain`), with the
        robust preset: take all rows, those of the source of largest similarity, or rows
        of each in proportion to it. The reference preset takes all.

    adversarial_weight : float or None, default=None
        Weight of the adversarial loss, as in `GAINImputer`, with the reference preset.
        The robust preset has no adversary.

    hint : {"code", "paper"}, default="code"
        "code", as in the published code: :math:`H = m B` with B drawn at `hint_rate`,
        and all cells are scored. "paper": B is 0 for one cell of each row,
        :math:`H = B m + 0.5 (1 - B)`, and adversarial losses are those of that cell.

    hint_rate : float, default=0.9
        Share of observed cells that a hint of "code" tells.

    generator : keras.Model, callable or None, default=None
        As in `GAINImputer`.

    discriminator : keras.Model, callable or None, default=None
        As in `GAINImputer`, with the reference preset.

    n_steps : int or None, default=None
        Most steps of a training, in whole epochs of at least 50. If None, 10,000.

    batch_size : int, default=128
        Rows of a step, at most as many as there are.

    optimizer : str, dict or keras.optimizers.Optimizer, default="adam"
        Each network gets one of its own.

    learning_rate : float or None, default=0.001
        If None, the optimizer's own.

    n_folds : int or None, default=None
        In how many folds observed cells are held out. There is a network for each, and
        rows are filled by their mean. If None, 5 folds of less than 200,000 observed
        cells, and a single network that is not shown a tenth of more. The reference
        preset holds out none.

    callbacks : list of keras.callbacks.Callback or None, default=None
        As in `GAINImputer`: for the training on the source, and for each on the target.

    jit_compile : bool or None, default=None
        Whether XLA compiles, on TensorFlow and PyTorch. If None, where it pays.

    device_budget : float, default=2**31
        Bytes of data, as float32, that are put on the device at once; more is streamed.

    categorical_features : array-like of int, str or bool, default=None
        Positions, names or a mask of the columns that hold levels, as numbers. Each
        level becomes a column of zeros and ones; the generator gives probabilities, of
        which the largest is taken. A level that `fit` did not see counts as missing,
        but is not replaced.

    round_discrete : bool or array-like of int, str or bool, default=False
        Columns whose imputed values are rounded. True: those that hold only integers.

    add_indicator : bool, default=False
        Whether to append columns that say which cells were missing, for columns that
        had missing cells in the target in `fit`.

    keep_empty_features : bool, default=False
        Whether columns without any value in either domain are kept, filled with 0.

    verbose : int, default=0
        Whether to print a line per epoch.

    random_state : int, RandomState instance or None, default=None
        Seeds weights, batches, masks, held-out cells and the draws of `sample`.

    Attributes
    ----------
    selected_ : str
        The candidate that was chosen. With the reference preset "finetuned", "scratch"
        without a source, and "pretrained" where nothing is trainable.

    validation_scores_ : dict of str to float
        Root mean square error of each candidate on held-out cells of the target, in its
        units (standard deviations). Candidates that were stopped on the same cells are
        compared at 1.01 times that; that of the blend is on the cells that weigh it.
        NaN with the reference preset, which holds out none.

    validation_score_ : float
        That of the one selected.

    weights_ : dict of (str or float) to float
        What fills the target: networks by name, and Gaussians by the number of rows
        that the source is worth in them. Weights are positive and sum to 1.

    pretrained_ : namedtuple
        What was learned from the source, with a source.

    similarities_ : dict of int to Similarity
        Of each source, where `sources` asks for it and there are several.

    generators_ : list of keras.Model
        Those that fill the target.

    discriminators_ : list of keras.Model
        The adversary, after its training on the target, with the reference preset.

    history_ : list of dict of list of float
        For each network trained on the target, as in `GAINImputer`.

    pretrain_history_ : dict of list of float
        The same for the source.

    n_epochs_ : int
        Number of epochs done in this fit: those of `history_`, and those of
        `pretrain_history_` unless `pretrain` did them.

    empty_features_ : ndarray of int
        Columns without any value.

    indicator_ : MissingIndicator
        With `add_indicator`.

    n_features_in_ : int
        Number of features seen in `fit`, or of time steps.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Warns
    -----
    UserWarning
        If the fit is interrupted (Ctrl-C) while a network is trained. No other is
        trained after it, and what there is fills the rows.

    See Also
    --------
    GaussianTransferImputer : Its strongest rival, without networks.
    GAINImputer : Without a source, or with both domains as one.

    Notes
    -----
    Departures from [1]_: the default is not the published method. What is known of that
    is its idea: to pre-train GAIN on a complete and similar data set, to fine-tune it
    on the incomplete one, and to measure the similarity of data sets by it. The robust
    preset brings the source to the units of the target first, hides cells in both
    trainings and scores those, has no adversary, and lets held-out cells of the target
    decide. The published algorithm is ``ClueGAINImputer(preset="reference")``:

    1. Cells of the source are hidden at random, once, as many as the target lacks.
       Generator and discriminator are trained on it as in GAIN.
    2. Both go on with their weights on the target, by the same losses, with new
       optimizers.

    Layers, losses and numbers of steps are those of GAIN, and each data set is brought
    to 0 to 1 by itself, as there. The formula of similarity is ours in both presets:
    see `similarity`.

    With the robust preset a fit is one training on the source and two for each fold of
    the target, at the cost of `GAINImputer`, beside the Gaussian; with the reference
    preset it is two trainings. After `pretrain`, targets share the first. Memory is
    that of the data, once, as float32.

    References
    ----------
    .. [1] Zhao. "ClueGAIN: application of transfer learning on generative adversarial
       imputation nets (GAIN)." arXiv:2302.03140, 2023.

    .. [2] Breiman. "Stacked regressions." Machine Learning, 1996.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.imputation import ClueGAINImputer
    >>> rng = np.random.default_rng(0)
    >>> source = rng.normal(size=(300, 1)) * [1.0, 2.0]
    >>> target = rng.normal(size=(100, 1)) * [1.0, 2.0] + 5
    >>> target[::4, 1] = np.nan
    >>> imputer = ClueGAINImputer(n_steps=300, random_state=0)
    >>> imputer.pretrain(source).similarity(target, aligned=True).similarity > 0
    True
    >>> imputer.fit(target).transform(target).shape
    (100, 2)
    """

    _parameter_constraints: dict = {
        **GAINImputer._parameter_constraints,
        "scaling": [StrOptions({"shrunk", "own", "source"})],
        "trainable": [StrOptions({"all", "last", "none"})],
        "sources": [StrOptions({"all", "best", "weighted"})],
        "candidates": ["array-like"],
    }

    def __init__(
        self,
        Xt=None,
        X_source=None,
        *,
        preset="robust",
        scaling="shrunk",
        trainable="all",
        candidates=CANDIDATES,
        sources="all",
        adversarial_weight=None,
        hint="code",
        hint_rate=0.9,
        generator=None,
        discriminator=None,
        n_steps=None,
        batch_size=128,
        optimizer="adam",
        learning_rate=0.001,
        n_folds=None,
        callbacks=None,
        jit_compile=None,
        device_budget=2**31,
        categorical_features=None,
        round_discrete=False,
        add_indicator=False,
        keep_empty_features=False,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            Xt,
            X_source,
            preset=preset,
            adversarial_weight=adversarial_weight,
            hint=hint,
            hint_rate=hint_rate,
            generator=generator,
            discriminator=discriminator,
            n_steps=n_steps,
            batch_size=batch_size,
            optimizer=optimizer,
            learning_rate=learning_rate,
            n_folds=n_folds,
            callbacks=callbacks,
            jit_compile=jit_compile,
            device_budget=device_budget,
            categorical_features=categorical_features,
            round_discrete=round_discrete,
            add_indicator=add_indicator,
            keep_empty_features=keep_empty_features,
            verbose=verbose,
            random_state=random_state,
        )
        self.scaling = scaling
        self.trainable = trainable
        self.candidates = candidates
        self.sources = sources

    # The source

    def pretrain(self, X_source, *, missing_rate=None):
        """Learn from a source, for any number of targets.

        Parameters
        ----------
        X_source : array-like of shape (n_samples, n_features) or (n_samples, time, \
                channels)
            Source rows, complete or not.

        missing_rate : float, default=None
            Share of missing cells to practise: that of the target. With the robust
            preset it is 0.1 less or more from row to row, and any from 0.1 to 0.9 if
            None; with the reference preset it is 0.5 if None.

        Returns
        -------
        self : object
            The imputer. `fit` without a source now starts from this one; `similarity`
            compares it with targets.
        """
        self._validate_params()
        if missing_rate is not None and not 0 <= missing_rate <= 1:
            raise ValueError(f"`missing_rate` must be from 0 to 1, got {missing_rate}.")
        with unchanged_on_error(self):
            for name in [name for name in vars(self) if name.endswith("_")]:
                if name not in self.get_params(deep=False):
                    delattr(self, name)
            X = check_rows(self, X_source, reset=True)
            self._read_columns(X, X.reshape(-1, X.shape[-1]))
            Z = self._encode(X)
            plan = self._plan(Z.shape[1:])
            units = self._own_units(Z, plan)
            rng = check_random_state(self.random_state)
            source = train_on_source(units.into(Z), plan, rng, missing_rate)
            self._keep_source(X, units, source, lasting=True)
        return self

    def _own_units(self, Z, plan):
        """Return the units of a table by itself."""
        flat = Z.reshape(-1, Z.shape[-1])
        units = range_units(flat) if plan.preset.bounded else column_units(flat)
        return sparing(units, plan.is_level)

    def _keep_source(self, X, units, source, *, lasting):
        names = vars(self).get("feature_names_in_")
        self.pretrained_ = Pretrained(X, names, self._columns, units, source, lasting)
        self.pretrain_history_ = source.history

    def _plan(self, shape):
        if self.preset == "robust" and self.adversarial_weight:
            raise ValueError(
                "`adversarial_weight` is for `preset='reference'`: the robust preset "
                f"has no adversary; got {self.adversarial_weight}."
            )
        return super()._plan(shape)

    # Fitting

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, Xt=None, yt=None, *, sample_domain=None, X_source=None):
        """Learn to fill the missing cells of the target.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The domain that is not named, as in `GAINImputer.fit`. If no domain is
            named, and `pretrain` was given a source, that is the source and `X` the
            target. What was learned from it is used, unless the target has columns or
            levels that the source lacks: then it is trained again.

        y : ignored
            Labels are not used.

        Xt : array-like of shape (n_target_samples, n_features), default=None
            The target, where `X` is the source. If None, `Xt` as given to the
            constructor.

        yt : ignored
            Labels are not used.

        sample_domain : int or array-like of shape (n_samples,), default=None
            Domain of each row of `X`, where `X` holds both: negative for the target,
            otherwise a source; different values are different sources.

        X_source : array-like of shape (n_source_samples, n_source_features), \
                default=None
            The source, where `X` is the target. If None, `X_source` as given to the
            constructor.

        Returns
        -------
        self : object
            The fitted imputer.
        """
        given = X_source, self.X_source, Xt, self.Xt, sample_domain
        source = self.X_source if X_source is None else X_source
        known = vars(self).get("pretrained_")
        if known is not None and known.lasting and all(v is None for v in given):
            source = known.table(_get_feature_names(X) is not None)
        else:
            known = None
        with unchanged_on_error(self):
            domains = self._read_domains(X, Xt, sample_domain, source)
            Zs, Zt = self._read_matrices(domains)
            self._fit_matrices(Zs, Zt, domains, known)
        return self

    def _fit_matrices(self, Zs, Zt, domains, known=None):
        plan = self._plan(Zt.shape[1:])
        rng = check_random_state(self.random_state)
        self.similarities_ = {}
        if known is None:
            for name in ("pretrained_", "pretrain_history_"):
                vars(self).pop(name, None)
        fit = self._fit_blend if plan.preset.hides else self._fit_game
        histories = fit(Zs, Zt, plan, domains, known, rng)
        if Zs is not None:
            self._ways[True] = self.pretrained_.way
        self.validation_score_ = self.validation_scores_[self.selected_]
        self.history_ = histories
        self.n_epochs_ = count_epochs(histories)
        if Zs is not None and self.pretrained_ is not known:
            self.n_epochs_ += count_epochs([self.pretrain_history_])

    def _learn_source(self, Zs, Zt, units, plan, domains, known, rng):
        """Train on the source unless `pretrain` did; return whether it was finished."""
        names = vars(self).get("feature_names_in_")
        if known is not None and known.serves(names, self._columns, plan.preset):
            return True
        missing_rate = float(np.isnan(Zt).mean())
        Z, weight = units.into(Zs), None
        domain = domains.source_domain
        several = domain is not None and len(np.unique(domain)) > 1
        if several and self.sources != "all" and plan.preset.hides:
            Z, weight, self.similarities_ = weigh_sources(
                Zs,
                Zt,
                domain,
                plan,
                rng,
                missing_rate=missing_rate,
                scaling=self.scaling,
                best=self.sources == "best",
                seed=lambda: check_random_state(self.random_state),
            )
        source = train_on_source(Z, plan, rng, missing_rate, weight)
        self._keep_source(domains.Xs, units, source, lasting=known is not None)
        return source.finished

    def _fit_blend(self, Zs, Zt, plan, domains, known, rng):
        """Try the candidates on held-out cells, and keep the best or their blend."""
        names = possible_candidates(
            self.candidates,
            has_source=Zs is not None,
            trainable=self.trainable,
            is_series=Zt.ndim == 3,
        )
        n_columns, finished = Zt.shape[-1], True
        if Zs is None:
            units = self._own_units(Zt, plan)
        else:
            own, units = (
                sparing(found, plan.is_level)
                for found in shared_units(
                    Zs.reshape(-1, n_columns), Zt.reshape(-1, n_columns), self.scaling
                )
            )
            finished = self._learn_source(Zs, Zt, own, plan, domains, known, rng)
        if not finished:
            names = [k for k in names if k not in TRAINED_ON_TARGET] or ["pretrained"]
        T = units.into(Zt)
        folds = split_cells(~np.isnan(T), plan, self.n_folds, rng)
        prior = None
        if "gaussian" in names:
            prior = prior_of(Zs, n_columns, plan.is_level)
        trainings = []

        def train(name):
            if name == "pretrained":
                return self._judged_source(T, folds, plan)
            if trainings and not trainings[-1].finished:
                return None
            trainings.append(self._train_on_target(name, T, folds, plan, rng))
            return trainings[-1].ensemble

        chosen, self.validation_scores_ = choose(
            names, T, prior, folds, train, self._stage
        )
        self._ways = {False: Way(units, chosen)}
        self.selected_, self.weights_ = chosen.name, chosen.weights
        ensembles = chosen.ensembles.values()
        self.generators_ = [g for ensemble in ensembles for g in ensemble.networks]
        self.discriminators_ = []
        return [history for trained in trainings for history in trained.histories]

    def _fit_game(self, Zs, Zt, plan, domains, known, rng):
        """Let both networks play on the source, and then go on with the target."""
        name, own = "scratch", None
        if Zs is not None:
            own = self._own_units(Zs, plan)
            finished = self._learn_source(Zs, Zt, own, plan, domains, known, rng)
            moves = finished and self.trainable != "none"
            name = "finetuned" if moves else "pretrained"
        units = range_units(Zt.reshape(-1, Zt.shape[-1]), own)
        units = sparing(units, plan.is_level)
        T = units.into(Zt)
        folds = split_cells(~np.isnan(T), plan, self.n_folds, rng)
        if name == "pretrained":
            trained = Trained(self._judged_source(T, folds, plan), [], [], True)
        else:
            trained = self._train_on_target(name, T, folds, plan, rng)
        self._keep(trained)
        self._ways = {False: Way(units, trained.ensemble._replace(found=None))}
        self.selected_, self.weights_ = name, {name: 1.0}
        self.validation_scores_ = {name: trained.ensemble.score}
        return trained.histories

    def _judged_source(self, T, folds, plan):
        """Return the source's generator, judged on held-out cells of the target."""
        generator = self.pretrained_.generator
        recipe = self.pretrained_.source.ensemble.recipe
        ensemble = judged([generator] * len(folds), recipe, folds, T, plan)
        return ensemble._replace(networks=[generator])

    def _train_on_target(self, name, T, folds, plan, rng):
        if name == "scratch":
            return train_ensemble(T, folds, plan, rng)
        weights = self.pretrained_.source.weights
        return train_ensemble(
            T, folds, plan, rng, weights=weights, trainable=self.trainable
        )

    # Similarity

    def similarity(self, X, *, aligned=False):
        """Measure how alike the source and a target are.

        The generator as `pretrain` or `fit` trained it on the source fills hidden cells
        of the target; nothing is trained. Of each row it is shown a share of the
        observed cells that is drawn from 0 to 1: so it has to know both where the
        columns are and how they go together.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of the target, with missing cells.

        aligned : bool, default=False
            Whether the source is first brought to the units of the target. False: how
            alike the two are as they stand. True: how good a source it is for `fit`,
            which does so.

        Returns
        -------
        similarity : Similarity
            The value, its standard error, and the distance of the column means.
        """
        known = vars(self).get("pretrained_")
        if known is None:
            raise NotFittedError(
                f"{type(self).__name__} has no source yet: call `pretrain`, or `fit` "
                "with a source."
            )
        Zs, Zt = (known.encode(table) for table in (known.X, check_rows(self, X)))
        units = target_units(
            Zs,
            Zt,
            known.columns.is_level,
            self.scaling,
            aligned=aligned,
            bounded=known.source.preset.bounded,
        )
        rng = check_random_state(self.random_state)
        return measure_similarity(Zs, Zt, units, known.source.ensemble, rng)

    def rank_sources(self, X, sources, *, aligned=False):
        """Rank sources by their similarity to a target.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of the target, with missing cells.

        sources : dict of str to array-like
            Source rows by name. Columns of frames are matched by name.

        aligned : bool, default=False
            As in `similarity`.

        Returns
        -------
        ranking : pandas.DataFrame
            A row for each source, the most similar first, with the columns
            ``similarity``, ``standard_error`` and ``mean_distance``. What shares no
            column with the target is last, with NaN.
        """
        import pandas as pd

        missing = float(np.mean(pd.isna(np.asarray(X))))
        rows = {}
        for name, source in sources.items():
            source = match_columns(source, X)
            if source is None:
                rows[name] = Similarity(np.nan, np.nan, np.nan)
                continue
            imputer = clone(self).set_params(X_source=None, Xt=None)
            # Half of what is observed will be hidden too, in the mean.
            imputer.pretrain(source, missing_rate=(1 + missing) / 2)
            rows[name] = imputer.similarity(X, aligned=aligned)
        table = pd.DataFrame.from_dict(rows, orient="index", columns=Similarity._fields)
        return table.sort_values("similarity", ascending=False)

    def __sklearn_is_fitted__(self):
        return "selected_" in vars(self)
