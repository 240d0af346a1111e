"""Domain-adversarial training of neural networks.

A discriminator learns to tell the domains by the encoder's features, and the encoder,
through a reversed gradient, learns features by which it cannot.
"""

from adapt.deep._adversarial import AdversarialAdapter

__all__ = ["DANN"]


class DANN(AdversarialAdapter):
    """Domain-adversarial neural network [1]_.

    The encoder and the task network minimise the loss on the source, while the encoder
    maximises, with weight `lambda_`, the loss of a discriminator of domains. Target
    labels are not needed; where `yt` has some, they join the task.

    Parameters
    ----------
    encoder, task : keras.Model, callable or None, default=None
        From samples to features and from features to predictions. If None, they are
        sized from the data.

    discriminator : keras.Model, callable or None, default=None
        From the encoder's features to one output, a logit or a sigmoid: the source is
        1. Where `sample_domain` has several sources, to an output for each of them,
        in the order of their numbers, and a last one for the target. If None, one
        hidden layer.

    Xt, yt : array-like, default=None
        Target rows, and the labels of some of them, used when `fit` is given none.

    lambda_ : float or callable, default=0.1
        Weight of the reversed gradient. A callable is a schedule: it returns the values
        at an array of step numbers, as `adapt.deep.UpdateLambda` does. No value
        compiles anything anew.

    copy, verbose, random_state : bool, int, int or RandomState
        As in `adapt.deep.DeepAdapter`, where all that follows is explained.

    loss, optimizer, learning_rate, optimizer_enc, metrics : object
        What is minimised, how, and what is recorded.

    optimizer_disc : str, dict, keras.optimizers.Optimizer or None, default=None
        For the discriminator, if not `optimizer`.

    epochs, batch_size, callbacks, validation_split, validation_data : object
        How long, and what is watched.

    jit_compile, joint_batch, device_budget : object
        How it is computed.

    Attributes
    ----------
    encoder_, task_ : keras.Model
        The trained networks.

    classes_ : ndarray of shape (n_classes,)
        Class labels; for classes only.

    history_ : dict of list of float
        Mean losses and metrics of each epoch, `val_loss` with a validation set.

    n_epochs_ : int
        Number of epochs done.

    n_features_in_ : int
        Number of features seen in `fit`, or of time steps, or of rows of pixels.

    discriminator_ : keras.Model
        The trained discriminator.

    Notes
    -----
    An epoch of ``s`` steps costs ``s`` forward and backward passes of the three
    networks over ``2 * batch_size`` rows; memory is that of the data, once, as float32.

    References
    ----------
    .. [1] Ganin et al. "Domain-adversarial training of neural networks." JMLR, 2016.

    Examples
    --------
    >>> from adapt.feature_based import DANN
    >>> from adapt.datasets import make_classification_da
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> model = DANN(epochs=20, random_state=0).fit(Xs, ys, Xt=Xt)
    >>> model.predict(Xt).shape
    (100,)
    """

    def _losses(self, batch):
        z = self._encode_both(batch)
        # First what is longer: XLA starts no second thread for the rest then.
        disc_loss = self._domain_loss(batch, z, batch["lambda_"])
        zs, _ = self._split(batch, z)
        return {"task_loss": self._task_loss(batch, zs), "disc_loss": disc_loss}
