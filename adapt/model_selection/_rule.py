"""The numbers of the decision rule, each with what it means and was chosen on."""

from dataclasses import dataclass

from adapt._data_driven import TWO_PEAKS


@dataclass(frozen=True)
class Rule:
    """The numbers by which `compare` and `AutoAdapt` decide.

    "The bundled tasks" are those of `adapt.datasets.list_tasks`. What was chosen on
    them has no score there that would be a fair test of it.

    Parameters
    ----------
    margin : float, default=3.0
        Number of its own standard errors by which a method must gain on source-only to
        be recommended. Chosen on the bundled tasks, where no recommendation at 3 or
        more cost a point of true accuracy, while at 2 some cost dozens. Leaving out one
        data set at a time chose 3 again, each time but once.

    level : float, default=0.05
        The p-value below which source and target count as different. The usual level of
        a test; not chosen on data.

    least_rows : int, default=30
        Effective number of source rows, weighted to look like the target, below which
        the doubly robust gain is no evidence for a method. The usual number of rows
        from which on a mean is taken as normal; not chosen on data.

    explained : float, default=0.5
        Share of the energy distance between the domains above which weights explain
        the shift. Chosen on the bundled tasks, on halves of their sources, and on
        normal columns.

    clearly : float, default=0.1
        How much larger the share that class frequencies explain must be than the share
        that class scores explain, to count as label shift. Chosen as `explained` was.

    all_of_it : float, default=0.8
        Share of the energy distance above which row weights may be all there is to the
        shift, so that rows need not have moved. Chosen as `explained` was.

    two_peaks : float, default=2.0
        Separation of the nearest classes, in standard deviations, from where on any
        gain is enough for maps. It is `adapt._data_driven.TWO_PEAKS`: from theory; that
        it decides about maps was chosen on the bundled tasks.

    max_rows : int, default=1000
        Number of rows of each domain, drawn at random, between which distances are
        taken. A bound on time and memory; not chosen on data.
    """

    margin: float = 3.0
    level: float = 0.05
    least_rows: int = 30
    explained: float = 0.5
    clearly: float = 0.1
    all_of_it: float = 0.8
    two_peaks: float = TWO_PEAKS
    max_rows: int = 1000


# The one that is shipped. Functions take a rule as an argument, with this default.
SHIPPED = Rule()
