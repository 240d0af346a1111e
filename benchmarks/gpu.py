"""DANN and CoDATS on a GPU, beside plain training on it and beside two CPU cores.

    KERAS_BACKEND=jax python benchmarks/gpu.py      (or torch; at most six minutes)

It needs a GPU, one of the two backends and no network. A table goes to standard output,
and a row for each measurement to ``results/gpu.csv``, with date and device.

- Rows per second are those of both domains, in epochs after the first, which compiles.
  An epoch ends when its losses are on the CPU. Measuring stops after `--seconds`.
- Networks: the default ones, and an encoder of 5 million weights.
- Plain training is `DeepSource` with the same encoder on as many rows a step.
- Two cores: the same fit without the GPU, on two cores, at the same time as those on
  it if there are four cores or more.
- Memory is the peak on the GPU as the backend counts it, or the growth of the process.
- Losses of a short training without dropout, in full float32, are compared between the
  devices; they should agree to `TOLERANCE`.

``--smallest`` measures nothing: it runs all of it on the CPU, to see that it runs.
"""

import argparse
import csv
import datetime
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

BACKEND = os.environ.get("KERAS_BACKEND", "jax")
OUT = Path(__file__).with_name("results") / "gpu.csv"
TOLERANCE = 1e-4
SHAPES = {"DANN": (64,), "CoDATS": (128, 6)}
COLUMNS = (
    *("date", "device", "backend", "method", "networks", "training", "on"),
    *("batch", "rows_per_s", "memory_mb", "weights", "epochs", "error"),
)
LIMIT = 120  # wall seconds of one process
TOTAL = 330  # wall seconds after which no process starts

# What follows runs in processes of their own.


def data_of(shape, n, seed=0):
    """Return `n` rows of each of two domains, and labels of the first."""
    import numpy as np

    rng = np.random.default_rng(seed)
    y = np.arange(n) % 5
    X = rng.normal(size=(2, n, *shape)).astype("float32")
    X[..., 0] += y.reshape(n, *[1] * (len(shape) - 1))
    X[1] *= 1.2
    return X[0], y, X[1]


def large_encoder(shape):
    """Return an encoder of about 5 million weights."""
    import keras
    from keras import layers

    if len(shape) == 1:
        hidden = [layers.Dense(1536, "relu") for _ in range(3)]
        hidden += [layers.Dense(64, "relu")]
    else:
        filters = zip((512, 1024, 768), (8, 5, 3), strict=True)
        hidden = [
            layers.Conv1D(n, width, padding="same", activation="relu")
            for n, width in filters
        ]
        hidden += [layers.GlobalAveragePooling1D()]
    return keras.Sequential([keras.Input(shape), *hidden])


def small_encoder(shape):
    """Return an encoder without dropout, whose numbers backends draw by device."""
    import keras
    from keras import layers

    hidden = [layers.Dense(32, "relu") for _ in range(2)]
    if len(shape) == 2:
        convolve = layers.Conv1D(16, 5, padding="same", activation="relu")
        hidden = [convolve, layers.GlobalAveragePooling1D(), *hidden]
    return keras.Sequential([keras.Input(shape), *hidden])


def full_precision():
    """Keep products of float32 from being rounded to fewer bits on a GPU."""
    if BACKEND == "jax":
        import jax

        jax.config.update("jax_default_matmul_precision", "highest")
    else:
        import torch

        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False


def device_of(backend):
    """Return the name of the device that the backend computes on."""
    if backend == "jax":
        import jax

        return jax.devices()[0].device_kind
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"


def memory(backend):
    """Return the peak of memory in MB on the GPU, or of the process."""
    if backend == "jax":
        import jax

        found = jax.devices()[0].memory_stats()
        if found and jax.default_backend() != "cpu":
            return found["peak_bytes_in_use"] / 2**20
    else:
        import torch

        if torch.cuda.is_available():
            return torch.cuda.max_memory_allocated() / 2**20
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def new(job, **params):
    """Return an estimator, and the arguments of its `fit`."""
    import numpy as np

    from adapt import feature_based

    method, shape = job["method"], SHAPES[job["method"]]
    Xs, ys, Xt = data_of(shape, job["n"])
    encoders = {"large": large_encoder, "small": small_encoder}
    if job["networks"] != "default":
        build = encoders[job["networks"]]
        params["encoder"] = lambda: build(shape)
    if job["training"] == "plain":
        # The default encoder of the method, and as many rows a step.
        if job["networks"] == "default":
            params["encoder"] = job["encoder"] = encoder_of(method, shape)
        method, params["batch_size"] = "DeepSource", 2 * params["batch_size"]
        Xs, ys, Xt = np.concatenate([Xs, Xt]), np.concatenate([ys, ys]), Xt[:1024]
    model = getattr(feature_based, method)(random_state=0, **params)
    return model, (Xs, ys), Xt


def encoder_of(method, shape):
    """Return the encoder that a method has by default, as one epoch leaves it."""
    from adapt import feature_based

    Xs, ys, Xt = data_of(shape, 64)
    model = getattr(feature_based, method)(random_state=0, epochs=1)
    return model.fit(Xs, ys, Xt=Xt).encoder_


def speed(job):
    """Return rows per second, memory and the number of weights."""
    import keras
    import numpy as np

    ends = [time.perf_counter()]
    start = memory(BACKEND)

    class Clock(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            ends.append(time.perf_counter())
            # The first epoch compiles.
            if len(ends) > 2 and ends[-1] - ends[1] > job["seconds"]:
                self.model.stop_training = True

    params = {"epochs": 1000, "batch_size": job["batch"], "callbacks": [Clock()]}
    model, (Xs, ys), Xt = new(job, **params)
    n_rows = 2 * job["n"]
    model.fit(Xs, ys, Xt=Xt)
    took = np.median(np.diff(ends)[1:])
    peak = memory(BACKEND)
    weights = model.encoder_.count_params() + model.task_.count_params()
    return {
        "rows_per_s": round(n_rows / took),
        "memory_mb": round(peak if job["on"] == "gpu" else peak - start),
        "weights": weights,
        "epochs": len(ends) - 1,
    }


def losses(job):
    """Return the losses of a short training."""
    full_precision()
    model, (Xs, ys), Xt = new(job, epochs=2, batch_size=64)
    model.fit(Xs, ys, Xt=Xt)
    return {"losses": model.history_["loss"]}


def work(job):
    """Do one job in this process, and print the result."""
    if job["on"] == "cpu":
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    result = losses(job) if job["training"] == "losses" else speed(job)
    result["device"] = device_of(BACKEND)
    print("RESULT " + json.dumps(result), flush=True)


# What follows runs in the first process, which imports no backend.


def environment(on):
    """Return the environment of a process on the GPU or without it."""
    given = {**os.environ, "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    given["TF_CPP_MIN_LOG_LEVEL"] = "3"
    root = str(Path(__file__).resolve().parents[1])
    given["PYTHONPATH"] = os.pathsep.join([root, given.get("PYTHONPATH", "")])
    if on == "cpu":
        given |= {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
        given |= {"OMP_NUM_THREADS": "2"}
    return given


def result_of(text):
    """Return what a process printed as its result, None if there is nothing."""
    lines = [x for x in text.splitlines() if x.startswith("RESULT ")]
    return json.loads(lines[-1].removeprefix("RESULT ")) if lines else None


def run(job):
    """Return the row of a job, from a process of its own."""
    call = [sys.executable, __file__, "--job", json.dumps(job)]
    try:
        done = subprocess.run(
            call,
            env=environment(job["on"]),
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {**job, "error": f"over {LIMIT} s"}
    result = result_of(done.stdout)
    if result is None:
        errors = [x for x in done.stderr.splitlines() if "Error" in x[:60]]
        return {**job, "error": (errors or ["no message"])[-1][:200]}
    return {**job, **result}


def jobs(seconds, smallest=False):
    """Return what is measured on the GPU and what on two cores, in that order."""
    on_gpu, on_cpu = [], []
    rows = {"default": (65536, 4096), "large": (32768, 1024)}
    for method in SHAPES:
        short = {"method": method, "networks": "small", "training": "losses"}
        short |= {"n": 512, "batch": 64}
        on_gpu.append({**short, "on": "gpu"})
        on_cpu.append({**short, "on": "cpu"})
        for networks, (many, few) in rows.items():
            many, few = (many, few) if not smallest else (256, 256)
            job = {"method": method, "networks": networks, "seconds": seconds}
            job["batch"] = 256 if not smallest else 64
            adapted = {**job, "training": "adaptation"}
            on_gpu.append({**adapted, "n": many, "on": "gpu"})
            on_gpu.append({**job, "training": "plain", "n": many, "on": "gpu"})
            on_cpu.append({**adapted, "n": few, "on": "cpu"})
    return on_gpu, on_cpu


def measure(on_gpu, on_cpu, together):
    """Return the rows of all jobs; what has no time left has an error."""
    start = time.perf_counter()
    found = []

    def one_by_one(queue):
        for job in queue:
            late = time.perf_counter() - start > TOTAL
            found.append({**job, "error": "no time left"} if late else run(job))

    threads = [threading.Thread(target=one_by_one, args=[q]) for q in (on_gpu, on_cpu)]
    for thread in threads:
        thread.start()
        if not together:
            thread.join()
    for thread in threads:
        thread.join()
    return found


def difference(found, method):
    """Return the largest relative difference of losses between devices."""
    given = [r.get("losses") for r in found if r["method"] == method]
    given = [each for each in given if each]
    if len(given) != 2:
        return float("nan")
    return max(abs(a - b) / abs(b) for a, b in zip(*given, strict=True))


def summary(found):
    """Return the table that is printed."""
    at = {(r["method"], r["networks"], r["training"], r["on"]): r for r in found}
    lines = [
        f"{'':20}{'rows/s':>10}{'x 2 cores':>10}{'x plain':>9}{'MB':>8}{'plain':>8}"
    ]
    for method in SHAPES:
        for networks in ("default", "large"):
            ours = at[method, networks, "adaptation", "gpu"]
            plain = at[method, networks, "plain", "gpu"]
            cores = at[method, networks, "adaptation", "cpu"]
            speeds = [r.get("rows_per_s") for r in (ours, cores, plain)]
            if not all(speeds):
                errors = [r["error"] for r in (ours, cores, plain) if "error" in r]
                lines.append(f"{method} {networks}: {errors}")
                continue
            lines.append(
                f"{method + ' ' + networks:20}{speeds[0]:10}"
                f"{speeds[0] / speeds[1]:10.1f}{speeds[2] / speeds[0]:9.2f}"
                f"{ours['memory_mb']:8}{plain['memory_mb']:8}"
            )
        far = difference(found, method)
        verdict = "yes" if far <= TOLERANCE else "NO"
        lines.append(f"{method} losses differ by {far:.1e}: within bounds: {verdict}")
    return "\n".join(lines)


def write(path, found, device, backend):
    """Add the rows to the table of results."""
    path.parent.mkdir(exist_ok=True)
    new_file = not path.exists()
    common = {"date": datetime.date.today().isoformat(), "backend": backend}
    with open(path, "a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(
            file, COLUMNS, extrasaction="ignore", lineterminator="\n"
        )
        if new_file:
            writer.writeheader()
        for row in found:
            if row["training"] != "losses":
                where = device if row["on"] == "gpu" else "two cores"
                writer.writerow({**row, **common, "device": where})


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=4.0, help="of each speed")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--smallest", action="store_true")
    parser.add_argument("--job", help="for internal use")
    given = parser.parse_args()
    os.environ["KERAS_BACKEND"] = backend = BACKEND
    if backend not in ("jax", "torch"):
        sys.exit(f"KERAS_BACKEND is {backend}: set it to jax or torch.")
    if given.job:
        work(json.loads(given.job))
        return
    on_gpu, on_cpu = jobs(given.seconds, given.smallest)
    first = run({**on_gpu[0], "n": 128})
    device = first.get("device", "")
    if not given.smallest and device.lower() in ("", "cpu"):
        sys.exit(f"No GPU for {backend}: {first.get('error', 'it computes on a CPU')}.")
    together = given.smallest or (os.cpu_count() or 1) >= 4
    found = measure(on_gpu, on_cpu, together)
    write(given.out, found, device, backend)
    print(f"{datetime.date.today()}, {device}, {backend}")
    print(summary(found))


if __name__ == "__main__":
    main()
