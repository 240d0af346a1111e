"""Fit on one device, and on two that a CPU is made to look like; for a subprocess.

Prints the losses of both, predictions, the number of devices that hold the weights, and
how many rows of a batch each device works on.
"""

import json

import keras
import numpy as np

from adapt.feature_based import DANN, DeepCORAL


def losses(method, X, y, Xt):
    """Return losses and predictions of a fit, and how many devices hold weights."""
    model = method(epochs=3, batch_size=16, random_state=0).fit(X, y, Xt=Xt)
    weights = model.encoder_.weights[0].value
    p = model.predict_proba(Xt)[:3]
    return model.history_["loss"], p.tolist(), len(weights.devices())


def main():
    """Print what was found as JSON."""
    from adapt.deep import _engine_jax

    rng = np.random.default_rng(0)
    X, Xt = rng.normal(size=(96, 4)), rng.normal(size=(64, 4)) + 0.5
    y = (X[:, 0] > 0).astype(int)
    one = [losses(method, X, y, Xt) for method in (DANN, DeepCORAL)]
    keras.distribution.set_distribution(keras.distribution.DataParallel())
    two = [losses(method, X, y, Xt) for method in (DANN, DeepCORAL)]
    batch = _engine_jax._split({"Xs": _engine_jax.to_device(X[:16])})["Xs"]
    rows = [shard.data.shape[0] for shard in batch.addressable_shards]
    try:
        DANN(batch_size=15).fit(X, y, Xt=Xt)
        refused = ""
    except ValueError as error:
        refused = str(error)
    print(json.dumps({"one": one, "two": two, "rows": rows, "refused": refused}))


if __name__ == "__main__":
    main()
