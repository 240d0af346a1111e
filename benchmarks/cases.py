"""What is compared: the methods, their parameters, and the bars that stand for them.

A line here adds a comparison. Rows of methods that do not exist yet are left out.
"""

from typing import NamedTuple

GAMMAS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3]
LAMBDAS = [0.001, 0.01, 0.1, 1.0, 10.0]


class Shallow(NamedTuple):
    """A method with its parameters, and the least ratio that it should reach.

    ``target`` says what it is given of the target: "rows", "labels" as well, or "only"
    the labelled target with a model fitted on the source. ``ours`` are parameters that
    only this library has.
    """

    method: str
    params: dict = {}
    task: str = "regression"
    target: str = "rows"
    bar: float | None = None
    ours: dict = {}


class Deep(NamedTuple):
    """A deep method with how long it trains, on which data, against which peer.

    ``bars`` gives, for each way to run ours, the least ratio, or None where none is
    set. "+xla" stands for ``jit_compile=True``. ``params`` are for both, ``ours`` and
    ``theirs`` for one of them.
    """

    method: str
    measure: str
    epochs: int
    bars: dict
    data: str = "table"
    task: str = "regression"
    n: int = 4000
    params: dict = {"lambda_": 0.1}
    ours: dict = {}
    theirs: dict = {}


# Both libraries are imported as `adapt` and take the same parameters.
_GRID = {"gamma": GAMMAS, "lambdas": LAMBDAS}
AGAINST_ADAPT = {
    "CORAL": Shallow("CORAL"),
    "SA": Shallow("SA", {"n_components": 10}),
    "TCA": Shallow("TCA", {"n_components": 10, "gamma": 0.03}, bar=10),
    "FA": Shallow("FA", target="labels"),
    "IWC": Shallow("IWC"),
    "KMM": Shallow("KMM", {"gamma": 0.03}, bar=20),
    "NearestNeighborsWeighting": Shallow("NearestNeighborsWeighting"),
    "KLIEP 6": Shallow("KLIEP", {"gamma": GAMMAS}, bar=50),
    "ULSIF": Shallow("ULSIF", {"gamma": 0.03, "lambdas": 1.0}),
    "ULSIF 6x5": Shallow("ULSIF", _GRID, bar=20),
    "RULSIF": Shallow("RULSIF", {"gamma": 0.03, "lambdas": 1.0}),
    "RULSIF 6x5": Shallow("RULSIF", _GRID, bar=20),
    "LDM": Shallow("LDM", bar=50),
    "TrAdaBoost": Shallow(
        "TrAdaBoost", {"n_estimators": 10}, task="classification", target="labels"
    ),
    "TrAdaBoostR2": Shallow("TrAdaBoostR2", {"n_estimators": 10}, target="labels"),
    "LinInt": Shallow("LinInt", target="labels"),
    "RegularTransferLR": Shallow("RegularTransferLR", target="only"),
    "RegularTransferLC": Shallow(
        "RegularTransferLC", task="classification", target="only", bar=5
    ),
    **{
        f"{kind} {algo}": Shallow(
            f"{kind}Classifier", {"algo": algo}, "classification", "only", bar=50
        )
        for kind in ("TransferTree", "TransferForest")
        for algo in ("ser", "strut")
    },
}

# Our parameters; `worker_skada` has what SKADA calls them.
AGAINST_SKADA = {
    "CORAL": Shallow("CORAL", {"lambda_": "auto", "match_mean": True}),
    "SA": Shallow("SA", {"n_components": 10}),
    "LinearOT": Shallow("LinearOT", {"lambda_": 1e-5}),
    "DomainStandardScaler": Shallow("DomainStandardScaler"),
    "TCA": Shallow("TCA", {"n_components": 10, "gamma": 1 / 20}, bar=4),
    "TJM": Shallow("TJM", {"n_components": 10, "gamma": 1 / 20, "mu": 0.01}, bar=5),
    "MMDLSConS": Shallow(
        # Else there would be draws in which nothing is to be done.
        "MMDLSConS",
        {"gamma": 1 / 20},
        bar=5,
        ours={"min_separation": 0},
    ),
    "IWC": Shallow("IWC"),
    "KMM": Shallow("KMM", {"gamma": 0.03}),
    "GaussianWeighting": Shallow("GaussianWeighting"),
    "MMDTarS": Shallow("MMDTarS", {"gamma": 0.03}),
    "OTMapping": Shallow("OTMapping"),
    "OTLabelPropagation": Shallow("OTLabelPropagation", {"method": "emd"}),
    "JDOTClassifier": Shallow("JDOTClassifier", bar=5),
}
AGAINST_SKADA = {
    name: case._replace(task="classification") for name, case in AGAINST_SKADA.items()
}

_STEADY = {"tensorflow": 5, "tensorflow+xla": 15, "jax": 15, "torch": None}
DEEP_AGAINST_ADAPT = {
    "DANN": Deep("DANN", "epoch", 12, _STEADY),
    "DeepCORAL": Deep("DeepCORAL", "epoch", 12, _STEADY),
    **{
        name: Deep(name, "epoch", 12, _STEADY, task="classification", **more)
        for name, more in {
            "ADDA": {
                "params": {},
                "ours": {"pretrain_epochs": 1},
                "theirs": {"pretrain__epochs": 1},
            },
            "CCSA": {"params": {}},
            "CDAN": {},
            "MCD": {"params": {"pretrain": False}},
            "MDD": {},
            "WDGRL": {"ours": {"n_critic": 1}},
        }.items()
    },
    "DANN cold": Deep("DANN", "cold", 20, {"tensorflow": 1, "jax": None}),
    "DANN 1-D CNN": Deep(
        "DANN",
        "epoch",
        4,
        {"tensorflow": 1, "jax": None},
        data="series",
        task="classification",
        n=1000,
    ),
}

_TORCH = {"torch": 1, "jax": None}
DEEP_AGAINST_SKADA = {
    "DANN": Deep("DANN", "epoch", 12, _TORCH, task="classification"),
    "DeepCORAL": Deep("DeepCORAL", "epoch", 12, _TORCH, task="classification"),
}

CASES = {
    "adapt": {
        **AGAINST_ADAPT,
        **{f"deep {k}": v for k, v in DEEP_AGAINST_ADAPT.items()},
    },
    "skada": {
        **AGAINST_SKADA,
        **{f"deep {k}": v for k, v in DEEP_AGAINST_SKADA.items()},
    },
}
