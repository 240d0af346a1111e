"""Fit a peer's methods on one task, in its own environment: `worker_accuracy.py JOB`.

The job, a dict as JSON, names the peer, the file of arrays, the kind of task, the base
estimator, the methods (null for all) and those that are done, and the limits of each
fit. Each fit has a process of its own, and prints a line of JSON as it ends: what was
predicted for the target rows, or what went wrong.
"""

import json
import multiprocessing
import os
import resource
import sys
import warnings

import measure
import numpy as np

FORK = multiprocessing.get_context("fork")  # imports are done once
WALL = 20  # wall seconds for each CPU second that a fit may take


def base_estimator(name, kind):
    """Return what `accuracy.py` gives to ours."""
    from sklearn import ensemble, linear_model

    if name == "logistic" and kind == "classification":
        return linear_model.LogisticRegression(max_iter=1000)
    if name == "logistic":
        return linear_model.Ridge()
    if kind == "classification":
        return ensemble.HistGradientBoostingClassifier(random_state=0)
    return ensemble.HistGradientBoostingRegressor(random_state=0)


def of_adapt(kind):
    """Return ADAPT's methods that need no labels of the target, by name."""
    from adapt import feature_based, instance_based

    maps = ("CORAL", "SA", "TCA", "fMMD")
    weights = (
        *("IWC", "IWN", "KLIEP", "KMM", "LDM", "NearestNeighborsWeighting"),
        *("RULSIF", "ULSIF"),
    )
    return {
        **{name: getattr(feature_based, name) for name in maps},
        **{name: getattr(instance_based, name) for name in weights},
    }


def predicted_by_adapt(method, inner, Xs, ys, Xt):
    model = method(inner, Xt=Xt, random_state=0, verbose=0).fit(Xs, ys)
    return model.predict(Xt)


def of_skada(kind):
    """Return SKADA's methods that need no labels of the target, by name."""
    import skada

    names = [
        *("CORAL", "SubspaceAlignment", "LinearOTMapping", "MultiLinearMongeAlignment"),
        *("OTMapping", "EntropicOTMapping", "ClassRegularizerOTMapping"),
        *("TransferComponentAnalysis", "TransferJointMatching", "MMDLSConSMapping"),
        *("DensityReweight", "DiscriminatorReweight", "GaussianReweight"),
        *("KLIEPReweight", "KMMReweight", "MMDTarSReweight", "NearestNeighborReweight"),
        "OTLabelProp",
    ]
    if kind == "classification":
        names += ["JCPOTLabelProp", "TransferSubspaceLearning"]
        names += ["JDOTClassifier", "DASVMClassifier"]
    else:
        names += ["JDOTRegressor"]
    return {name: getattr(skada, name) for name in names}


def predicted_by_skada(method, inner, Xs, ys, Xt):
    if method.__name__.endswith("Reweight"):
        inner.set_fit_request(sample_weight=True)
    hidden = np.nan if ys.dtype.kind == "f" else -1
    model = method(inner)
    model.fit(  # that of JDOT returns None
        np.concatenate([Xs, Xt]),
        np.concatenate([ys, np.full(len(Xt), hidden)]),
        sample_domain=np.repeat([1, -1], [len(Xs), len(Xt)]),
    )
    return model.predict(Xt)  # as rows of the target


PEERS = {
    "adapt": (of_adapt, predicted_by_adapt),
    "skada": (of_skada, predicted_by_skada),
}


def _child(connection, cpu_limit, memory_limit, work):
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_limit, cpu_limit + 5))
    resource.setrlimit(resource.RLIMIT_DATA, (memory_limit << 30,) * 2)
    start = measure.cpu_seconds()
    try:
        predicted = np.ravel(work())
        if not np.all(np.isfinite(predicted)):
            raise ValueError("predictions are not finite")
        result = {"predicted": predicted.tolist()}
    except MemoryError:
        result = {"error": f"over {memory_limit} GB"}
    except Exception as error:
        message = str(error).splitlines() or [""]
        result = {"error": f"{type(error).__name__}: {message[0][:200]}"}
    result["seconds"] = round(measure.cpu_seconds() - start, 3)
    connection.send(result)


def within_limits(work, cpu_limit, memory_limit):
    """Return what a process of its own found, or that it ran into a limit."""
    here, there = FORK.Pipe(duplex=False)
    process = FORK.Process(target=_child, args=(there, cpu_limit, memory_limit, work))
    process.start()
    there.close()
    try:
        if here.poll(WALL * cpu_limit):
            return here.recv()
    except EOFError:
        pass
    finally:
        process.kill()
        process.join()
    return {"error": f"over {cpu_limit} CPU s or {memory_limit} GB"}


def main(job):
    warnings.simplefilter("ignore")
    stdout = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # some methods print
    arrays = np.load(job["arrays"])
    list_methods, predicted_by = PEERS[job["peer"]]
    inner = base_estimator(job["estimator"], job["kind"])
    for name, method in list_methods(job["kind"]).items():
        wanted = job["methods"] is None or name in job["methods"]
        if not wanted or name in job["done"]:
            continue
        found = within_limits(
            lambda method=method: predicted_by(method, inner, **arrays),
            job["cpu_limit"],
            job["memory_limit"],
        )
        line = json.dumps({"method": name, **found})
        print(measure.PREFIX + line, file=stdout, flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
