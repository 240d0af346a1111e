"""Imputation by networks that see rows with holes.

A generator is trained to fill cells that were there, but hidden from it. In the
published method, an adversary tells filled cells from observed ones, and the generator
is also to mislead it.
"""

from numbers import Integral, Real
from typing import NamedTuple

import keras
import numpy as np
from keras import ops
from sklearn.utils import check_random_state

from adapt._sklearn import Interval, StrOptions
from adapt.deep import _engine, _program
from adapt.deep._networks import prepare
from adapt.deep._trainer import Phase, Trainer, Update
from adapt.imputation._base import TransferImputer
from adapt.imputation._deep import _gain_networks
from adapt.imputation._held_out import cell_folds, rmse
from adapt.imputation._units import Units, column_units

__all__ = ["GAINImputer"]

_EPOCH = 50  # steps between two looks at the held-out cells, at least
_PATIENCE = 20  # looks without a better score
_FEW_CELLS = 200_000  # below, folds hold out all cells in turn
_N_RESIDUALS = 1000  # of each column, for draws
_BLOCK_ROWS = 2048  # filled at once: few enough to stay in the cache


class _Preset(NamedTuple):
    """What a preset means."""

    adversarial_weight: float
    n_units: int | None  # of hidden layers; None is one for each column
    n_steps: int
    hides: bool  # whether observed cells are hidden from the generator
    bounded: bool  # whether columns are brought to 0 to 1


_PRESETS = {
    "default": _Preset(0.0, 64, 10_000, hides=True, bounded=False),
    "reference": _Preset(0.01, None, 10_000, hides=False, bounded=True),
}


class _Ensemble(NamedTuple):
    """Generators, each trained on other cells, and what they say of held-out cells."""

    networks: list
    recipe: object
    found: np.ndarray  # each held-out cell as filled without it, NaN elsewhere
    score: float  # root mean square error on held-out cells
    residuals: list  # of each column, on held-out cells


def range_units(Z):
    """Return `Units` in which the observed cells of each column span 0 to 1."""
    low, high = np.nanmin(Z, axis=0), np.nanmax(Z, axis=0)
    return Units(low, np.where(high > low, high - low, 1.0))


def hide_cells(rng, size, shape, groups, rates):
    """Return which cells are hidden, drawn at random.

    Parameters
    ----------
    rng : RandomState
        Draws them.

    size : tuple of int
        Number of steps, and of rows in each.

    shape : tuple of int
        Of a row: ``(n_columns,)``, or ``(time, n_columns)``, of which stretches are
        hidden and few single cells.

    groups : list of slice
        Columns that are hidden together.

    rates : tuple of float
        Smallest and largest share of hidden cells; each row draws its own.

    Returns
    -------
    hidden : ndarray of shape (*size, *shape), dtype bool
    """
    rate = rng.uniform(*rates, size=(*size, *(1 for _ in shape)))
    hidden = rng.random_sample((*size, *shape)) < rate
    if len(shape) == 2:
        n_times = shape[0]
        length = np.ceil(rate * n_times)
        start = rng.uniform(-1, 1, size=(*size, 1, shape[1])) * n_times
        time = np.arange(n_times)[:, None]
        stretch = (start <= time) & (time < start + length)
        hidden = stretch | (hidden & (rng.random_sample(hidden.shape) < 0.1))
    for group in groups:
        if group.stop - group.start > 1:
            hidden[..., group] = hidden[..., group.start, None]
    return hidden


class GAINImputer(Trainer, TransferImputer):
    r"""Fill missing cells by generative adversarial networks, or by one of them [1]_.

    The generator :math:`G` takes a row with holes and the mask of its observed cells
    and gives a whole row. In the published method a discriminator :math:`D` guesses,
    cell by cell, what was observed in a row so filled, with a hint :math:`H`:

    .. math::

        L_D = -\operatorname{mean}[m \log D + (1 - m) \log (1 - D)], \qquad
        L_G = -\operatorname{mean}[(1 - m) \log D]
            + \alpha \frac{\sum m (x - G)^2}{\sum m}.

    There the generator is only scored on cells that it was given, and at high missing
    rates it loses to the mean of the column. So by default observed cells are hidden
    from it, at a rate from 0.05 to 0.5 that each row draws, and only those are scored;
    there is no discriminator, columns are standardised, and outputs are linear. Cells
    that are held out end the training, and outputs start from the column means.

    A source, if there is one, is more rows of the same; `ClueGAINImputer` tells domains
    apart. Rows of either domain are filled alike. See `GaussianTransferImputer` on
    which table is which.

    Parameters
    ----------
    Xt : array-like of shape (n_target_samples, ...), default=None
        Target rows, used when `fit` is given none. `X` is then the source.

    X_source : array-like of shape (n_source_samples, ...), default=None
        Source rows, used when `fit` is given none. `X` is then the target.

    preset : {"default", "reference"}, default="default"
        "reference" is the method as published with its code: three layers as wide as
        the table, of normal kernels of variance 2 / inputs at first, sigmoid outputs of
        columns brought to 0 to 1, every observed cell shown, uniform noise up to 0.01
        in the holes, 10,000 steps without early stopping, :math:`\alpha = 100`.

    adversarial_weight : float or None, default=None
        Weight of the adversarial loss beside the reconstruction, :math:`1 / \alpha`.
        If None, 0 by default, and 0.01 with the reference preset. With 0 there is no
        discriminator.

    hint : {"code", "paper"}, default="code"
        "code", as in the published code: :math:`H = m B` with B drawn at `hint_rate`,
        and all cells are scored. "paper": B is 0 for one cell of each row,
        :math:`H = B m + 0.5 (1 - B)`, and adversarial losses are those of that cell.

    hint_rate : float, default=0.9
        Share of observed cells that a hint of "code" tells.

    generator : keras.Model, callable or None, default=None
        From values and mask, side by side, to values: a network, which is copied with
        its weights, or a function without arguments that returns one. If None, two
        hidden layers of 64 units, for series `(n_samples, time, channels)` four
        convolutions over time; by default upon the inverse hyperbolic sine of the
        inputs, which compresses outliers.

    discriminator : keras.Model, callable or None, default=None
        From values and hint to one logit for each cell. If None, as the generator.

    n_steps : int or None, default=None
        Most steps of a training. If None, 10,000.

    batch_size : int, default=128
        Rows of a step, at most as many as there are.

    optimizer : str, dict or keras.optimizers.Optimizer, default="adam"
        Each network gets one of its own.

    learning_rate : float or None, default=0.001
        If None, the optimizer's own.

    n_folds : int or None, default=None
        In how many folds observed cells are held out. There is a network for each, and
        rows are filled by their mean. If None, 5 folds of less than 200,000 observed
        cells, and a single network that is not shown a tenth of more.

    callbacks : list of keras.callbacks.Callback or None, default=None
        Called at the ends of epochs, on a model of the generator, for each network that
        is trained in turn. `val_rmse` is the error on held-out cells; in the end each
        network takes the weights that had the smallest, whatever stopped it.

    jit_compile : bool or None, default=None
        As in `adapt.feature_based.DANN`.

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
        Whether columns without any value are kept, filled with 0.

    verbose : int, default=0
        Whether to print a line per epoch.

    random_state : int, RandomState instance or None, default=None
        Seeds weights, batches, masks, held-out cells and the draws of `sample`.

    Attributes
    ----------
    generators_ : list of keras.Model
        One for each fold.

    validation_score_ : float
        Root mean square error on held-out cells, in the units of the networks (standard
        deviations); NaN where none are held out.

    history_ : list of dict of list of float
        For each network the mean losses of each epoch of at least 50 steps, and
        `val_rmse` on held-out cells.

    n_epochs_ : int
        Number of epochs done.

    empty_features_ : ndarray of int
        Columns without any value.

    indicator_ : MissingIndicator
        With `add_indicator`.

    n_features_in_ : int
        Number of features seen in `fit`, or of time steps.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    See Also
    --------
    GaussianTransferImputer : Cheaper, and hard to beat on tables of few rows.

    Notes
    -----
    A step costs one pass forward and back over `batch_size` rows; memory is that of the
    data, once, as float32. Draws add errors made on held-out cells of the column,
    independently from cell to cell; with the reference preset, they differ by the noise
    in the holes.

    References
    ----------
    .. [1] Yoon, Jordon and van der Schaar. "GAIN: missing data imputation using
       generative adversarial nets." ICML, 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.imputation import GAINImputer
    >>> x = np.random.default_rng(0).normal(size=(200, 1))
    >>> X = x * [1.0, 2.0]  # the second is twice the first
    >>> X[::4, 1] = np.nan
    >>> imputer = GAINImputer(n_steps=600, random_state=0).fit(X)
    >>> bool(np.abs(imputer.transform(X)[:, 1] - 2 * x[:, 0]).mean() < 0.4)
    True
    """

    _parameter_constraints: dict = {
        **TransferImputer._parameter_constraints,
        "preset": [StrOptions(set(_PRESETS))],
        "adversarial_weight": [Interval(Real, 0, None, closed="left"), None],
        "hint": [StrOptions({"code", "paper"})],
        "hint_rate": [Interval(Real, 0, 1, closed="both")],
        "generator": [callable, None],
        "discriminator": [callable, None],
        "n_steps": [Interval(Integral, 1, None, closed="left"), None],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "optimizer": [str, dict, keras.optimizers.Optimizer],
        "learning_rate": [Interval(Real, 0, None, closed="neither"), None],
        "n_folds": [Interval(Integral, 2, None, closed="left"), None],
        "callbacks": [list, tuple, keras.callbacks.Callback, None],
        "jit_compile": ["boolean", None],
        "device_budget": [Interval(Real, 0, None, closed="neither")],
    }

    _not_compiled = (
        *("X_source", "categorical_features", "round_discrete", "add_indicator"),
        *("keep_empty_features", "generator", "n_steps", "n_folds", "preset"),
        "hint_rate",
    )

    def __init__(
        self,
        Xt=None,
        X_source=None,
        *,
        preset="default",
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
        self.Xt = Xt
        self.X_source = X_source
        self.preset = preset
        self.adversarial_weight = adversarial_weight
        self.hint = hint
        self.hint_rate = hint_rate
        self.generator = generator
        self.discriminator = discriminator
        self.n_steps = n_steps
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.n_folds = n_folds
        self.callbacks = callbacks
        self.jit_compile = jit_compile
        self.device_budget = device_budget
        self.categorical_features = categorical_features
        self.round_discrete = round_discrete
        self.add_indicator = add_indicator
        self.keep_empty_features = keep_empty_features
        self.verbose = verbose
        self.random_state = random_state

    # Losses

    def _settings(self):
        """Return the preset, with what parameters say otherwise."""
        preset = _PRESETS[self.preset]
        given = {"adversarial_weight": self.adversarial_weight, "n_steps": self.n_steps}
        return preset._replace(**{k: v for k, v in given.items() if v is not None})

    def _updates(self):
        if self._settings().adversarial_weight == 0:
            return [Update(self._generator_losses, ("generator",))]
        return [
            Update(self._discriminator_losses, ("discriminator",)),
            Update(self._generator_losses, ("generator",)),
        ]

    def _structure(self):
        groups = [(group.start, group.stop) for group in self._groups]
        return self._settings()[:1] + self._settings()[3:], tuple(groups)

    def _twin(self):
        twin = super()._twin()
        fitted = (
            *("_ensemble", "_ensembles", "_best", "_known"),
            *("generators_", "pretrained_"),
        )
        for name in vars(twin).keys() & set(fitted):
            setattr(twin, name, None)
        return twin

    def _generate(self, batch):
        """Return the generator's outputs, and the mask of the cells it was shown."""
        if self._settings().hides:
            shown = batch["M"] * batch["shown"]
            values = shown * batch["X"]
        else:
            shown = batch["M"]
            values = batch["X"] + (1 - shown) * batch["noise"]
        raw = self.generator_(ops.concatenate([values, shown], axis=-1), training=True)
        return _gain_networks.activate(ops.cast(raw, "float32"), self._groups), shown

    def _tell(self, batch, outputs, shown):
        """Return the discriminator's logits that cells were observed, and weights."""
        levels = self._of_groups > 1
        filled = ops.where(ops.convert_to_tensor(levels), ops.exp(outputs), outputs)
        filled = shown * batch["X"] + (1 - shown) * filled
        if self.hint == "code":
            hint, weight = shown * batch["hint"], ops.ones_like(shown)
        else:
            hint = batch["hint"] * shown + 0.5 * (1 - batch["hint"])
            weight = 1 - batch["hint"]
        pair = ops.concatenate([filled, hint], axis=-1)
        return ops.cast(self.discriminator_(pair, training=True), "float32"), weight

    def _discriminator_losses(self, batch):
        outputs, shown = self._generate(batch)
        logits, weight = self._tell(batch, ops.stop_gradient(outputs), shown)
        losses = ops.softplus(logits) - shown * logits
        return {"discriminator_loss": _mean(losses, weight)}

    def _generator_losses(self, batch):
        outputs, shown = self._generate(batch)
        errors = _gain_networks.cell_losses(batch["X"], outputs, self._of_groups > 1)
        scored = self._scored(batch["M"], shown)
        losses = {"reconstruction_loss": _mean(errors, scored)}
        weight = self._settings().adversarial_weight
        if weight > 0:
            logits, cells = self._tell(batch, outputs, shown)
            misled = _mean((1 - shown) * ops.softplus(-logits), cells)
            losses["adversarial_loss"] = weight * misled
        return losses

    def _scored(self, known, shown):
        """Return the cells whose reconstruction counts."""
        return known - shown if self._settings().hides else shown

    def _draw(self, rng, size):
        shape = self._cells
        settings = self._settings()
        if settings.hides:
            hidden = hide_cells(rng, size, shape, self._groups, self._hidden_rates)
            drawn = {"shown": ~hidden}
        else:
            drawn = {"noise": rng.uniform(0, 0.01, size=(*size, *shape))}
        if settings.adversarial_weight > 0:
            drawn["hint"] = self._draw_hint(rng, (*size, *shape))
        return drawn

    def _draw_hint(self, rng, shape):
        if self.hint == "code":
            return rng.random_sample(shape) < self.hint_rate
        told = np.ones(shape)  # all cells but one
        left_out = rng.randint(shape[-1], size=(*shape[:-1], 1))
        np.put_along_axis(told, left_out, 0, axis=-1)
        return told

    _hidden_rates = (0.05, 0.5)

    # Fitting

    def _fit_matrices(self, Zs, Zt, domains):
        Z = Zt if Zs is None else np.concatenate([Zs, Zt])
        rng = check_random_state(self.random_state)
        self._start(Z)
        flat = Z.reshape(-1, Z.shape[-1])
        bounded = self._settings().bounded
        self._units = range_units(flat) if bounded else column_units(flat)
        self._units = self._without_levels(self._units)
        self._use(self._train_ensemble(self._units.into(Z), rng))

    def _start(self, Z):
        """Take note of the shape of the matrix, and forget earlier fits."""
        self._cells = Z.shape[1:]
        self._groups = self._columns.groups
        widths = [group.stop - group.start for group in self._groups]
        self._of_groups = np.repeat(widths, widths)
        self.history_, self.n_epochs_, self._recipes = {}, 0, {}

    def _without_levels(self, units):
        """Return units that leave zeros and ones of levels as they are."""
        levels = self._of_groups > 1
        return Units(
            np.where(levels, 0.0, units.offset), np.where(levels, 1.0, units.scale)
        )

    def _use(self, ensemble):
        self._ensemble = ensemble
        self.generators_ = ensemble.networks
        self.validation_score_ = ensemble.score

    def _new_networks(self, rng):
        """Return networks with fresh weights."""
        *time, d = self._cells
        preset = _PRESETS[self.preset]
        n_units = d if preset.n_units is None else preset.n_units
        shape = (*time, 2 * d)
        last = "sigmoid" if preset.bounded else None
        arguments = {
            "generator": (_gain_networks.default_generator, n_units, d, last),
            "discriminator": (_gain_networks.default_discriminator, n_units, d),
        }
        if self._settings().adversarial_weight == 0:
            del arguments["discriminator"]
        networks = {}
        for name, (default, *args) in arguments.items():
            given = getattr(self, name)
            network, output_shape, self._recipes[name] = prepare(
                name, given, default, shape, *args, rng=rng
            )
            if output_shape != self._cells:
                raise ValueError(
                    f"`{name}` must give samples of shape {self._cells}, one number for"
                    f" each column; got {output_shape}."
                )
            networks[name] = network
            setattr(self, f"{name}_", network)
        if preset.bounded:
            for name, network in networks.items():
                if getattr(self, name) is None:
                    _gain_networks.draw_as_published(network, rng)
        elif self.generator is None:
            # Outputs of zero are the means of the columns: training starts from there.
            kernel = networks["generator"].layers[-1].kernel
            kernel.assign(np.zeros(kernel.shape))
        return networks

    def _folds(self, observed, rng):
        """Return masks of the cells that each network is not shown."""
        if not _PRESETS[self.preset].hides:
            return [np.zeros_like(observed)]
        if self.n_folds is not None:
            return cell_folds(observed, self.n_folds, rng, self._groups)
        if observed.sum() < _FEW_CELLS:
            return cell_folds(observed, 5, rng, self._groups)
        return cell_folds(observed, 10, rng, self._groups)[:1]

    def _train_ensemble(self, Z, rng, folds=None, weights=None):
        """Train a generator for each fold, from fresh weights or from given ones."""
        observed = ~np.isnan(Z)
        folds = self._folds(observed, rng) if folds is None else folds
        networks, histories = [], []
        for fold in folds:
            players = self._new_networks(rng)
            if weights is not None:
                players["generator"].set_weights(weights)
            finished = self._train_one(Z, observed & ~fold, fold, players, rng)
            networks.append(players["generator"])
            histories.append(self.history_)
            if not finished:
                break
        self.history_ = histories
        return self._judged(networks, self._recipes["generator"], folds, Z)

    def _judged(self, networks, recipe, folds, Z):
        """Return the ensemble, with its errors on the cells it was not shown."""
        found = np.full(Z.shape, np.nan)
        for network, fold in zip(networks, folds, strict=False):
            if fold.any():
                shown = np.where(fold, np.nan, Z)
                found[fold] = self._fill(shown, [network], recipe)[fold]
        cells = ~np.isnan(found)
        residuals = (found - Z).reshape(-1, Z.shape[-1])
        pools = [r[~np.isnan(r)][:_N_RESIDUALS] for r in residuals.T]
        return _Ensemble(networks, recipe, found, rmse(found, Z, cells), pools)

    def _train_one(self, Z, known, held_out, networks, rng, updates="_updates"):
        """Train on the known cells; return whether it came to its end.

        The weights that are best on the held-out cells are kept, at worst those from
        which it starts.
        """
        n = len(Z)
        n_steps = self._settings().n_steps
        size = min(self.batch_size, n)
        times = max(1, -(-_EPOCH * size // n))
        arrays = {"X": np.where(known, Z, 0.0), "M": known.astype(np.float32)}
        rows = {"table": np.tile(np.arange(n), times)}
        feed = _program.Feed({"table": arrays}, rows, size, self.device_budget)
        held = np.flatnonzero(held_out.any(axis=tuple(range(1, Z.ndim))))[:2000]
        shown = np.where(known, Z, np.nan)[held]
        view = (shown, Z[held], held_out[held]) if len(held) else None
        epochs = -(-n_steps // feed.n_steps)
        self._best, self.history_ = None, {}
        self._after_epoch(self._evaluate(networks, view), networks)
        finished = self._train(0, Phase(epochs, updates), networks, feed, view, rng)
        if self._best is not None:
            networks["generator"].set_weights(self._best.weights)
        del self._best
        return finished

    def _watched(self):
        *time, d = self._cells
        return (*time, 2 * d), ("generator",)

    def _evaluate(self, networks, held_out):
        if held_out is None:
            return {}
        shown, true, cells = held_out
        network, recipe = networks["generator"], self._recipes["generator"]
        return {"val_rmse": rmse(self._fill(shown, [network], recipe), true, cells)}

    def _after_epoch(self, logs, networks):
        if "val_rmse" not in logs:
            return False
        best, epoch = self._best, self.n_epochs_
        if best is None or logs["val_rmse"] < best.score:
            weights = _engine.weights_of(networks["generator"])
            self._best = _Best(logs["val_rmse"], epoch, weights)
        return epoch - self._best.epoch >= _PATIENCE

    # Imputing

    def _fill(self, Z, networks, recipe, noise=None):
        """Return the mean of what generators make of rows, in the networks' units."""
        if noise is None:
            noise = 0.0 if _PRESETS[self.preset].hides else 0.005
        noise = np.broadcast_to(noise, Z.shape)
        filled = np.empty(Z.shape)
        for start in range(0, len(Z), _BLOCK_ROWS):
            # The last block overlaps with the one before: all are of one size, for
            # which JAX compiles once.
            start = max(min(start, len(Z) - _BLOCK_ROWS), 0)
            rows = slice(start, start + _BLOCK_ROWS)
            shown = ~np.isnan(Z[rows])
            values = np.where(shown, Z[rows], noise[rows])
            pair = np.concatenate([values, shown], axis=-1, dtype=np.float32)
            raws = (_program.outputs_of([n], [recipe], pair) for n in networks)
            parts = [_gain_networks.probabilities(raw, self._groups) for raw in raws]
            filled[rows] = np.mean(parts, axis=0)
        return filled

    def _mean_fill(self, Z, ensemble, noise=None):
        return self._fill(Z, ensemble.networks, ensemble.recipe, noise)

    def _impute(self, Z, is_source):
        filled = self._mean_fill(self._units.into(Z), self._ensemble)
        return self._units.back(filled)

    def _sample(self, Z, is_source, rng):
        Z = self._units.into(Z)
        return self._units.back(self._drawn(Z, self._ensemble, rng))

    def _drawn(self, Z, ensemble, rng):
        """Return rows filled at random: means plus errors made on held-out cells."""
        if not _PRESETS[self.preset].hides:
            noise = rng.uniform(0, 0.01, size=Z.shape)
            return self._mean_fill(Z, ensemble, noise)
        filled = self._mean_fill(Z, ensemble)
        missing = np.isnan(Z)
        for group in self._groups:
            cells = missing[..., group.start]
            if group.stop - group.start > 1:
                p = filled[..., group][cells]
                # The largest of logarithms with Gumbel noise is a draw.
                noisy = np.log(p + 1e-12) + rng.gumbel(size=p.shape)
                drawn = np.zeros_like(p)
                drawn[np.arange(len(p)), noisy.argmax(axis=1)] = 1.0
                filled[..., group][cells] = drawn
            elif len(ensemble.residuals[group.start]):
                errors = rng.choice(ensemble.residuals[group.start], cells.sum())
                filled[..., group.start][cells] -= errors
        return filled

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


class _Best(NamedTuple):
    score: float
    epoch: int
    weights: list


def _mean(values, weight):
    return ops.sum(values * weight) / ops.maximum(ops.sum(weight), 1.0)
