"""Windows of long recordings."""

import warnings
from numbers import Integral
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from adapt.series._as_series import as_series


class Windows(NamedTuple):
    """Windows of recordings.

    Parameters
    ----------
    X : ndarray of shape (n_windows, width, n_channels)
        The windows, recording by recording and in the order of time.

    y : ndarray of shape (n_windows,) or None
        Their labels.

    groups : ndarray of shape (n_windows,)
        The recording, or the group that was given for it: windows of one recording
        are alike, and must not be on both sides of a split.

    starts : ndarray of shape (n_windows,)
        The step of the recording at which a window begins.
    """

    X: np.ndarray
    y: np.ndarray | None
    groups: np.ndarray
    starts: np.ndarray


def _most_frequent(labels):
    names, counts = np.unique(labels, return_counts=True)
    return names[counts.argmax()]


def _label_of(label, starts, width, length, k):
    """Return the labels of the windows of a recording: of it all, or by step."""
    if np.ndim(label) == 0:
        return [label] * len(starts)
    label = np.asarray(label)
    if len(label) < length:
        raise ValueError(
            f"Recording {k} has {length} steps, and its entry of `y` {len(label)} "
            "labels. Give one label for each step, or one for the recording."
        )
    return [_most_frequent(label[s : s + width]) for s in starts]


def cut_windows(recordings, y=None, width=None, step=None, *, groups=None):
    """Cut recordings into windows of equal width.

    Parameters
    ----------
    recordings : SeriesSet, array-like or list of arrays
        Recordings in any form of `as_series`.

    y : array-like of shape (n_recordings,) or list of arrays, default=None
        A label for each recording, or a label for each of its steps. In the second
        case a window has the label of most of its steps.

    width : int
        Number of steps of a window.

    step : int, default=None
        From the start of a window to that of the next. If None, `width`: windows do
        not overlap.

    groups : array-like of shape (n_recordings,), default=None
        A group for each recording, such as the person that was recorded. If None, each
        recording is a group of its own.

    Returns
    -------
    windows : Windows
        A named tuple ``(X, y, groups, starts)``.

    Raises
    ------
    ValueError
        If no recording is as long as a window, or if lengths do not fit together.

    Warns
    -----
    UserWarning
        If recordings are left out because they are shorter than a window.

    See Also
    --------
    as_series : The forms that recordings may have.

    Notes
    -----
    The rest of a recording that fills no window is dropped. Time and memory
    O(n_windows * width * n_channels).

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.series import cut_windows
    >>> walk, run = np.zeros((500, 3)), np.ones((320, 3))
    >>> windows = cut_windows([walk, run], ["walk", "run"], width=200, step=100)
    >>> windows.X.shape
    (6, 200, 3)
    >>> windows.y.tolist(), windows.groups.tolist()
    (['walk', 'walk', 'walk', 'walk', 'run', 'run'], [0, 0, 0, 0, 1, 1])
    """
    step = width if step is None else step
    for name, value in [("width", width), ("step", step)]:
        if not isinstance(value, Integral) or value < 1:
            raise ValueError(
                f"`{name}` must be a number of steps, at least 1, got {value!r}."
            )
    series = as_series(recordings)
    for name, given in [("y", y), ("groups", groups)]:
        if given is not None and len(given) != len(series):
            raise ValueError(
                f"`{name}` has {len(given)} entries for {len(series)} recordings."
            )
    if y is not None and not isinstance(y, (list, tuple)):
        y = np.asarray(y)
    short = series.lengths < width
    if short.all():
        raise ValueError(
            f"No recording is as long as a window of `width` {width}: the longest has "
            f"{series.lengths.max()} steps."
        )
    if short.any():
        warnings.warn(
            f"{short.sum()} of {len(series)} recordings are left out, because they are "
            f"shorter than `width`, {width} steps.",
            UserWarning,
            stacklevel=2,
        )
    X, labels, at, starts = [], [], [], []
    for k in np.flatnonzero(~short):
        length = series.lengths[k]
        first = np.arange(0, length - width + 1, step)
        windows = sliding_window_view(series.values[k, :length], width, axis=0)
        X.append(windows[first].swapaxes(1, 2))
        at += [k] * len(first)
        starts.append(first)
        if y is not None:
            labels += _label_of(y[k], first, width, length, k)
    groups = np.arange(len(series)) if groups is None else np.asarray(groups)
    return Windows(
        np.concatenate(X),
        None if y is None else np.array(labels),
        groups[at],
        np.concatenate(starts),
    )
