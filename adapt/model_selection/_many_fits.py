"""Many fits at a time, by the backend of joblib that is active.

Nothing here knows how fits are spread: that is joblib's, and `joblib.parallel_config`
chooses between processes of this machine, Dask and Ray. What is here is what a long
run needs of any of them. Arrays that all fits read are sent once. A fit that raises an
error gives the error. A worker that dies takes no other fit with it.
"""

import warnings
from collections import deque
from itertools import islice

from joblib import Parallel, delayed, effective_n_jobs, parallel_config
from joblib.parallel import get_active_backend

_PATIENCE = 300  # seconds until a Dask worker that died has to be replaced


def dask_client():
    """Return the Dask client of the active joblib backend; None for other backends."""
    return vars(get_active_backend()[0]).get("client")


def check_backend():
    """Refuse a Dask backend whose scheduler is gone, before any work.

    Raises
    ------
    RuntimeError
        If it is.
    """
    client = dask_client()
    if client is not None and client.status != "running":
        raise RuntimeError(
            f"The Dask client of the active joblib backend is {client.status}: its "
            "scheduler does not answer. Connect a new `dask.distributed.Client` first."
        )


def _arrived(arg):
    """Return what was sent, also where a restarted worker has to ask for it."""
    from distributed import Future

    return arg.result() if isinstance(arg, Future) else arg


def _outcome(on_dask, function, *args):
    """Return what a call returns and None, or None and the error that it raised."""
    try:
        if not on_dask:
            return function(*args), None
        args = [_arrived(arg) for arg in args]
        # What is fitted on a worker stays there: its inner fits are no tasks of theirs.
        with parallel_config("threading", n_jobs=1):
            return function(*args), None
    except Exception as error:
        return None, error


def _workers(client):
    there = client is not None and client.status == "running"
    return set(client.ncores()) if there else set()


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
        self._client = dask_client()
        self._workers = _workers(self._client)
        self._start()
        return self

    def __exit__(self, *error):
        self._stop()
        gone = self._workers - _workers(self._client)
        if gone and error[0] is None:
            warnings.warn(
                f"Dask workers have left: {', '.join(sorted(gone))}. What they were "
                "fitting was fitted by others.",
                RuntimeWarning,
                stacklevel=2,
            )

    def _start(self):
        how = {"n_jobs": self.n_jobs, "batch_size": 1}
        try:
            self._parallel, self._at_once = Parallel(**how, return_as="generator"), None
        except ValueError:  # a backend that gives its results together, such as Ray's
            self._parallel = Parallel(**how)
            self._at_once = 4
        self._parallel.__enter__()
        self._sent = {}
        if self._client is not None and self.shared:
            sent = self._client.scatter(list(self.shared), broadcast=True, hash=False)
            pairs = zip(self.shared, sent, strict=True)
            self._sent = {id(value): future for value, future in pairs}

    def _stop(self):
        self._parallel.__exit__(None, None, None)
        self._sent = {}

    def _restart(self):
        """Begin again with the workers that are left, or the first to come back."""
        self._stop()
        if self._client is not None:
            self._client.wait_for_workers(1, timeout=_PATIENCE)
        self._start()

    def _call(self, function, *args):
        # Not as one list: backends know what was sent already by its identity.
        args = (self._sent.get(id(arg), arg) for arg in args)
        return delayed(_outcome)(self._client is not None, function, *args)

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
            (outcome,) = self._run(iter([self._call(*call)]))
            return outcome
        except Exception as error:
            self._restart()
            return None, error

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
        calls, more = iter(calls), True
        while more:
            handed_out = deque()
            try:
                for outcome in self._run(self._hand_out(calls, handed_out)):
                    handed_out.popleft()
                    yield outcome
                more = False
            except Exception as error:
                self._say_lost(error, len(handed_out))
                self._restart()
                while handed_out:
                    yield self._alone(handed_out.popleft())

    def _hand_out(self, calls, handed_out):
        """Yield calls as joblib takes them, and note those whose outcome is due."""
        for call in calls:
            handed_out.append(call)
            yield self._call(*call)

    @staticmethod
    def _say_lost(error, n):
        line = str(error).partition("\n")[0]
        warnings.warn(
            f"A worker was lost ({type(error).__name__}: {line}). The {n} fits that it "
            "may have had are tried again, one at a time.",
            RuntimeWarning,
            stacklevel=3,
        )

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
