"""How much each column differs between source and target."""

import numpy as np

from adapt.inspection._figures import TARGET, TRUTH, legend_outside, new_axes

_LEVEL = 0.05
_LEAST = 1e-3  # an index of 0 is drawn here, on a logarithmic axis


class ColumnShiftDisplay:
    """Columns by how much their distribution differs between source and target.

    A dot is the population stability index of a column, which needs no units and takes
    numbers, categories and missing values alike. By convention it is small below 0.1
    and large above 0.25.

    Parameters
    ----------
    columns : DataFrame
        As `compare_columns` returns it.

    title : str, default="Shift of each column"
        Title of the picture.

    Attributes
    ----------
    ax_ : matplotlib axes
    figure_ : matplotlib figure

    See Also
    --------
    ShiftReport.plot : Draws the columns of a diagnosis.

    Examples
    --------
    >>> from adapt.datasets import load_penguins
    >>> from adapt.inspection import ColumnShiftDisplay, compare_columns
    >>> data = load_penguins(as_frame=True)
    >>> target = data.sample_domain < 0
    >>> columns = compare_columns(data.X[~target], data.X[target])
    >>> ColumnShiftDisplay(columns).plot().ax_.get_xlabel()
    'population stability index'
    """

    def __init__(self, columns, *, title="Shift of each column"):
        self.columns = columns
        self.title = title

    def plot(self, ax=None, *, max_columns=20):
        """Draw.

        Parameters
        ----------
        ax : matplotlib axes, default=None
            Where to draw. If None, in a new figure.

        max_columns : int, default=20
            How many columns to draw, those that differ most first.

        Returns
        -------
        display : ColumnShiftDisplay
            This one.
        """
        table = self.columns.sort_values("psi", ascending=False, kind="stable")
        shown = table.head(max_columns).iloc[::-1]
        size = (7, 1.4 + 0.3 * len(shown))
        self.ax_, self.figure_ = new_axes(ax, figsize=size)
        rows = np.arange(len(shown))
        values = np.maximum(shown["psi"].to_numpy(dtype=float), _LEAST)
        differs = (shown["p_adjusted"] < _LEVEL).to_numpy()
        for kept, color, label in (
            (differs, TARGET, f"adjusted p < {_LEVEL}"),
            (~differs, "0.6", "no clear difference"),
        ):
            if kept.any():
                self.ax_.scatter(values[kept], rows[kept], color=color, label=label)
        for value, style, label in (
            (0.1, ":", "small: 0.1"),
            (0.25, "--", "large: 0.25"),
        ):
            self.ax_.axvline(value, color=TRUTH, linestyle=style, label=label)
        self.ax_.set_yticks(rows, [str(name) for name in shown["column"]])
        left_out = len(table) - len(shown)
        more = f"\n({left_out} columns that differ less are left out)" * bool(left_out)
        self.ax_.set(
            title=self.title + more,
            xlabel="population stability index",
            xscale="log",
            ylim=(-0.6, len(shown) - 0.4),
        )
        self.ax_.grid(axis="y", alpha=0.3)
        legend_outside(self.ax_)
        return self
