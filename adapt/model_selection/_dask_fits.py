"""Fits on the workers of a Dask cluster, whose workers may die."""

import time
import warnings
from collections import deque

from joblib import parallel_config

_PATIENCE = 300  # seconds that a cluster may be without any worker
_LOOK_EVERY = 5  # seconds between two looks at whether there are workers


def _ready():
    """Do nothing: a cluster that grows on demand starts a worker for it."""


def check_client(client):
    """Refuse a Dask client whose scheduler does not answer.

    Parameters
    ----------
    client : distributed.Client

    Raises
    ------
    RuntimeError
        If it is not connected.
    """
    if client.status != "running":
        raise RuntimeError(
            f"The Dask client of the active joblib backend is {client.status}: its "
            "scheduler does not answer. Connect a new `dask.distributed.Client` first."
        )


def warn_of_lost_worker(error, stacklevel):
    """Warn that a worker died, and that fits are tried again.

    Parameters
    ----------
    error : Exception
        What told of it.

    stacklevel : int
        As `warnings.warn` has it.
    """
    line = str(error).partition("\n")[0]
    warnings.warn(
        f"A worker was lost ({type(error).__name__}: {line}). What it may have been "
        "fitting is tried again, one fit at a time.",
        RuntimeWarning,
        stacklevel=stacklevel,
    )


def _call_alone(outcome, function, *args):
    """Return an outcome computed by this worker, without the rest of the cluster."""
    with parallel_config("threading", n_jobs=1):
        return outcome(function, *args)


class DaskFits:
    """Run calls of functions on the workers of a Dask client.

    Dask itself starts a call again whose worker died, up to its
    ``distributed.scheduler.allowed-failures``. A call that it gave up is tried once
    more when no other call is running, because calls that shared a worker with one
    that ends it are given up too.

    Parameters
    ----------
    client : distributed.Client

    outcome : callable
        Calls a function: ``outcome(function, *args)`` returns a result and None, or
        None and the error.

    shared : sequence of objects
        Arguments of many calls, which are sent to each worker once.

    options : dict
        Keywords for ``client.submit``, such as `priority`.
    """

    def __init__(self, client, outcome, shared=(), options=None):
        self.client, self.outcome, self.shared = client, outcome, list(shared)
        self.options = options or {}

    def start(self):
        """Send what the calls share to the workers."""
        self._workers = set()
        self._send()

    def _send(self):
        """Send what the calls share to the workers that are there."""
        there = set(self.client.ncores())
        self._workers |= there
        self._sent = {}
        if not there:
            self._wait(self.client.submit(_ready, pure=False))
        if self.shared:
            sent = self.client.scatter(self.shared, broadcast=True, hash=False)
            pairs = zip(self.shared, sent, strict=True)
            self._sent = {id(value): future for value, future in pairs}

    def stop(self):
        """Forget what was sent, and warn of workers that have left."""
        self._sent = {}
        if self.client.status != "running":
            return
        gone = self._workers - set(self.client.ncores())
        if gone:
            warnings.warn(
                f"Dask workers have left: {', '.join(sorted(gone))}. What they were "
                "fitting was fitted by others.",
                RuntimeWarning,
                stacklevel=3,
            )

    def outcomes(self, calls):
        """Yield the outcome of each call, in their order.

        Parameters
        ----------
        calls : iterable of tuple
            A function and its arguments. Two for each core are read ahead.

        Yields
        ------
        result : object
            None if the call failed.

        error : Exception or None
        """
        calls, running = iter(calls), deque()
        try:
            while self._hand_out(calls, running):
                yield self._next(running)
        finally:
            if running and self.client.status == "running":
                self.client.cancel([future for _, future in running])

    def _hand_out(self, calls, running):
        """Keep the workers busy; return how many calls have no outcome yet."""
        room = 2 * max(1, sum(self.client.ncores().values())) - len(running)
        for _ in range(room):
            call = next(calls, None)
            if call is None:
                break
            running.append((call, self._submit(call)))
        return len(running)

    def _submit(self, call):
        function, *args = call
        args = [self._sent.get(id(arg), arg) for arg in args]
        return self.client.submit(
            _call_alone, self.outcome, function, *args, pure=False, **self.options
        )

    def _next(self, running):
        """Return the outcome of the first call; take it from those that run."""
        call, future = running[0]
        try:
            outcome = self._wait(future)
        except Exception as error:
            check_client(self.client)
            outcome = self._again(call, error, [other for _, other in running][1:])
        running.popleft()
        return outcome

    def _again(self, call, error, others):
        """Return the outcome of a call that Dask gave up, when no other is running."""
        warn_of_lost_worker(error, stacklevel=6)
        for other in others:
            self._ended(other)
        self._send()
        return self._ended(self._submit(call))

    def _ended(self, future):
        """Return the outcome of a call that may end its worker."""
        try:
            return self._wait(future)
        except Exception as error:
            return None, error

    def _wait(self, future):
        """Return the result of a future, unless there are no workers for it."""
        from distributed import TimeoutError as NotYet

        last_seen = time.monotonic()
        while True:
            try:
                return future.result(timeout=_LOOK_EVERY)
            except NotYet:
                if self.client.ncores():
                    last_seen = time.monotonic()
                elif time.monotonic() - last_seen > _PATIENCE:
                    raise RuntimeError(
                        f"The Dask cluster has had no worker for {_PATIENCE} seconds."
                    ) from None
