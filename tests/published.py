"""The calls that run the published algorithms, where a default departs from its paper.

Each stands word for word in the Notes of its class, under "Departures from". Names that
are no parameters (``k``, ``g``, ...) are values that a paper leaves to its user.
`test_published.py` in the folder of a family holds each call against a naive reference.
"""

FEATURE_BASED = {
    "BDA": (
        "BDA(KNeighborsClassifier(1), n_components=k, mu=l, balance=b, gamma=g, "
        "scale_columns=False, whiten=True, tol=0)"
    ),
    "CORAL": "CORAL(lambda_=1)",
    "GFK": 'GFK(n_components="disagreement", source_axes="pca", center="domain")',
    "GradualAdapter": "GradualAdapter(intermediate=domains, n_generated=0)",
    "JDA": (
        "JDA(KNeighborsClassifier(1), n_components=k, mu=l, gamma=g, "
        "scale_columns=False, whiten=True, tol=0)"
    ),
    "JDOTClassifier": "JDOTClassifier(alpha=a, batch_size=None, tol=0)",
    "JDOTRegressor": "JDOTRegressor(alpha=a, batch_size=None, tol=0)",
    "LinearOT": "LinearOT(lambda_=0)",
    "MMDLSConS": (
        "MMDLSConS(lambda_=l, coupling=1, min_separation=0, standardize=False, gamma=g)"
    ),
    "OTLabelPropagation": "OTLabelPropagation(reg=r, batch_size=None)",
    "OTMapping": "OTMapping(batch_size=None)",
    "SA": "SA(n_components=k)",
    "SelfTraining": "SelfTraining(n_rounds=7, start=0.2, stop=0.5)",
    "SpectralAlignment": (
        'SpectralAlignment(reference="source", filter="taps", max_iter=1)'
    ),
    "TCA": "TCA(n_components=m, mu=mu, gamma=g, scale_columns=False, whiten=True)",
    "TJM": (
        "TJM(n_components=k, mu=l, gamma=g, scale_columns=False, whiten=True, tol=0, "
        "max_iter=T)"
    ),
    "fMMD": 'fMMD(threshold="gap", kernel="poly", gamma=1.0)',
}

INSTANCE_BASED = {
    "BBSE": "BBSE(soft=False)",
    "GaussianWeighting": "GaussianWeighting(shrinkage=0)",
    "IWC": "IWC(classifier=LogisticRegression(C=c))",
    "KLIEP": 'KLIEP(gamma=gammas, algo="original")',
    "KMM": "KMM(gamma=g, max_size=n)",
    "KernelDensityWeighting": (
        "KernelDensityWeighting(bandwidth=h, max_centers=n, shrinkage=0)"
    ),
    "MMDTarS": "MMDTarS(lambda_=0, max_rows=None)",
    "NearestNeighborsWeighting": (
        "NearestNeighborsWeighting(n_neighbors=1, shrinkage=0)"
    ),
    "RLLS": "RLLS(alpha=1, soft=False)",
    "RULSIF": "RULSIF(alpha=a, gamma=gammas, lambdas=lambdas)",
    "SaerensEM": "SaerensEM(calibrate=False)",
    "SourcePruning": 'SourcePruning(by="label")',
    "ULSIF": 'ULSIF(gamma=gammas, lambdas=lambdas, clip="coefficients")',
}

PARAMETER_BASED = {
    "LinInt": "LinInt(convex=True)",
    "TransferBoosting": (
        "TransferBoosting(start, learning_rates=[nu], max_iter=M, cv=None)"
    ),
    "TransferForestClassifier": 'TransferForestClassifier(algo="strut")',
    "TransferTreeClassifier": 'TransferTreeClassifier(algo="strut")',
}

# Methods that do something else than their reference, which no call changes.
BEYOND_THE_PAPER = {
    "BlackBoxInputs",
    "RegularTransferGP",
    "RegularTransferLR",
    "SourceMixture",
    "TransferForestRegressor",
    "TransferForestSelector",
    "TransferTreeRegressor",
    "TransferTreeSelector",
}

# Defaults that run the paper, or methods that have none.
AS_PUBLISHED = {
    "BalancedWeighting",
    "DomainStandardScaler",
    "FA",
    "LDM",
    "PartialColumns",
    "PRED",
    "QuantileMatching",
    "RegularTransferLC",
    "TrAdaBoost",
    "TrAdaBoostR2",
    "TwoStageTrAdaBoostR2",
}


def notes_of(method):
    """Return the Notes of a class, in one line."""
    notes = method.__doc__.split("Notes\n    -----\n")[1]
    return " ".join(notes.split("References\n")[0].split())
