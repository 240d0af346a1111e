"""Progress of long loops: a tqdm bar in notebooks and terminals, else plain lines."""

import sys
import warnings


def in_notebook():
    """Return whether a Jupyter kernel runs this, which shows bars as widgets."""
    return "ipykernel" in sys.modules


class NoBar:
    """The methods of a tqdm bar that are used here, without a bar."""

    def update(self, n=1):
        """Ignore that ``n`` items are finished."""

    def set_postfix_str(self, text):
        """Ignore the text beside the bar."""

    def close(self):
        """Do nothing."""


def progress_bar(total, description, unit, *, shown):
    """Return a bar of tqdm, or an object that shows nothing.

    Parameters
    ----------
    total : int
        Number of items.

    description, unit : str
        What is done, and what an item is.

    shown : bool
        Whether a bar is wanted. It is drawn if tqdm is installed, and standard error is
        a terminal or a notebook shows it.

    Returns
    -------
    bar : tqdm or NoBar
        With `update`, `set_postfix_str` and `close`.
    """
    notebook = in_notebook()
    if not shown or not (notebook or sys.stderr.isatty()):
        return NoBar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a notebook without ipywidgets has text
            from tqdm.auto import tqdm
    except ImportError:
        return NoBar()
    return tqdm(total=total, desc=description, unit=unit, leave=notebook)


def write_line(text):
    """Print a line of text above the bars that are drawn."""
    if "tqdm" not in sys.modules:
        print(text)
        return
    from tqdm import tqdm

    tqdm.write(text)
