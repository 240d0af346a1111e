"""One page with all that is known about two domains, to be sent to somebody.

It holds its pictures itself and loads nothing.
"""

import base64
import io
import re
import warnings
from html import escape

import numpy as np

from adapt.base import FeatureAdapter
from adapt.inspection._domain_scores_display import DomainScoresDisplay
from adapt.inspection._series_display import SeriesDisplay
from adapt.inspection._shift_display import ShiftDisplay
from adapt.inspection._shift_report_text import advice
from adapt.model_selection._candidates import BASELINE
from adapt.model_selection._comparison_text import (
    by_labels,
    cells,
    columns_of,
    failure,
    note,
)
from adapt.model_selection._read_domains import preprocess
from adapt.model_selection._series_rows import SeriesToNumbers
from adapt.series._base import is_series

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --fg: #1c1e21; --bg: #fff; --soft: #f3f4f6;
  --line: #d5d8dd; --mark: #0b5cad; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --fg: #e4e6ea; --bg: #16181c; --soft: #22252b; --line: #3a3e46;
    --mark: #7db7f0; }}
}}
body {{ max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: var(--fg);
  background: var(--bg); font: 16px/1.5 system-ui, sans-serif; }}
h1 {{ font-size: 1.6rem; }} h2 {{ font-size: 1.2rem; margin-top: 2rem; }}
.lead {{ border-left: 4px solid var(--mark); background: var(--soft);
  padding: .6rem 1rem; }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-size: .9rem; }}
th, td {{ padding: .25rem .7rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line); }}
th:first-child, td:first-child, .words {{ text-align: left; }}
.words {{ white-space: normal; }}
tr.chosen td {{ font-weight: bold; color: var(--mark); }}
img {{ max-width: 100%; background: #fff; border-radius: 6px; }}
footer {{ margin-top: 2rem; font-size: .85rem; opacity: .8; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def _picture(display, caption):
    """Return a display as a picture that the page holds, and close it."""
    import matplotlib.pyplot as plt

    file = io.BytesIO()
    display.figure_.savefig(file, format="png", dpi=130)
    plt.close(display.figure_)
    data = base64.b64encode(file.getvalue()).decode("ascii")
    alt = escape(caption, quote=True)
    return f'<p><img alt="{alt}" src="data:image/png;base64,{data}"></p>'


def _cell(value):
    """Return a cell of a table; sentences may be broken into lines."""
    if isinstance(value, float):
        return f"<td>{'' if value != value else f'{value:.3g}'}</td>"
    text = "" if value is None else escape(str(value))
    return f'<td class="words">{text}</td>' if len(text) > 30 else f"<td>{text}</td>"


def _table(frame, chosen=None):
    """Return a data frame as a table; a column without any value is left out."""
    frame = frame.replace("", None).dropna(axis="columns", how="all")
    names = [str(name).replace("_", " ") for name in frame.columns]
    lines = ["".join(f"<th>{escape(name)}</th>" for name in names)]
    lines += ["".join(map(_cell, row)) for row in frame.itertuples(index=False)]
    marks = ["", *(' class="chosen"' if r == chosen else "" for r in frame.iloc[:, 0])]
    rows = "\n".join(
        f"<tr{mark}>{line}</tr>" for mark, line in zip(marks, lines, strict=True)
    )
    return f'<div class="wide"><table>\n{rows}\n</table></div>'


def _listed(sentences):
    """Return sentences as a list, with names in backticks as code."""
    items = (re.sub(r"`(.+?)`", r"<code>\1</code>", escape(text)) for text in sentences)
    return "<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>"


def _head(title, report, labelled, n_labelled=0):
    """Return the title of a page, and how much it rests on."""
    of_target = f", {n_labelled:,} of them labelled" if n_labelled else ""
    return [
        f"<h1>{escape(title)}</h1>",
        f"<p>{report.n_source:,} source rows{labelled}, {report.n_target:,} target "
        f"rows{of_target}.</p>",
    ]


def _tests(report):
    """Return the tables of a diagnosis."""
    tests = report.tests.rename_axis("test").reset_index()
    columns = report.columns.head(30).rename(columns={"psi": "PSI"})
    for name in "missing_source", "missing_target":
        columns[name] = [f"{share:.0%}" for share in columns[name]]
    hidden = len(report.columns) - len(columns)
    return [
        "<h2>Tests of shift</h2>",
        _table(tests),
        "<h2>Columns</h2>",
        _table(columns),
        *([f"<p>And {hidden} columns that moved less.</p>"] if hidden else []),
    ]


def _of_sources(table):
    """Return the table of several sources, and nothing if there is one only."""
    if table is None:
        return []
    words = [
        "`auc`: how well a classifier tells the source from the target, from .5, not "
        "at all, to 1, every row.",
        "`near`: share of target rows near rows of the source.",
    ]
    scores = [name for name in ("accuracy", "r2") if name in table]
    words += [
        f"`{name}`: true score on the target of an estimator of this source alone."
        for name in scores
    ]
    return ["<h2>By source</h2>", _table(table), _listed(words)]


def _of_methods(comparison):
    """Return the table of methods as it is printed, with what its columns mean."""
    import pandas as pd

    names = list(columns_of(comparison))
    rows = [
        {"method": row["method"]}
        | {"average": "member" if row["method"] in comparison.members else ""}
        | (dict.fromkeys(names, "") if failure(row) else cells(comparison, row))
        | {"": failure(row)}
        for row in comparison.rows
    ]
    table = pd.DataFrame(rows, columns=["method", *names, "average", ""])
    return [
        _table(table, comparison.recommended),
        _listed(f"`{name}`: {note(comparison, name)}." for name in names),
    ]


def _of_labels(comparison):
    """Return what a few labels of the target say of candidates, where they choose."""
    found = comparison.labels
    if found is None:
        return []
    table = found.results.replace([np.inf, -np.inf], np.nan).drop(columns="learns")
    first = table["method"] == found.names[0]
    table.loc[first, ["low", "high"]] = np.nan
    return [
        "<h2>By labels of the target</h2>",
        _table(table, comparison.recommended),
        _listed(
            [
                f"`gain`: score over all rows above that of {found.names[0]}, the "
                "choice without labels.",
                "`low`, `high`: its 95 % interval.",
                "`n used`: labelled rows on which both differ.",
            ]
        ),
    ]


def _use_of_labels(comparison):
    """Return what labels of the target were used for, in a sentence."""
    n = comparison.n_labelled
    if comparison.target_labels == "train":
        return f"{n:,} labels of the target were used to train and to choose."
    if comparison.labels is not None:
        return f"{n:,} labels of the target were used to choose."
    if n:
        return "Labels of the target were not used to choose; they only judge."
    return "No label of the target was known."


def diagnosis_page(report, Xs, Xt, *, source="source", target="target", sources=None):
    """Return a page with a diagnosis and its picture.

    Parameters
    ----------
    report : ShiftReport
        Of `diagnose_shift`.

    Xs, Xt : DataFrames or array-likes
        The rows that it was given.

    source, target : str
        Names of the domains.

    sources : DataFrame, default=None
        What is known of each of several sources, with their names in the first column.

    Returns
    -------
    page : str
        HTML, as `html_report` makes it.

    Raises
    ------
    ImportError
        Without matplotlib.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of the diagnosis were shown
        _, Zs, Zt = preprocess(Xs, Xt)
    labelled = " with labels" if report.has_labels else ""
    title = f"From {source} to {target}"
    body = [
        *_head(title, report, labelled),
        "<h2>What differs</h2>",
        _listed(report.findings),
        _picture(
            ShiftDisplay.from_samples(Zs, Zt), "Rows of both domains in the plane"
        ),
        *(_pictures_of_series(Xs, Xt) if is_series(Xs) else ()),
        "<h2>What to do</h2>",
        _listed(report.advice),
        *_of_sources(sources),
        *_tests(report),
    ]
    return _PAGE.format(title=escape(title), body="\n".join(body))


def _pictures_of_series(Xs, Xt):
    caption = "Median, quartiles and log spectra of each channel, before any map"
    return [
        _picture(SeriesDisplay.from_samples(Xs, Xt), caption),
        f"<p>{caption}.</p>",
    ]


def html_report(
    comparison, report, Xs, Xt, *, source="source", target="target", sources=None
):
    """Return a page with a diagnosis, a comparison, and their pictures.

    Parameters
    ----------
    comparison : Comparison
        Of `compare`.

    report : ShiftReport
        Of `diagnose_shift`, on the same rows.

    Xs, Xt : DataFrames or array-likes
        Rows of source and target, as they were given to `compare`.

    source, target : str
        Names of the domains.

    sources : DataFrame, default=None
        What is known of each of several sources, with their names in the first column.

    Returns
    -------
    page : str
        HTML. It loads nothing from elsewhere, and follows the colours, light or dark,
        of who looks at it.

    Raises
    ------
    ImportError
        Without matplotlib.
    """
    preprocessor, adapter = (step for _, step in comparison.best_estimator.steps)
    of_series = isinstance(preprocessor, SeriesToNumbers)
    of_source = {"sample_domain": 0} if of_series else {}
    Zs, Zt = preprocessor.transform(Xs, **of_source), preprocessor.transform(Xt)
    maps = isinstance(adapter, FeatureAdapter) and comparison.recommended != BASELINE
    if maps:
        shift = ShiftDisplay.from_estimator(adapter, Zs, Zt)
    else:
        shift = ShiftDisplay.from_samples(Zs, Zt)
    title = f"From {source} to {target}"
    body = [
        *_head(title, report, " with labels", comparison.n_labelled),
        f'<p class="lead"><strong>Recommended: {escape(comparison.advice)}.</strong> '
        f"{escape(comparison.reason)}</p>",
        "<h2>What differs</h2>",
        _listed(report.findings),
        _picture(shift, "Rows of both domains in the plane"),
        *(_pictures_of_series(Xs, Xt) if of_series else ()),
        "<h2>What to do</h2>",
        _listed(advice(report, comparison)),
        "<h2>Methods</h2>",
        _picture(
            DomainScoresDisplay.from_comparison(comparison), "Scores of the methods"
        ),
        *_of_methods(comparison),
        f"<p>{escape(by_labels(comparison))}</p>",
        *_of_labels(comparison),
        *_of_sources(sources),
        *_tests(report),
        f"<footer>{_use_of_labels(comparison)}</footer>",
    ]
    return _PAGE.format(title=escape(title), body="\n".join(body))
