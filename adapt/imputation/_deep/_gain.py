"""Imputation by networks that see rows with holes.

A generator is trained to fill cells that were there, but hidden from it. In the
published method, an adversary tells filled cells from observed ones, and the generator
is also trained to mislead it.
"""

from numbers import Integral, Real

import keras
import numpy as np
from sklearn.utils import check_random_state

from adapt._sklearn import Interval, StrOptions
from adapt.deep._monitor import as_list
from adapt.deep._schedules import check_schedules
from adapt.imputation._base import TransferImputer
from adapt.imputation._deep._ensemble import Way, split_cells, train_ensemble
from adapt.imputation._deep._plan import PRESETS, Plan
from adapt.imputation._units import column_units, range_units, sparing

__all__ = ["GAINImputer"]


class GAINImputer(TransferImputer):
    r"""Fill missing cells by a denoising ensemble of networks; as a preset, GAIN [1]_.

    With ``preset="robust"``, the default, observed cells are hidden from a generator,
    at a rate from 0.05 to 0.5 that each row draws, and it is scored on those. There is
    no adversary; five such networks, each trained without a fifth of the cells, are
    averaged.

    With ``preset="reference"`` this is the published method. The generator :math:`G`
    takes a row with holes and the mask :math:`m` of its observed cells and gives a
    whole row. A discriminator :math:`D` guesses, cell by cell, what was observed in a
    row so filled, with a hint :math:`H`:

    .. math::

        L_D = -\operatorname{mean}[m \log D + (1 - m) \log (1 - D)], \qquad
        L_G = -\operatorname{mean}[(1 - m) \log D]
            + \alpha \frac{\sum m (x - G)^2}{\sum m}.

    A source, if there is one, is more rows of the same; `ClueGAINImputer` tells domains
    apart. Rows of either domain are filled alike. Which table is which: `X` is the
    domain that is not named, see `TransferImputer`.

    Parameters
    ----------
    Xt : array-like of shape (n_target_samples, ...), default=None
        Target rows, used when `fit` is given none. `X` of `fit` is then the source.

    X_source : array-like of shape (n_source_samples, ...), default=None
        Source rows, used when `fit` is given none. `X` of `fit` is then the target.

    preset : {"robust", "reference"}, default="robust"
        "robust" is the denoising ensemble. "reference" is the method as published with
        its code: three layers as wide as the table, of normal kernels of variance
        2 / inputs at first, sigmoid outputs of columns brought to 0 to 1, every
        observed cell shown, uniform noise up to 0.01 in the holes, 10,000 steps without
        early stopping, :math:`\alpha = 100`.

    adversarial_weight : float or None, default=None
        Weight of the adversarial loss beside the reconstruction, :math:`1 / \alpha`.
        If None, 0 with the robust preset, and 0.01 with the reference. With 0 there is
        no discriminator.

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
        convolutions over time; with the robust preset upon the inverse hyperbolic sine
        of the inputs, which compresses outliers.

    discriminator : keras.Model, callable or None, default=None
        From values and hint to one logit for each cell. If None, as the generator.

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
        Called at the ends of epochs, on a model of the generator, for each network that
        is trained in turn. `val_rmse` is the error on held-out cells; in the end each
        network takes the weights that had the smallest, whatever stopped it.

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
    generators_ : list of keras.Model
        One for each fold.

    discriminators_ : list of keras.Model
        The adversary of each; empty without adversaries.

    validation_score_ : float
        Root mean square error on held-out cells, in the units of the networks (standard
        deviations); NaN where none are held out.

    history_ : list of dict of list of float
        For each network the mean losses of each epoch of at least 50 steps, and
        `val_rmse` on held-out cells.

    n_epochs_ : int
        Number of epochs done, over all networks.

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
        trained after it, and rows are filled by those that there are.

    See Also
    --------
    GaussianTransferImputer : Cheaper, and hard to beat on tables of few rows.
    ClueGAINImputer : Learns from the source first, then from the target.

    Notes
    -----
    Departures from [1]_: the default is not the published method. There the generator
    is only scored on cells that it was given, and at high missing rates it loses to the
    column means. So the robust preset hides cells, has no discriminator, standardises
    columns, has linear outputs that start from the column means, ends a training by
    held-out cells, and averages networks. The published algorithm, as its code runs it,
    is ``GAINImputer(preset="reference")``; as the paper writes it, with
    ``hint="paper"`` beside. Its losses are divided by :math:`\alpha`, which Adam does
    not notice.

    A step costs one pass forward and back over `batch_size` rows, time O(batch_size
    (d u + u^2)) for d columns and u units of the hidden layers. Memory is that of the
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
        "preset": [StrOptions(set(PRESETS))],
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

    def __init__(
        self,
        Xt=None,
        X_source=None,
        *,
        preset="robust",
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

    def _validate_params(self):
        check_schedules(type(self).__name__, {}, as_list(self.callbacks))
        super()._validate_params()

    def _plan(self, shape):
        """Return how networks are trained on rows of a shape."""
        preset = PRESETS[self.preset]
        given = {"adversarial_weight": self.adversarial_weight, "n_steps": self.n_steps}
        return Plan(
            preset._replace(**{k: v for k, v in given.items() if v is not None}),
            shape,
            self._columns.groups,
            type(self).__name__,
            self.generator,
            self.discriminator,
            self.hint,
            self.hint_rate,
            self.batch_size,
            self.optimizer,
            self.learning_rate,
            self.callbacks,
            self.jit_compile,
            self.device_budget,
            self.verbose,
        )

    def _fit_matrices(self, Zs, Zt, domains):
        Z = Zt if Zs is None else np.concatenate([Zs, Zt])
        rng = check_random_state(self.random_state)
        plan = self._plan(Z.shape[1:])
        flat = Z.reshape(-1, Z.shape[-1])
        units = range_units(flat) if plan.preset.bounded else column_units(flat)
        units = sparing(units, plan.is_level)
        folds = split_cells(~np.isnan(Z), plan, self.n_folds, rng)
        trained = train_ensemble(units.into(Z), folds, plan, rng)
        self._keep(trained)
        self._ways = {False: Way(units, trained.ensemble._replace(found=None))}
        self.validation_score_ = trained.ensemble.score

    def _keep(self, trained):
        """Take over the networks of a training, and what happened in it."""
        self.generators_ = trained.ensemble.networks
        self.discriminators_ = [
            players.networks["discriminator"]
            for players in trained.players
            if "discriminator" in players.networks
        ]
        self.history_ = trained.histories
        self.n_epochs_ = count_epochs(trained.histories)

    def _way(self, is_source):
        """Return how rows of a domain are filled, the same for both if there is one."""
        return self._ways.get(is_source, self._ways[False])

    def _impute(self, Z, is_source):
        return self._way(is_source).mean(Z)

    def _sample(self, Z, is_source, rng):
        return self._way(is_source).draw(Z, rng)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def count_epochs(histories):
    """Return the number of epochs of several trainings."""
    return sum(len(history.get("loss", ())) for history in histories)
