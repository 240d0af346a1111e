"""The one text of each parameter that several classes share.

`test_docstrings.py` here and in `deep/` demands these texts word for word;
`tools/sync_docstrings.py` writes them into the classes. A class whose parameter of that
name means something else stands in `OWN_TEXT`, with the reason.
"""

import inspect
import textwrap

import numpydoc.docscrape

NETWORK = "keras.Model, callable or None"
OPTIMIZER = "str, dict, keras.optimizers.Optimizer or None"
SEED = "int, RandomState instance or None"

# What follows on the first sentence of every `lambda_`.
SCHEDULE = (
    "A callable is a schedule: it returns the values at an array of step numbers, as "
    "`adapt.deep.UpdateLambda` does. No value compiles anything again."
)

# By name, the type without its default, which is that of the signature, and the text.
DEEP = {
    "encoder": (
        NETWORK,
        "From samples to features: a network, which is copied with its weights, or a "
        "function without arguments that returns one. If None, it is sized from the "
        "data: a perceptron for tables, a convolutional network for series and images, "
        "which begins by standardising columns or channels by both domains (see "
        "`adapt.deep.Standardise`).",
    ),
    "task": (
        NETWORK,
        "From features to predictions: a network, or a function without arguments that "
        "returns one. For classes it has one output per class, or one for two classes; "
        "if its last activation is a softmax or a sigmoid its outputs are "
        "probabilities, otherwise logits. If None, it has one hidden layer.",
    ),
    "discriminator": (
        NETWORK,
        "From the encoder's features to one output, a logit or a sigmoid: the source "
        "is 1. Where `sample_domain` has several sources, to an output for each of "
        "them, in the order of their numbers, and a last one for the target. If None, "
        "it has one hidden layer.",
    ),
    "Xt": (
        "array-like of shape (n_target_samples, ...)",
        "Target rows, used when `fit` is given none.",
    ),
    "yt": (
        "array-like of shape (n_target_samples,)",
        "Labels of `Xt` where some are known; NaN or None (or -1, where it is no "
        "class) for the others. The task loss of the labelled target rows is added to "
        "the one of the source. In the form of one table, labels of target rows are "
        "not read.",
    ),
    "copy": (
        "bool",
        "Whether networks that are given are copied, or trained themselves.",
    ),
    "verbose": ("int", "If positive, a line is printed after each epoch."),
    "random_state": (
        SEED,
        "Seeds initial weights, batches, dropout and the validation split. Default "
        "networks start from the same weights on every backend.",
    ),
    "loss": (
        "str, callable, keras.losses.Loss or None",
        "The task loss. If None, the labels decide: cross-entropy for strings, "
        "integers, booleans and one-hot rows, squared error for floats. "
        '"crossentropy" or a number loss such as "mse" decides whatever the labels '
        "are, and lets scikit-learn know before `fit` (for stratified folds). A "
        "function gets `(y_true, y_pred)`, for classes one-hot labels and "
        "probabilities.",
    ),
    "optimizer": (
        OPTIMIZER,
        "How weights are updated. Each network gets an optimizer of its own, made as "
        "this one is. If None, AdamW with a weight decay of 0.1.",
    ),
    "learning_rate": (
        "float or None",
        "Learning rate of every optimizer. If None, the optimizer's own.",
    ),
    "optimizer_enc": (
        OPTIMIZER,
        "Optimizer of the encoder. If None, as `optimizer`.",
    ),
    "optimizer_disc": (
        OPTIMIZER,
        "Optimizer of the discriminator. If None, as `optimizer`.",
    ),
    "metrics": (
        "list of str or callable, or None",
        'What `history_` records beside the losses: "accuracy", names of Keras losses '
        "or functions `(y_true, y_pred)`.",
    ),
    "epochs": (
        "int or None",
        "Number of passes through the larger domain. If None, `max_steps` decides; if "
        "that is None too, at least 10 epochs and at least 1,000 steps for tables, 300 "
        "for series and images.",
    ),
    "max_steps": (
        "int or None",
        "Number of steps, of a batch each, after which a training ends.",
    ),
    "batch_size": (
        "int",
        "Rows of each domain in a step. A smaller domain is gone through again.",
    ),
    "callbacks": (
        "list of keras.callbacks.Callback or None",
        "Called at the ends of epochs, on a model of encoder and task.",
    ),
    "validation_split": (
        "float",
        "Share of the rows to hold out, in [0, 1): of the source for `val_loss`, the "
        "task loss on them; of the target, where there are classes, for "
        "`val_target_entropy`, the mean entropy of the predictions, and "
        "`val_target_information`, the entropy of the mean prediction less that mean. "
        "Neither needs target labels; the second falls when all rows go to one class.",
    ),
    "validation_data": (
        "tuple (X, y) or None",
        "Rows and labels for `val_loss`, in the place of a split.",
    ),
    "jit_compile": (
        "bool or None",
        "Whether to compile with XLA (TensorFlow), whole epochs and not steps (JAX), "
        "or to trace a step and replay it (PyTorch; not where a step draws random "
        "numbers). If None, what was measured to be faster: with TensorFlow and "
        "PyTorch True for long trainings of networks that neither convolve nor recur; "
        "with JAX True, except on CPUs for networks that do.",
    ),
    "joint_batch": (
        'bool or "auto"',
        "Whether the source and target rows of a step pass a network as one batch or "
        'as two. If "auto", as two if the encoder or the task network has batch '
        "normalisation: each domain is normalised by its own rows, in training and for "
        "predictions.",
    ),
    "augment": (
        '{"auto", "signs"} or callable, or None',
        'Changed copies of the source rows to train on beside the rows: "auto" scales '
        'the channels of series and adds noise, and leaves other rows alone; "signs" '
        "turns the signs of channels at random as well. A function gets rows and a "
        "`numpy.random.Generator`, and returns as many rows. See "
        "`adapt.deep.scale_and_jitter`.",
    ),
    "class_weights": (
        '{"auto"} or array-like of shape (n_classes,), or None',
        "Weights of the classes in the alignment: source rows count by that of their "
        'class where the domains are compared, not in the task loss. "auto" is for '
        "shares of classes that differ between the domains: the ratio of the shares "
        "is estimated after epochs from the predictions on the target and on a fifth "
        "of the source, which is not trained on. It has no effect where labels are "
        "numbers.",
    ),
    "device_budget": (
        "float",
        "Bytes of data, as float32, that are put on the device at once; more is "
        "streamed in chunks, for example from a `numpy.memmap`.",
    ),
}

SHALLOW = {
    "Xt": (
        "array-like of shape (n_target_samples, n_features)",
        "Target rows, used when `fit` is given none.",
    ),
    "copy": (
        "bool",
        "Whether a clone of `estimator` is fitted, or `estimator` itself.",
    ),
    "verbose": ("int", "Whether to print how long each stage took."),
}

# What is there for the order of parameters alone. Those who ignore `copy` fit clones of
# the estimator, several times.
IGNORED = "Ignored, present for API consistency."
NOT_READ = {
    ("IWN", "yt"),
    ("TrAdaBoost", "copy"),
    ("TrAdaBoostR2", "copy"),
    ("TwoStageTrAdaBoostR2", "copy"),
}

_LABELS_NEEDED = "needs the labels that others may be given"
_SOURCE_MODEL = "a source network that is trained already"
OWN_TEXT = {
    ("ADDA", "discriminator"): "takes several sources for one",
    ("CCSA", "yt"): _LABELS_NEEDED,
    ("CDAN", "discriminator"): "sees products of features and probabilities",
    ("DIRTT", "discriminator"): "belongs to the model that is trained first",
    **{
        (name, parameter): "does not read the rows of two domains side by side"
        for name in ("FineTuning", "IWN", "RegularTransferNN", "WANN")
        for parameter in ("epochs", "optimizer")
    },
    ("FineTuning", "encoder"): _SOURCE_MODEL,
    ("FineTuning", "task"): _SOURCE_MODEL,
    ("FineTuning", "validation_split"): "holds out target rows alone",
    ("FineTuning", "yt"): _LABELS_NEEDED,
    ("FrozenFeatures", "batch_size"): "bounds the memory of a forward pass",
    ("IWN", "Xt"): "takes tables only",
    ("IWN", "batch_size"): "decides how far weights may go from one",
    ("IWN", "copy"): "has an estimator beside its networks",
    ("IWN", "random_state"): "has an estimator beside its networks",
    ("RegularTransferNN", "task"): _SOURCE_MODEL,
    ("RegularTransferNN", "validation_split"): "holds out target rows alone",
    ("RegularTransferNN", "yt"): _LABELS_NEEDED,
    ("WANN", "task"): "describes the discriminator as well",
    ("WANN", "yt"): _LABELS_NEEDED,
    ("WDGRL", "discriminator"): "is a critic, without probabilities",
    ("PRED", "copy"): "fits the source and the target",
    ("PartialColumns", "Xt"): "takes a target of other columns",
    ("PartialColumns", "copy"): "fits several clones where columns differ",
    ("ChannelScaler", "Xt"): "takes series",
    ("ChannelSigns", "Xt"): "takes series",
    ("EuclideanAlignment", "Xt"): "takes series",
    ("SpectralAlignment", "Xt"): "takes series",
    ("TrAdaBoost", "verbose"): "has rounds",
    ("TrAdaBoostR2", "verbose"): "has rounds",
    ("TwoStageTrAdaBoostR2", "verbose"): "has rounds in two stages",
    **{
        (name, "copy"): "tells a fitted source model from one to be fitted"
        for name in (
            "BlackBoxInputs",
            "LinInt",
            "RegularTransferGP",
            "RegularTransferLC",
            "RegularTransferLR",
            "SourceMixture",
            "TransferBoosting",
            "TransferForestClassifier",
            "TransferForestRegressor",
            "TransferForestSelector",
            "TransferTreeClassifier",
            "TransferTreeRegressor",
            "TransferTreeSelector",
        )
    },
}


def shown(value):
    """Return a default as a docstring shows it."""
    if isinstance(value, str):
        return f'"{value}"'
    return "2**31" if value == 2**31 else repr(value)


def parameters_of(cls):
    """Return the parameters of a constructor, in order."""
    return list(inspect.signature(cls).parameters.values())


def entries_of(cls):
    """Return ``{names: (type, text)}`` of the Parameters section, in its order."""
    found = numpydoc.docscrape.ClassDoc(cls)["Parameters"]
    return {each.name: (each.type, " ".join(each.desc)) for each in found}


def shared_entry(cls, parameter, table):
    """Return the type and text that a parameter has to have, or None if its own."""
    key = cls.__name__, parameter.name
    if parameter.name not in table or key in OWN_TEXT:
        return None
    kind, text = table[parameter.name]
    text = IGNORED if key in NOT_READ else text
    return f"{kind}, default={shown(parameter.default)}", text


def check_shared(cls, table):
    """Assert that the entries of shared parameters are those of the table."""
    entries = entries_of(cls)
    for parameter in parameters_of(cls):
        expected = shared_entry(cls, parameter, table)
        if expected is not None and parameter.name in entries:
            assert entries[parameter.name] == expected, parameter.name


def check_all(cls):
    """Assert that each parameter has an entry: in order, and with its default."""
    entries, parameters = entries_of(cls), parameters_of(cls)
    assert list(entries) == [each.name for each in parameters]
    for parameter in parameters:
        kind, text = entries[parameter.name]
        assert text.endswith("."), parameter.name
        if parameter.default is not parameter.empty and kind != "ignored":
            default = shown(parameter.default)
            assert kind.endswith(f"default={default}"), (parameter.name, kind)


def entry(name, kind, text):
    """Return an entry as it stands in a class docstring."""
    body = textwrap.wrap(text, 88 - 8, break_on_hyphens=False, break_long_words=False)
    lines = [f"    {name} : {kind}", *(f"        {line}" for line in body)]
    return "\n".join(lines)
