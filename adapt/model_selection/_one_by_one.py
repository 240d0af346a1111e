"""Try methods one after the other, and keep what is finished."""

import sys
import time
import warnings

from sklearn.base import clone

from adapt.model_selection._candidates import BASELINE


def fit_timed(method, X, y, **params):
    """Return a fitted clone and the seconds that it took."""
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = clone(method).fit(X, y, **params)
    return model, time.perf_counter() - start


def with_time_left(items, time_limit):
    """Yield each item, and whether there is time for it.

    There is if it would end within ``time_limit`` seconds, were it to take as long as
    the first. There always is for the first.
    """
    start, first = time.perf_counter(), None
    for item in items:
        spent = time.perf_counter() - start
        if time_limit is None or first is None:
            yield item, True
        else:
            yield item, spent + first <= time_limit
        first = time.perf_counter() - start if first is None else first


def attempt(name, method, evaluate):
    """Return a row of the table, a fitted model and what it predicts, or the error."""
    try:
        return evaluate(name, method)
    except Exception as error:
        if name == BASELINE:
            raise
        message = str(error).split("\n")[0]
        return (
            {"method": name, "error": f"{type(error).__name__}: {message}"},
            None,
            None,
        )


def _silent(line):
    """Print nothing."""


def one_by_one(comparison, methods, evaluate, verbose, time_limit=None):
    """Add methods to a comparison as they are finished, until all are or Ctrl-C.

    Parameters
    ----------
    comparison : Comparison
        It is added to, and told of an interruption.

    methods : dict of str to adapter
        Source-only first. Its error is raised; those of others stand in their rows.

    evaluate : callable
        ``evaluate(name, method)`` returns a row of the table, a fitted model, and what
        it predicts of the target.

    verbose : int
        Whether to print a line as each method is finished.

    time_limit : float, default=None
        Seconds, see `with_time_left`.
    """
    from tqdm import tqdm

    show = tqdm.write if verbose else _silent
    bar = tqdm(
        methods.items(),
        desc="comparing",
        unit="method",
        leave=False,
        disable=not verbose or not sys.stderr.isatty(),
    )
    show(comparison.header())
    try:
        for (name, method), in_time in with_time_left(bar, time_limit):
            bar.set_postfix_str(name)
            if in_time:
                row, *model = attempt(name, method, evaluate)
                comparison.add(row, *model)
                show(comparison.line(row))
            else:
                reason = f"not begun within `time_limit` of {time_limit:g} s"
                comparison.add({"method": name, "error": reason, "begun": False})
    except KeyboardInterrupt:
        if not comparison.rows:
            raise
        comparison.interrupted = True
    finally:
        bar.close()
