"""Try methods one after the other, and keep what is finished."""

import time
import warnings
from functools import partial
from itertools import islice

from sklearn.base import clone

from adapt._progress import progress_bar, write_line
from adapt.model_selection._candidates import BASELINE
from adapt.model_selection._many_fits import results


def fit_timed(method, X, y, **params):
    """Return a fitted clone and the seconds that it took."""
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = clone(method).fit(X, y, **params)
    return model, time.perf_counter() - start


def fit_and_predict(method, Xs, ys, Xt, weight=None, yt=None):
    """Return a method fitted on all rows, the seconds, and what it predicts there.

    Parameters
    ----------
    method : adapter
        Not fitted.

    Xs, ys : ndarrays
        Rows and labels of the source.

    Xt : ndarray of shape (n_target_samples, n_features)
        Rows of the target.

    weight : ndarray of shape (n_samples,), default=None
        Weights of source rows.

    yt : ndarray of shape (n_target_samples,), default=None
        Labels of the target, of which some may be missing.

    Returns
    -------
    model : adapter

    seconds : float
        Of the fit.

    predicted : ndarray of shape (n_target_samples,)
    """
    given = {"sample_weight": weight, "yt": yt}
    given = {key: value for key, value in given.items() if value is not None}
    model, seconds = fit_timed(method, Xs, ys, Xt=Xt, **given)
    return model, seconds, model.predict(Xt)


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


def first_alone(fits, groups):
    """Yield outcomes of groups of calls; those of the first before others are begun."""
    groups = iter(groups)
    yield from fits.groups(islice(groups, 1))
    yield from fits.groups(groups)


def attempt(name, evaluate):
    """Return a row of the table, a fitted model and what it predicts, or the error."""
    try:
        return evaluate()
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


def one_by_one(comparison, methods, plan, fits, verbose, time_limit=None):
    """Add methods to a comparison as they are finished, until all are or Ctrl-C.

    Parameters
    ----------
    comparison : Comparison
        It is added to, and told of an interruption.

    methods : dict of str to adapter
        Source-only first: it is finished before others are begun. Its error is raised;
        those of others stand in their rows.

    plan : object
        ``plan.calls(name, method)`` returns what is to be run for a method, as
        `ManyFits` takes it. ``plan.finish(name, results)`` makes of that a row of the
        table, a fitted model, and what it predicts of the target.

    fits : ManyFits
        Runs the calls.

    verbose : int
        Whether to print a line as each method is finished.

    time_limit : float, default=None
        Seconds, see `with_time_left`.
    """
    show = write_line if verbose else _silent
    bar = progress_bar(len(methods), "comparing", "method", shown=bool(verbose))
    left = with_time_left(methods.items(), time_limit)
    not_begun = set()

    def calls():
        for (name, method), in_time in left:
            bar.set_postfix_str(name)
            if not in_time:
                not_begun.add(name)
            yield plan.calls(name, method) if in_time else []

    show(comparison.header())
    try:
        for name, outcomes in zip(methods, first_alone(fits, calls()), strict=True):
            if name in not_begun:
                reason = f"not begun within `time_limit` of {time_limit:g} s"
                comparison.add({"method": name, "error": reason, "begun": False})
            else:
                row, *model = attempt(name, partial(_finish, plan, name, outcomes))
                comparison.add(row, *model)
                show(comparison.line(row))
            bar.update()
    except KeyboardInterrupt:
        if not comparison.rows:
            raise
        comparison.interrupted = True
    finally:
        bar.close()


def _finish(plan, name, outcomes):
    return plan.finish(name, results(outcomes))
