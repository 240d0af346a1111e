"""What networks are used for once they are trained: predictions, features, scores."""

from sklearn.base import ClassNamePrefixFeaturesOutMixin
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import ClassifierTags, RegressorTags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from adapt._adapt_arguments import ExplainingTransformer
from adapt._domains import check_rows, check_sample_domain, keep_labelled
from adapt.base import BaseAdapter
from adapt.deep._engine import seeded, weights_of
from adapt.deep._forward import outputs_of
from adapt.deep._labels import is_class_loss
from adapt.deep._row_streams import read_rows
from adapt.deep._statistics import set_statistics, substitutes

__all__ = ["DeepPredictor"]


def _is_classifier(self):
    """Return whether there are classes, or could be."""
    labels = getattr(self, "_labels", None)
    if labels is None:
        return self._classes_only or is_class_loss(self.loss) is not False
    return labels.classes is not None


class DeepPredictor(
    ClassNamePrefixFeaturesOutMixin, ExplainingTransformer, BaseAdapter
):
    """Predict by an encoder and a task network, from rows of either domain.

    A subclass has the parameter ``loss``. Its `fit` stores the networks as ``name_``,
    their recipes by name in ``_recipes``, what labels are in ``_labels``, the shape of
    a sample in ``_shape``, and the number of features in ``_n_features_out``.
    """

    _source_networks: dict = {}  # by name, the network that source rows pass instead
    _source_statistics: dict = {}  # by name, those of its batch normalisation for them
    _classes_only = False

    def _check_shape(self, X):
        if X.shape[1:] != self._shape:
            raise ValueError(
                f"`X` has samples of shape {X.shape[1:]}, but {type(self).__name__} "
                f"was fitted with samples of shape {self._shape}."
            )
        return X

    def _outputs(self, X, *names, sample_domain=None):
        """Return what a chain of networks computes, as float32."""
        check_is_fitted(self)
        X = self._check_shape(check_rows(self, read_rows(X)[0]))
        if sample_domain is None:
            return self._chain(X, names)
        of_source = check_sample_domain(sample_domain, X) >= 0
        alike = not self._source_networks and not self._source_statistics
        if alike or not of_source.any():
            return self._chain(X, names)
        outputs = self._chain(X, names, of_source=True)
        if not of_source.all():
            outputs[~of_source] = self._chain(X[~of_source], names)
        return outputs

    def _chain(self, X, names, of_source=False):
        """Return what networks compute, as for rows of the target or of the source."""
        instead = {}
        if of_source:
            names = [self._source_networks.get(name, name) for name in names]
        networks = [getattr(self, f"{name}_") for name in names]
        for name, network in zip(names, networks, strict=True):
            if of_source and name in self._source_statistics:
                instead |= substitutes(network, self._source_statistics[name])
        return outputs_of(networks, [self._recipes[n] for n in names], X, instead)

    @property
    def source_encoder_(self):
        """The encoder that rows of the source pass.

        It is `encoder_`, but for methods with an encoder for each domain, and for
        networks with batch normalisation, of which it is a copy with the statistics of
        the source.
        """
        name = self._source_networks.get("encoder", "encoder")
        network = getattr(self, f"{name}_")
        if name not in self._source_statistics or name != "encoder":
            return network
        recipe = self._recipes[name]
        if recipe is None:
            raise ValueError(
                "`encoder_` cannot be copied for the source, because Keras cannot "
                "rebuild it. Call `transform` with `sample_domain=0` instead."
            )
        with seeded(0):
            copied = recipe.make()
        copied.set_weights(weights_of(network))
        set_statistics(copied, self._source_statistics[name])
        return copied

    def transform(self, X, *, sample_domain=None):
        """Return the encoder's features.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows.

        sample_domain : int or array-like of shape (n_samples,), default=None
            As in `predict`.

        Returns
        -------
        Z : ndarray of shape (n_samples, ...), dtype float32
            Features, in the shape that the encoder gives them.
        """
        return self._outputs(X, "encoder", sample_domain=sample_domain)

    def predict_task(self, X, *, sample_domain=None):
        """Return what the task network gives: logits or probabilities, or numbers.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows.

        sample_domain : int or array-like of shape (n_samples,), default=None
            As in `predict`.

        Returns
        -------
        outputs : ndarray of shape (n_samples, n_outputs), dtype float32
            Outputs of the task network.
        """
        return self._outputs(X, "encoder", "task", sample_domain=sample_domain)

    def predict(self, X, *, sample_domain=None):
        """Predict labels.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows.

        sample_domain : int or array-like of shape (n_samples,), default=None
            Domain of the rows: negative for the target, otherwise the source. If None,
            the target. It matters to methods with an encoder for each, and to networks
            with batch normalisation.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, or numbers in the shape of the `y` of `fit`.
        """
        # First the outputs: this says when there was no fit.
        outputs = self.predict_task(X, sample_domain=sample_domain)
        return self._labels.decode(outputs)

    @available_if(_is_classifier)
    def predict_proba(self, X, *, sample_domain=None):
        """Predict class probabilities; parameters as in `predict`.

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`.
        """
        outputs = self.predict_task(X, sample_domain=sample_domain)
        return self._labels.probability(outputs)

    def score(self, X, y, sample_weight=None, *, sample_domain=None):
        """Return the accuracy for classes, R2 for numbers.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows of either domain.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True labels. Rows without one are left out, as in `fit`.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        sample_domain : int or array-like of shape (n_samples,), default=None
            As in `predict`.

        Returns
        -------
        score : float
            The larger, the better.
        """
        predicted = self.predict(X, sample_domain=sample_domain)
        predicted, y, sample_weight = keep_labelled(
            predicted, y, sample_weight, self._labels.classes
        )
        y = self._labels.same_form(y)
        score = r2_score if self._labels.classes is None else accuracy_score
        return float(score(y, predicted, sample_weight=sample_weight))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        labels = getattr(self, "_labels", None)
        classes = True if self._classes_only else is_class_loss(self.loss)
        if labels is not None:
            classes = labels.classes is not None
        elif classes is None and isinstance(self.loss, str):
            classes = False
        if classes is not None:
            tags.estimator_type = "classifier" if classes else "regressor"
        if classes:
            tags.classifier_tags = ClassifierTags()
            tags.target_tags.multi_output = False
        elif classes is not None:
            tags.regressor_tags = RegressorTags()
        return tags
