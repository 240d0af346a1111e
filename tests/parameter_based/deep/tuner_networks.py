"""Networks of each kind, tiny and drawn alike on all backends, and tuners for them."""

import keras
import numpy as np
from keras import layers, ops
from sklearn.base import clone

from adapt.deep import _engine
from adapt.deep._initializers import glorot
from adapt.parameter_based.tuners import (
    SHERL,
    SWR,
    VQT,
    AdapterFusion,
    Adapters,
    BitFit,
    Both,
    Compacter,
    ConvAdapter,
    Ladder,
    LoRA,
    Prefix,
    Prompt,
    R2Tuning,
    ScaLearn,
    Scaling,
    SingleLayer,
    UniPT,
    tuned,
)

array = ops.convert_to_numpy


def mlp():
    body = [layers.Dense(6, "tanh", name="low"), layers.Dense(4, name="high")]
    return keras.Sequential([keras.Input((5,)), *body])


def cnn():
    body = [
        layers.Conv1D(4, 3, padding="same", use_bias=False, name="conv"),
        layers.BatchNormalization(name="norm"),
        layers.ReLU(),
        layers.GlobalAveragePooling1D(),
        layers.Dense(4, name="top"),
    ]
    return keras.Sequential([keras.Input((8, 3)), *body])


def recurrent():
    return keras.Sequential([keras.Input((5, 3)), layers.GRU(4, name="gru")])


def transformer():
    inputs = keras.Input((6, 4))
    x = layers.Dense(4, name="embed")(inputs)
    h = layers.LayerNormalization(name="norm1")(x)
    h = layers.MultiHeadAttention(2, 2, name="attention")(h, h)
    x = layers.Add(name="add1")([x, h])
    h = layers.Dense(8, "gelu", name="wide")(layers.LayerNormalization(name="norm2")(x))
    x = x + layers.Dense(4, name="narrow")(h)  # an operation, and no layer
    return keras.Model(inputs, layers.GlobalAveragePooling1D()(x))


def nested():
    inputs = keras.Input((8, 3))
    inner = keras.Sequential([cnn(), layers.Dense(4, "tanh", name="middle")])
    inner.name = "inner"
    return keras.Model(inputs, layers.Dense(4, name="last")(inner(inputs)))


@keras.saving.register_keras_serializable("tuner_networks")
class Subclassed(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.first = layers.Dense(6, "tanh")
        self.second = layers.Dense(4)

    def call(self, x, training=None):
        return self.second(self.first(x))


SHAPES = {
    mlp: (5,),
    cnn: (8, 3),
    recurrent: (5, 3),
    transformer: (6, 4),
    nested: (8, 3),
    Subclassed: (5,),
}
# What computes other outputs than the network before it is trained.
NOT_THE_IDENTITY = ("LoRA-nf4", "LoRA-int8", "Prompt", "ScaLearn", "AdapterFusion")
TUNERS = {
    "LoRA": LoRA(2),
    "LoRA-alpha": LoRA(2, alpha=3.0),
    "LoRA-nf4": LoRA(2, quantize="nf4"),
    "LoRA-int8": LoRA(2, quantize="int8"),
    "BitFit": BitFit(),
    "Scaling": Scaling(),
    "Adapters": Adapters(3, activation="gelu", norm=True),
    "Adapters-parallel": Adapters(3, position="parallel", scale=2.0),
    "Compacter": Compacter(4, divisions=2),
    "ConvAdapter": ConvAdapter(3),
    "ConvAdapter-gate": ConvAdapter(3, gate=True),
    "ConvAdapter-causal": ConvAdapter(3, causal=True),
    "Prefix": Prefix(2),
    "Prompt": Prompt(2, targets="embed"),
    "MAM": Both([Prefix(2), Adapters(3, position="parallel")]),
    "Both": Both([LoRA(1), BitFit()]),
    "Ladder": Ladder(2),
    "UniPT": UniPT(2),
    "SHERL": SHERL(2),
    "VQT": VQT(2),
    "R2Tuning": R2Tuning(2),
    "SWR": SWR(0.9),
    "SingleLayer": SingleLayer(),
    "Ladder-published": Ladder(2, ladders="linear", block="attention"),
    # With the tuners of their sources, see `tuner_for`.
    "ScaLearn": ScaLearn([Adapters(3), Adapters(2)], dropout=0.0),
    "AdapterFusion": AdapterFusion([Adapters(3), Compacter(2, divisions=2)]),
}


def tuner_for(name, network, shape):
    """Return a tuner; its sources, if it has some, are tuned on the network."""
    tuner = TUNERS[name]
    if "sources" not in tuner.get_params():
        return tuner
    sources = []
    for seed, source in enumerate(tuner.sources):
        own = tuned(network, source, shape, random_state=seed)
        rng = np.random.RandomState(seed)
        for w in own.trainable_weights:
            w.assign(rng.uniform(-0.5, 0.5, size=w.shape).astype("float32"))
        sources.append(own)
    return clone(tuner).set_params(sources=sources)


def made(make):
    """Return a network of which no weight is 0, its samples' shape, and 6 rows."""
    rng = np.random.RandomState(0)
    network, shape = make(), SHAPES[make]
    network(keras.KerasTensor((None, *shape)))
    for w in network.weights:
        start = glorot(w.shape, rng) if len(w.shape) > 1 else rng.uniform(size=w.shape)
        w.assign(start.astype("float32"))
    return network, shape, rng.normal(size=(6, *shape)).astype("float32")


def step(network, x, y, rate=0.05):
    """Descend once along a squared error; return the loss, and gradients by path."""
    found = {}
    moving = network.trainable_weights
    x, y = ops.convert_to_tensor(x), ops.convert_to_tensor(y)

    def loss():
        value = ops.mean(ops.square(network(x, training=True) - y))
        return value, {"loss": value}

    def apply(gradients):
        for w, g in zip(moving, gradients, strict=True):
            found[w.path] = None if g is None else array(g)
            if g is not None:
                w.assign(w - rate * g)

    logs = _engine.minimize(loss, moving, apply, list(network.variables))
    return float(logs["loss"]), found
