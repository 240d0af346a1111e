"""Importance weighting network: weights by which the domains' kernel means meet."""

from numbers import Integral, Real

import keras
import numpy as np
from keras import layers, ops
from sklearn.base import clone
from sklearn.utils import check_random_state

from adapt._sklearn import Interval
from adapt.deep._engine import to_numpy
from adapt.deep._feed import Feed
from adapt.deep._forward import outputs_of
from adapt.deep._hooks import Phase, Update
from adapt.deep._layers import learn_scales
from adapt.deep._losses import squared_distances
from adapt.deep._recipes import prepare
from adapt.deep._trainer import Trainer
from adapt.instance_based._deep._weight_networks import default_scaler, perceptron
from adapt.instance_based._shrinkage import ShrunkRatioAdapter, best_shrinkage

__all__ = ["IWN"]

_TINY = 1e-7


@keras.saving.register_keras_serializable("adapt")
class GaussianKernel(layers.Layer):
    """Return ``exp(-sigma * d2)`` of squared distances, with a ``sigma`` to be trained.

    Parameters
    ----------
    sigma : float
        Initial value. What is trained is its logarithm, so that it stays positive.
    """

    def __init__(self, sigma=0.1, **options):
        super().__init__(**options)
        self.sigma = sigma

    def build(self, shape):
        initial = keras.initializers.Constant(np.log(self.sigma))
        self.log_sigma = self.add_weight((), initial, name="log_sigma")

    def call(self, squares):
        return ops.exp(-ops.exp(self.log_sigma) * squares)

    def get_config(self):
        return {**super().get_config(), "sigma": self.sigma}


def default_kernel(sigma):
    """Return a network from squared distances to kernel values."""
    body = [keras.Input((None,)), GaussianKernel(sigma, name="kernel_0")]
    return keras.Sequential(body, name="kernel")


def weighted_mmd(weights, zs, zt, kernel):
    """Return the squared distance of two kernel means, the first of weighted rows.

    Parameters
    ----------
    weights : tensor of shape (n_samples,)
        Weights of the source rows; they are brought to a mean of one.

    zs, zt : tensors of shape (n_samples, n_features)
        Rows of the source and of the target.

    kernel : callable
        From squared distances to kernel values.

    Returns
    -------
    mmd : scalar tensor
        ``w' Kss w / n_s^2 - 2 w' Kst 1 / (n_s n_t) + 1' Ktt 1 / n_t^2``.
    """
    n_t = zt.shape[0]
    w = weights / ops.sum(weights)
    within = ops.sum(w * ops.matmul(kernel(squared_distances(zs, zs)), w))
    across = ops.sum(w[:, None] * kernel(squared_distances(zs, zt))) / n_t
    target = ops.sum(kernel(squared_distances(zt, zt))) / n_t**2
    return within - 2 * across + target


class IWN(Trainer, ShrunkRatioAdapter):
    r"""Importance weighting network [1]_.

    A network gives each source row a weight, and is trained in batches so that the
    weighted source has the kernel mean of the target,

    .. math:: \min_w \Big\| \frac{1}{n_s} \sum_i w(x_i) \phi(x_i)
        - \frac{1}{n_t} \sum_j \phi(x'_j) \Big\|^2,
        \qquad \langle \phi(x), \phi(x') \rangle = e^{-\sigma |x - x'|^2},

    while :math:`\sigma` is trained to keep this distance as large as it can be. It is
    kernel mean matching for any number of rows, and gives weights to rows not seen.

    Parameters
    ----------
    estimator : estimator, default=None
        Fitted on the weighted source. If None, `LogisticRegression` for classes and
        `LinearRegression` for numbers.

    weighter : keras.Model, callable or None, default=None
        From standardised rows to one output, whose absolute value is the weight: a
        network, or a function without arguments that returns one. If None, two hidden
        layers of 64.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    yt : array-like of shape (n_target_samples,), default=None
        Ignored, present for API consistency.

    pretrain : bool, default=True
        Whether the network is first trained to give all rows a weight of one.

    sigma_init : float, default=0.1
        Initial :math:`\sigma`, in one over squared units of standardised columns.

    update_sigma : bool, default=True
        Whether :math:`\sigma` is trained.

    pretrain_epochs : int, default=10
        Number of epochs of that first training.

    optimizer : str, dict or keras.optimizers.Optimizer, default="adam"
        How weights are updated. Each network gets an optimizer of its own, made as this
        one is.

    learning_rate : float or None, default=None
        Learning rate of every optimizer. If None, the optimizer's own.

    epochs : int, default=50
        Number of passes through the larger domain.

    batch_size : int, default=128
        Rows of each domain in a step. The smaller the batch, the closer the weights are
        kept to one: there the squares of the weights themselves are a larger part of
        the distance.

    shrinkage : float or "auto", default="auto"
        Share of one in the weights, from 0 to 1: with the network's weights w they are
        ``shrinkage + (1 - shrinkage) * w``. "auto" takes the share that is best by the
        least-squares criterion of ratios, on the halves of the rows that networks
        trained on the other halves have not seen: without a shift the network follows
        chance, and its weights are brought near to one.

    jit_compile : bool or None, default=None
        Whether to compile with XLA (TensorFlow), whole epochs and not steps (JAX), or
        to trace a step and replay it (PyTorch; not where a step draws random numbers).
        If None, what was measured to be faster: with TensorFlow and PyTorch True for
        long trainings of networks that neither convolve nor recur; with JAX True,
        except on CPUs for networks that do.

    device_budget : float, default=2**31
        Bytes of data, as float32, that are put on the device at once; more is streamed
        in chunks, for example from a `numpy.memmap`.

    weight_clip : float, default=None
        Largest weight, in units of the mean weight, before the mean is brought back to
        one.

    resample : bool, default=False
        Whether `estimator` is fitted on a bootstrap drawn by the weights, which serves
        estimators without `sample_weight`.

    copy : bool, default=True
        Whether `estimator` and `weighter` are copied, or fitted and trained themselves.

    verbose : int, default=0
        If positive, a line is printed after each epoch.

    random_state : int, RandomState instance or None, default=None
        Seeds initial weights, batches, the halves that choose `shrinkage`, the
        bootstrap, and each `random_state` in `estimator` that is None.

    Attributes
    ----------
    weights_ : ndarray of shape (n_samples,)
        Weights of the source rows, of mean one.

    effective_sample_size_ : float
        ``sum(w)^2 / sum(w^2)``.

    shrinkage_ : float
        Share of one in the weights.

    weighter_ : keras.Model
        The trained network, from standardised rows.

    sigma_ : float
        The bandwidth at the end.

    history_, pretrain_history_ : dict of list of float
        Mean `mmd` and `sigma` of each epoch, and the first training's loss.

    estimator_ : estimator
        The fitted estimator.

    n_epochs_ : int
        Number of epochs done.

    n_features_in_ : int
        Number of features seen in `fit`.

    See Also
    --------
    KMM : One weight per row, by a quadratic program.

    Notes
    -----
    Departures from [1]_:

    - weights are drawn towards one, by a share that is chosen on held-out rows;
    - columns are standardised, and what is trained of :math:`\sigma` is its logarithm.

    As published: ``IWN(shrinkage=0)``.

    A step costs ``O(batch_size^2 d)`` for the kernels and a pass of the network; memory
    is that of the data, once, as float32. With ``shrinkage="auto"`` two networks more
    are trained, on half of the rows each.

    References
    ----------
    .. [1] de Mathelin, Deheeger, Mougeot and Vayatis. "Fast and accurate importance
       weighting for correcting sample bias." ECML PKDD, 2022.

    Examples
    --------
    >>> from adapt.datasets import make_classification_da
    >>> from adapt.instance_based import IWN
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> weights = IWN(epochs=5, random_state=0).fit_weights(Xs, Xt)
    >>> bool(abs(weights.mean() - 1) < 1e-6)
    True
    """

    _parameter_constraints: dict = {
        **ShrunkRatioAdapter._parameter_constraints,
        "weighter": [callable, None],
        "pretrain": ["boolean"],
        "sigma_init": [Interval(Real, 0, None, closed="neither")],
        "update_sigma": ["boolean"],
        "pretrain_epochs": [Interval(Integral, 1, None, closed="left")],
        "optimizer": [str, dict, keras.optimizers.Optimizer],
        "learning_rate": [Interval(Real, 0, None, closed="neither"), None],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "jit_compile": ["boolean", None],
        "device_budget": [Interval(Real, 0, None, closed="neither")],
    }

    _read_by_losses = ()
    # What changes nothing in what is compiled.
    _not_compiled = (
        *("estimator", "weighter", "sigma_init"),
        *("shrinkage", "weight_clip", "resample"),
    )

    def __init__(
        self,
        estimator=None,
        weighter=None,
        Xt=None,
        yt=None,
        pretrain=True,
        sigma_init=0.1,
        update_sigma=True,
        *,
        pretrain_epochs=10,
        optimizer="adam",
        learning_rate=None,
        epochs=50,
        batch_size=128,
        shrinkage="auto",
        jit_compile=None,
        device_budget=2**31,
        weight_clip=None,
        resample=False,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator,
            Xt,
            weight_clip=weight_clip,
            resample=resample,
            copy=copy,
            verbose=verbose,
            random_state=random_state,
        )
        self.weighter = weighter
        self.yt = yt
        self.pretrain = pretrain
        self.sigma_init = sigma_init
        self.update_sigma = update_sigma
        self.pretrain_epochs = pretrain_epochs
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.shrinkage = shrinkage
        self.jit_compile = jit_compile
        self.device_budget = device_budget

    def fit(
        self,
        X,
        y=None,
        Xt=None,
        yt=None,
        *,
        sample_domain=None,
        sample_weight=None,
        epochs=None,
        batch_size=None,
    ):
        """Adapt from the source to the target.

        Parameters
        ----------
        X, y, Xt, yt, sample_domain, sample_weight
            As in `adapt.base.BaseAdapter.fit`.

        epochs, batch_size : int, default=None
            If given, used in place of the constructor's.

        Returns
        -------
        self : object
            The fitted adapter.
        """
        options = {"epochs": epochs, "batch_size": batch_size}
        own = {name: getattr(self, name) for name in options}
        given = {name: value for name, value in options.items() if value is not None}
        try:
            self.set_params(**given)
            return super().fit(
                X, y, Xt, yt, sample_domain=sample_domain, sample_weight=sample_weight
            )
        finally:
            self.set_params(**own)

    def _watchers(self):
        return []

    def _phases(self):
        if self.pretrain:
            yield Phase(self.pretrain_epochs, "_first_updates", pretrain=True)
        yield Phase(self.epochs, "_updates")

    def _first_updates(self):
        return [Update(self._losses_to_one, ("weighter",))]

    def _updates(self):
        updates = [Update(self._losses, ("weighter",))]
        if self.update_sigma:
            updates.append(Update(self._kernel_losses, ("kernel",)))
        return updates

    def _batch_weights(self, X):
        z = ops.cast(self.scaler_(X), "float32")
        outputs = ops.cast(self.weighter_(z, training=True), "float32")
        return z, ops.abs(outputs[:, 0])

    def _losses_to_one(self, batch):
        weights = [self._batch_weights(batch[name])[1] for name in ("Xs", "Xt")]
        return {"off_one": sum(ops.mean(ops.square(w - 1)) for w in weights)}

    def _mmd(self, batch):
        zs, weights = self._batch_weights(batch["Xs"])
        zt = ops.cast(self.scaler_(batch["Xt"]), "float32")
        return weighted_mmd(weights + _TINY, zs, zt, self.kernel_)

    def _losses(self, batch):
        batch["notes"]["sigma"] = ops.exp(self.kernel_.layers[-1].log_sigma)
        return {"mmd": self._mmd(batch)}

    def _kernel_losses(self, batch):
        return {"minus_mmd": -self._mmd(batch)}

    def _best_shrinkage(self, domains):
        """Judge by halves of the rows, and networks that were shown the others."""
        if min(len(domains.Xs), len(domains.Xt)) < 2:
            return 0.0
        rng = check_random_state(self.random_state)
        source, target = (
            np.array_split(rng.permutation(len(X)), 2) for X in (domains.Xs, domains.Xt)
        )
        weights, at_target = [], []
        for seen, unseen in ((0, 1), (1, 0)):
            twin = clone(self).set_params(
                shrinkage=0, verbose=0, random_state=rng.randint(2**31 - 1)
            )
            half = {"Xs": domains.Xs[source[seen]], "Xt": domains.Xt[target[seen]]}
            twin._weigh(domains._replace(**half))
            for X, found in (
                (domains.Xs[source[unseen]], weights),
                (domains.Xt[target[unseen]], at_target),
            ):
                found.append(twin._from_log(twin._log_ratio(X)))
        weights, at_target = np.concatenate(weights), np.concatenate(at_target)
        return best_shrinkage(weights, weights.mean(), at_target.mean())

    def _fit_ratio(self, domains):
        # First, for without `copy` the given network itself is trained.
        self.shrinkage_ = self.shrinkage
        if self.shrinkage == "auto":
            self.shrinkage_ = self._best_shrinkage(domains)
        rng = check_random_state(self.random_state)
        shape = domains.Xs.shape[1:]
        self._recipes, networks = {}, {}
        for name, given, default, arg in (
            ("scaler", None, default_scaler, shape),
            ("weighter", self.weighter, perceptron, shape),
            ("kernel", None, default_kernel, self.sigma_init),
        ):
            network, outputs, self._recipes[name] = prepare(
                name, given, default, arg, rng=rng, copy=self.copy
            )
            if name == "weighter" and outputs != (1,):
                raise ValueError(
                    "`weighter` must have one output for each row, got outputs of "
                    f"shape {outputs}."
                )
            networks[name] = network
            setattr(self, f"{name}_", network)
        learn_scales(self.scaler_, [domains.Xs])
        groups = {"source": {"Xs": domains.Xs}, "target": {"Xt": domains.Xt}}
        rows = {
            "source": np.arange(len(domains.Xs)),
            "target": np.arange(len(domains.Xt)),
        }
        feed = Feed(groups, rows, self.batch_size, self.device_budget)
        self.history_, self.n_epochs_ = {}, 0
        for number, phase in enumerate(self._phases()):
            if not self._train(number, phase, networks, feed, None, rng):
                break
        log_sigma = self.kernel_.layers[-1].log_sigma
        self.sigma_ = float(np.exp(to_numpy(log_sigma.value)))

    def _log_ratio(self, X):
        names = "scaler", "weighter"
        networks = [getattr(self, f"{name}_") for name in names]
        recipes = [self._recipes[name] for name in names]
        outputs = outputs_of(networks, recipes, X)[:, 0]
        return np.log(np.abs(outputs.astype(np.float64)) + _TINY)
