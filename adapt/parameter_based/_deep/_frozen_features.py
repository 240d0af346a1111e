"""Features of a trained network, for any estimator."""

from numbers import Integral
from pathlib import Path

import keras
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
)
from sklearn.utils.validation import check_is_fitted, validate_data

from adapt._adapt_arguments import ExplainingTransformer, ExplainsArguments
from adapt._sklearn import Interval, StrOptions, _fit_context
from adapt.deep._base import DeepAdapter
from adapt.deep._forward import forward_of, in_batches
from adapt.deep._recipes import output_shape_of

__all__ = ["FrozenFeatures"]


def up_to_layer(network, layer):
    """Return the part of a network that ends in one of its layers.

    Parameters
    ----------
    network : keras.Model
        A Sequential or functional network.

    layer : str or int
        Name or number of the layer, as in ``network.layers``.

    Returns
    -------
    part : keras.Model
        It shares the layers.
    """
    names = [own.name for own in getattr(network, "layers", [])]
    if isinstance(layer, str) and layer not in names:
        raise ValueError(
            f"`layer`={layer!r} is no layer of `model`, which has {names[:20]}"
            f"{' and more' if len(names) > 20 else ''}."
        )
    number = names.index(layer) if isinstance(layer, str) else layer
    if not -len(names) <= number < len(names):
        raise ValueError(f"`layer`={layer}, but `model` has {len(names)} layers.")
    if isinstance(network, keras.Sequential):
        body = network.layers[: number + 1 if number != -1 else None]
        return keras.Sequential([keras.Input(network.input_shape[1:]), *body])
    if not getattr(network, "inputs", None):
        raise ValueError(
            "`layer` can be found in Sequential and functional networks alone, and "
            f"`model` is a {type(network).__name__}: leave `layer` at None."
        )
    return keras.Model(network.inputs, network.layers[number].output)


class FrozenFeatures(
    ClassNamePrefixFeaturesOutMixin,
    ExplainingTransformer,
    ExplainsArguments,
    BaseEstimator,
):
    """Features of a trained Keras network, as a transformer [1]_.

    Nothing is trained: `fit` looks at the shape of the rows. With a linear model after
    it in a pipeline, it is the cheapest way to use a network of the source.

    Parameters
    ----------
    model : keras.Model, DeepAdapter, str, Path or callable
        A trained network; a fitted deep adapter, whose encoder is taken; the path of a
        saved `.keras` file; or a function without arguments that returns a network, for
        example ``partial(keras.applications.ResNet50, weights="resnet50.h5")``. The
        last two are read when first needed.

    layer : str or int or None, default=None
        Name or number of the layer whose outputs are the features; -2 leaves out the
        last one. If None, the outputs of the whole network.

    pooling : {"mean", "max"} or None, default=None
        What is taken over time or place where features have more than one axis. If
        None, they are flattened.

    batch_size : int or None, default=None
        Number of rows that are on the device at once. If None, about 4 MB of them.

    Attributes
    ----------
    network_ : keras.Model
        From rows to features.

    n_features_in_ : int
        Number of columns seen in `fit`, or of time steps, or of rows of pixels.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If `model` cannot take the rows, or has no such layer.

    See Also
    --------
    FineTuning : Trains the network on the target too.

    Notes
    -----
    A forward pass over the rows, without dropout and with the stored statistics of
    batch normalisation. Rows may be tables, series or images, of any numbers; networks
    of `keras.applications` expect what their ``preprocess_input`` makes of an image.
    Clones share the network.

    References
    ----------
    .. [1] Donahue et al. "DeCAF: a deep convolutional activation feature for generic
       visual recognition." ICML, 2014.

    Examples
    --------
    >>> import keras
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from adapt.parameter_based import FrozenFeatures
    >>> X = np.random.default_rng(0).normal(size=(40, 3))
    >>> network = keras.Sequential(
    ...     [keras.Input((3,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1)]
    ... )
    >>> FrozenFeatures(network, layer=0).fit_transform(X).shape
    (40, 8)
    >>> model = make_pipeline(FrozenFeatures(network, layer=0), LogisticRegression())
    >>> model.fit(X, X[:, 0] > 0).predict(X).shape
    (40,)
    """

    _parameter_constraints: dict = {
        "model": [callable, str, Path, DeepAdapter],
        "layer": [str, Integral, None],
        "pooling": [StrOptions({"mean", "max"}), None],
        "batch_size": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(self, model, layer=None, *, pooling=None, batch_size=None):
        self.model = model
        self.layer = layer
        self.pooling = pooling
        self.batch_size = batch_size

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Read the network, and see what it makes of rows like these.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows.

        y : ignored
            For pipelines.

        Returns
        -------
        self : object
            The fitted transformer.
        """
        X = self._check(X, reset=True)
        network = self._read()
        if not isinstance(network, keras.Layer):
            raise TypeError(
                "`model` must be a Keras network, a fitted deep adapter, a path, or a "
                f"function without arguments that returns a network; got {network!r}."
            )
        output_shape_of("model", network, X.shape[1:])
        if self.layer is not None:
            network = up_to_layer(network, self.layer)
        self.network_ = network
        self._forward = None
        self._n_features_out = self._features(X[:1]).shape[1]
        return self

    def transform(self, X):
        """Return the features of rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows of the shape seen in `fit`.

        Returns
        -------
        Z : ndarray of shape (n_samples, n_features_out), dtype float32
            Features.
        """
        check_is_fitted(self)
        return self._features(self._check(X, reset=False))

    def _read(self):
        model = self.model
        if isinstance(model, DeepAdapter):
            check_is_fitted(model)
            return model.encoder_
        if isinstance(model, str | Path):
            return keras.saving.load_model(model, compile=False)
        return model if isinstance(model, keras.Layer) else model()

    def _check(self, X, reset):
        X = validate_data(self, X, reset=reset, allow_nd=True, dtype="numeric")
        if reset:
            self._shape = X.shape[1:]
        elif X.shape[1:] != self._shape:
            raise ValueError(
                f"`X` has samples of shape {X.shape[1:]}, but {type(self).__name__} "
                f"was fitted with samples of shape {self._shape}."
            )
        return X

    def _features(self, X):
        if self._forward is None:
            self._forward = forward_of([self.network_])
        Z = in_batches(self._forward, [self.network_], X, self.batch_size)
        if self.pooling is not None and Z.ndim > 2:
            axes = tuple(range(1, Z.ndim - 1))
            return Z.mean(axis=axes) if self.pooling == "mean" else Z.max(axis=axes)
        return Z.reshape(len(Z), -1)

    def __getstate__(self):
        state = super().__getstate__()
        return {**state, "_forward": None} if "_forward" in state else state

    def __sklearn_clone__(self):
        # The network is data: it is never changed, and clones share it.
        return type(self)(**self.get_params(deep=False))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
