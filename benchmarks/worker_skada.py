"""Measure one case with SKADA, in its own environment: `worker_skada.py JOB`."""

import measure
import numpy as np
import problems
from cases import CASES, Shallow


def work(job):
    case = CASES[job["peer"]][job["case"]]
    if isinstance(case, Shallow):
        return shallow(case, job["n"], job["seed"])
    return deep(case, job["seed"])


def _one_table(data):
    """Return all rows with labels and domains; SKADA hides the target's labels."""
    X = np.concatenate([data.Xs, data.Xt])
    y = np.concatenate([data.ys, np.full(len(data.Xt), -1)])
    return X, y, np.repeat([1, -2], [len(data.Xs), len(data.Xt)])


def shallow(case, n, seed):
    data = problems.problem("table", case.task, n, seed)
    warm_up = problems.problem("table", case.task, 200, seed)
    _shallow_fit(case, warm_up)()
    model, cost = measure.timed_fit(_shallow_fit(case, data))
    score = problems.accuracy(data.y_test, _predict(model, data.X_test))
    return {**cost, "score": score}


def _shallow_fit(case, data):
    """Return the call to be timed."""
    import skada
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    inner = LogisticRegression()
    weighted = LogisticRegression().set_fit_request(sample_weight=True)
    make = {
        "CORAL": lambda: skada.CORAL(inner, reg="auto"),
        "SA": lambda: skada.SubspaceAlignment(inner, **case.params),
        "LinearOT": lambda: skada.LinearOTMapping(inner, reg=case.params["lambda_"]),
        "DomainStandardScaler": lambda: skada.make_da_pipeline(
            skada.PerDomain(StandardScaler()), inner
        ),
        # Its kernel width is fixed at one over the number of columns.
        "TCA": lambda: skada.TransferComponentAnalysis(inner, n_components=10),
        "TJM": lambda: skada.TransferJointMatching(
            inner, n_components=10, tradeoff=case.params["mu"]
        ),
        "MMDLSConS": lambda: skada.MMDLSConSMapping(inner, **case.params),
        "KMM": lambda: skada.KMMReweight(weighted, **case.params),
        "GaussianWeighting": lambda: skada.GaussianReweight(weighted),
        "MMDTarS": lambda: skada.MMDTarSReweight(weighted, **case.params),
        "IWC": lambda: skada.DiscriminatorReweight(weighted),
        "OTMapping": lambda: skada.OTMapping(inner),
        "OTLabelPropagation": lambda: skada.OTLabelProp(inner),
        "JDOTClassifier": lambda: skada.JDOTClassifier(inner),
    }[case.method]
    X, y, sample_domain = _one_table(data)

    def fit():
        model = make()
        model.fit(X, y, sample_domain=sample_domain)  # that of JDOT returns None
        return model

    return fit


def deep(case, seed):
    """Time the steady epochs; the networks are those of `drop_in.deep`."""
    import skada.deep
    import torch
    from skada.deep.modules import GradientReversalLayer
    from skorch.callbacks import Callback
    from torch import nn

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(nn.Linear(20, 64), nn.ReLU())
            self.task = nn.Linear(64, 2)

        def forward(self, x, sample_weight=None):
            return self.task(self.encoder(x))

    class Discriminator(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(
                nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1), nn.Sigmoid()
            )

        def forward(self, z, sample_weight=None):
            return self.layers(GradientReversalLayer.apply(z, 1.0)).squeeze()

    clock = measure.EpochClock()

    class Tick(Callback):
        def on_epoch_end(self, net, **kwargs):
            clock.tick()

    torch.manual_seed(seed)
    data = problems.problem(case.data, case.task, case.n, seed).as_float32()
    params = {
        "layer_name": "encoder",
        "reg": 0.1,
        "batch_size": 64,
        "max_epochs": case.epochs,
        "lr": 1e-3,
        "optimizer": torch.optim.Adam,
        "train_split": False,
        "callbacks": [Tick()],
        "verbose": 0,
    }
    if case.method == "DANN":
        model = skada.deep.DANN(Network(), domain_classifier=Discriminator(), **params)
    else:
        model = skada.deep.DeepCoral(Network(), **params)
    X, y, sample_domain = _one_table(data)
    model, cost = measure.timed(lambda: model.fit(X, y, sample_domain=sample_domain))
    score = problems.accuracy(data.y_test, _predict(model, data.X_test))
    return {**cost, **clock.steady(), "score": score}


def _predict(model, X):
    return model.predict(X, sample_domain=np.full(len(X), -2))


if __name__ == "__main__":
    packages = ["skada", "POT", "numpy", "scipy", "scikit-learn", "torch", "skorch"]
    measure.run(work, packages)
