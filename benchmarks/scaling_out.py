"""Beyond one machine: rows in blocks, and fits on a Dask cluster.

Run as ``python benchmarks/scaling_out.py rows --rows 20_000_000`` and as ``python
benchmarks/scaling_out.py fits``. The first writes Parquet files of 20 columns to a
temporary folder, adapts a linear model to them block by block, and holds the moments
against those of whole columns; with ``--test`` all rows are tested for shift too. The
second compares 20 candidates with forests in one process and on two Dask workers, and
counts the bytes that are sent to them. Figures go to ``results/scaling_out.csv``, in
the place of those of the same kind and size.
"""

import argparse
import resource
import tempfile
import time
import warnings
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import records

COLUMNS = 20
BLOCK = 100_000  # rows
RESULTS = records.Results(
    "scaling_out.csv", ("what", "quantity", "value"), ("what", "quantity")
)


def report(what, **quantities):
    """Print figures, and keep them."""
    rows = [
        {"what": what, "quantity": name.replace("_", " "), "value": value}
        for name, value in quantities.items()
    ]
    RESULTS.add(*rows, replace=True)
    for row in rows:
        print("{what}: {quantity} {value}".format(**row))


def blocks_of_rows(n, shift, seed):
    """Yield rows with correlated columns, and labels, a block at a time."""
    rng = np.random.default_rng(seed)
    mix = np.eye(COLUMNS) + 0.1 * rng.normal(size=(COLUMNS, COLUMNS))
    for start in range(0, n, BLOCK):
        X = rng.normal(size=(min(BLOCK, n - start), COLUMNS)) @ mix + shift
        yield X, (X[:, 0] - X[:, 1] > 0).astype(np.int8)


def write(path, n, shift, seed):
    """Write rows to a Parquet file, in groups of a block."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [f"x{k}" for k in range(COLUMNS)]
    writer = None
    for X, y in blocks_of_rows(n, shift, seed):
        table = pa.table([*X.T, y], names=[*names, "y"])
        writer = pq.ParquetWriter(path, table.schema) if writer is None else writer
        writer.write_table(table)
    writer.close()


def read(path, labelled):
    """Yield the row groups of a Parquet file."""
    import pyarrow.parquet as pq

    names = [f"x{k}" for k in range(COLUMNS)]
    file = pq.ParquetFile(path)
    for k in range(file.num_row_groups):
        table = file.read_row_group(k)
        X = np.column_stack([table[name].to_numpy() for name in names])
        yield (X, table["y"].to_numpy()) if labelled else X


def worst_moment(path, mean, covariance):
    """Return the largest error of moments, by whole columns read one after the other.

    Errors of covariances are in units of the standard deviations.
    """
    import pyarrow.parquet as pq

    def column(k):
        return pq.read_table(path, columns=[f"x{k}"])[0].to_numpy()

    first, errors = column(0), []
    for k in range(COLUMNS):
        x = column(k)
        cov = np.mean((first - first.mean()) * (x - x.mean()))
        scale = first.std() * x.std()
        errors += [abs(mean[k] - x.mean()) / x.std()]
        errors += [abs(covariance[0, k] - cov) / scale]
    return max(errors)


def peak():
    """Return the largest resident size so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def rows(args):
    """Print seconds and memory of a fit in blocks, and errors of its moments."""
    from sklearn.linear_model import SGDClassifier

    from adapt.base import RowBlocks
    from adapt.feature_based import CORAL

    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        source, target = Path(folder, "source"), Path(folder, "target")
        write(source, args.rows, 0.0, 0)
        write(target, args.rows // 2, 0.5, 1)
        size = (source.stat().st_size + target.stat().st_size) / 2**30
        begun, cpu = time.perf_counter(), time.process_time()
        model = CORAL(SGDClassifier(random_state=0), lambda_=0.0, match_mean=True)
        model.fit(
            RowBlocks(partial(read, source, True)),
            Xt=RowBlocks(partial(read, target, False)),
        )
        seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
        memory = peak()
        error = max(
            worst_moment(source, model.mean_source_, model.Cs_),
            worst_moment(target, model.mean_target_, model.Ct_),
        )
        n = args.rows + args.rows // 2
        sizes = f"{args.rows:,} source and {args.rows // 2:,} target rows"
        report(
            f"CORAL and SGDClassifier, {sizes}",
            GB_on_disk=f"{size:.2f}",
            seconds=f"{seconds:.1f}",
            CPU_seconds=f"{cpu:.1f}",
            microseconds_a_row=f"{1e6 * cpu / n:.2f}",
            GB_resident=f"{memory:.2f}",
            largest_error_of_a_moment=f"{error:.1e}",
        )
        if args.test:
            test_for_shift(source, target, sizes, n)


def test_for_shift(source, target, sizes, n):
    """Report what a test of all rows takes."""
    from adapt.base import RowBlocks
    from adapt.metrics import mmd_test

    pair = [RowBlocks(partial(read, path, False)) for path in (source, target)]
    cpu = time.process_time()
    found = mmd_test(*pair, max_rows=None, random_state=0)
    cpu = time.process_time() - cpu
    report(
        f"mmd_test, {sizes}",
        CPU_seconds=f"{cpu:.1f}",
        microseconds_a_row=f"{1e6 * cpu / n:.2f}",
        GB_resident=f"{peak():.2f}",
        p_value=found.p_value,
    )


@contextmanager
def counted_bytes():
    """Yield a list of the sizes of what this process sends to the cluster."""
    from distributed.comm import tcp

    sizes, write = [], tcp.TCP.write

    async def counted(comm, msg, *args, **kwargs):
        size = await write(comm, msg, *args, **kwargs)
        sizes.append(size)
        return size

    tcp.TCP.write = counted
    try:
        yield sizes
    finally:
        tcp.TCP.write = write


def fits(args):
    """Print seconds of a comparison in one process, and on two Dask workers."""
    import joblib
    from dask.distributed import Client, LocalCluster
    from sklearn.ensemble import RandomForestClassifier

    from adapt.datasets import make_classification_da
    from adapt.feature_based import CORAL
    from adapt.model_selection import compare

    warnings.simplefilter("ignore")
    Xs, ys, Xt, yt = make_classification_da(n_samples=args.samples)
    forest = RandomForestClassifier(args.trees, random_state=0)
    methods = {f"CORAL {k}": CORAL(lambda_=10.0 ** (k - 15)) for k in range(20)}

    def seconds():
        begun = time.perf_counter()
        result = compare(Xs, ys, Xt, yt, estimator=forest, methods=methods)
        return time.perf_counter() - begun, result.results.drop(columns="fit_seconds")

    one, expected = seconds()
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as own,
        Client(own) as client,
        joblib.parallel_config(backend="dask"),
    ):
        client.run(__import__, "adapt.model_selection")
        with counted_bytes() as sizes:
            two, found = seconds()
    size = sum(array.nbytes for array in (Xs, ys, Xt, yt))
    report(
        f"compare, 20 candidates, forests of {args.trees} trees, {len(Xs)} + {len(Xt)} "
        "rows",
        seconds_in_one_process=f"{one:.1f}",
        seconds_on_two_Dask_workers=f"{two:.1f}",
        ratio=f"{one / two:.2f}",
        same_results=expected.equals(found),
        MB_of_data=f"{size / 1e6:.3f}",
        MB_sent_by_scheduler_and_client=f"{sum(sizes) / 1e6:.1f}",
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    verbs = parser.add_subparsers(required=True)
    verb = verbs.add_parser("rows")
    verb.add_argument("--rows", type=int, default=2_000_000)
    verb.add_argument("--folder", help="where files are written for the time being")
    verb.add_argument("--test", action="store_true", help="test all rows for shift")
    verb.set_defaults(run=rows)
    verb = verbs.add_parser("fits")
    verb.add_argument("--samples", type=int, default=1000)
    verb.add_argument("--trees", type=int, default=100)
    verb.set_defaults(run=fits)
    args = parser.parse_args()
    args.run(args)
