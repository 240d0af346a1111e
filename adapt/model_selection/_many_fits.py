"""Many fits at a time, by the backend of joblib that is active.

`joblib.parallel_config` chooses between processes of this machine, Dask and Ray. What
is here is what a long run needs of any of them. Arrays that all fits read are sent
once. A fit that raises an error gives the error. A worker that dies takes no other fit
with it. Calls for Dask go to its client and not through joblib, which does not say when
a worker has died.
"""

from collections import deque
from itertools import islice

from joblib import Parallel, delayed, effective_n_jobs
from joblib.parallel import get_active_backend

from adapt.model_selection._dask_fits import (
    DaskFits,
    check_client,
    warn_of_lost_worker,
)


def _dask_backend():
    """Return the active backend of joblib if it is Dask's, else None."""
    backend = get_active_backend()[0]
    return backend if "client" in vars(backend) else None


def check_backend():
    """Refuse a Dask backend whose scheduler is gone, before any work.

    Raises
    ------
    RuntimeError
        If it is.
    """
    backend = _dask_backend()
    if backend is not None:
        check_client(backend.client)


def _outcome(function, *args):
    """Return what a call returns and None, or None and the error that it raised."""
    try:
        return function(*args), None
    except Exception as error:
        return None, error


class _JoblibFits:
    """Run calls of functions by `joblib.Parallel`; see `DaskFits` for the methods."""

    def __init__(self, n_jobs):
        self.n_jobs = n_jobs

    def start(self):
        how = {"n_jobs": self.n_jobs, "batch_size": 1}
        try:
            self._parallel, self._at_once = Parallel(**how, return_as="generator"), None
        except ValueError:  # a backend that gives its results together, such as Ray's
            self._parallel = Parallel(**how)
            self._at_once = 4
        self._parallel.__enter__()

    def stop(self):
        self._parallel.__exit__(None, None, None)

    def _restart(self):
        self.stop()
        self.start()

    def _run(self, calls):
        """Yield outcomes in order, as they come or a few at a time."""
        if self._at_once is None:
            yield from self._parallel(calls)
            return
        size = self._at_once * effective_n_jobs(self.n_jobs)
        while chunk := list(islice(calls, size)):
            yield from self._parallel(chunk)

    def _alone(self, call):
        """Return the outcome of a call, which may have ended a worker before."""
        try:
            (outcome,) = self._run(iter([delayed(_outcome)(*call)]))
            return outcome
        except Exception as error:
            self._restart()
            return None, error

    def outcomes(self, calls):
        calls, more = iter(calls), True
        while more:
            handed_out = deque()
            try:
                for outcome in self._run(self._hand_out(calls, handed_out)):
                    handed_out.popleft()
                    yield outcome
                more = False
            except Exception as error:
                warn_of_lost_worker(error, stacklevel=4)
                self._restart()
                while handed_out:
                    yield self._alone(handed_out.popleft())

    def _hand_out(self, calls, handed_out):
        """Yield calls as joblib takes them, and note those without an outcome yet."""
        for call in calls:
            handed_out.append(call)
            yield delayed(_outcome)(*call)


class ManyFits:
    """Run calls of functions, some of them at a time.

    Parameters
    ----------
    n_jobs : int or None
        As `joblib.Parallel` has it.

    shared : sequence of objects
        What many calls are given, such as rows: it is sent once.
    """

    def __init__(self, n_jobs, shared=()):
        self.n_jobs, self.shared = n_jobs, shared

    def __enter__(self):
        check_backend()
        backend = _dask_backend()
        if backend is None:
            self._fits = _JoblibFits(self.n_jobs)
        else:
            options = backend.submit_kwargs
            self._fits = DaskFits(backend.client, _outcome, self.shared, options)
        self._fits.start()
        return self

    def __exit__(self, *error):
        self._fits.stop()

    def outcomes(self, calls):
        """Yield the outcome of each call, in their order.

        Parameters
        ----------
        calls : iterable of tuple
            A function and its arguments. It is read as there are workers for it.

        Yields
        ------
        result : object
            What the call returned; None if it failed.

        error : Exception or None
            Why it failed: what it raised, or what ended its worker.
        """
        yield from self._fits.outcomes(calls)

    def groups(self, groups):
        """Yield the outcomes of each group of calls, in their order.

        Parameters
        ----------
        groups : iterable of list of tuple
            Calls, as `outcomes` has them; a group may be empty.

        Yields
        ------
        outcomes : list of tuple
            A result and an error for each of its calls.
        """
        sizes, found = deque(), []

        def calls():
            for group in groups:
                sizes.append(len(group))
                yield from group

        for outcome in self.outcomes(calls()):
            found.append(outcome)
            while sizes and len(found) >= sizes[0]:
                size = sizes.popleft()
                yield found[:size]
                del found[:size]
        yield from ([] for _ in sizes)


def results(outcomes):
    """Return the results of outcomes, or raise the first error among them."""
    found = []
    for result, error in outcomes:
        if error is not None:
            raise error
        found.append(result)
    return found
