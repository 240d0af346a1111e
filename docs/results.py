"""Sphinx extension: tables, numbers and pictures from ``benchmarks/results``.

``.. results:: FILE`` prints a table; its content is the caption. Options:

``:where:``
    Which rows, e.g. ``family=made; method=GFK|T*``.
``:through:``
    Functions of ``benchmarks/tables.py`` that make other rows of them.
``:rows:``
    The columns of the file that name a line of the table.
``:columns:``, ``:value:``, ``:cell:``
    Those that name a column, the column of values, and what a cell shows:
    ``{mean:.3f} ± {std:.3f}``; the default is the text of the file.
``:measures:``
    Instead of these, a line for each column: ``Title = {mean:+.1f} gain``.
``:sort:``
    An aggregate and a column, ``mean gain``; the largest is on top.
``:order:``, ``:names:``, ``:head:``, ``:total:``
    Lines to put on top; ``old = new`` names; the title of the first column; the name
    of a line over all rows. Entries are separated by semicolons.

A click on the head of a column sorts the table. ``.. heat-map::`` takes the same
options and draws the numbers as colours, up to ``:limit:``. ``.. time-chart::`` draws
rows of ``speed.csv``.

The role ``result`` prints a single number, ``FILE | where | {mean:+.1f} gain``; a
fourth part names functions, as ``:through:`` does.
"""

import math
import re
import sys
from html import escape
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective, SphinxRole

ROOT = Path(__file__).resolve().parents[1]
sys.path += [str(ROOT), str(ROOT / "benchmarks")]

import api_pages  # noqa: E402
import links  # noqa: E402

from benchmarks import tables  # noqa: E402


class Results(SphinxDirective):
    """A table of a file of results."""

    required_arguments = 1
    has_content = True
    option_spec = {
        **dict.fromkeys(("where", "through", "rows", "columns", "value", "cell"), str),
        **dict.fromkeys(("measures", "sort", "order", "names", "head", "total"), str),
        "limit": float,
        "class": directives.class_option,
    }

    def read(self):
        """Return the header and the lines."""
        file = self.arguments[0]
        self.env.note_dependency(str(ROOT / "benchmarks/results" / file))
        try:
            return tables.make(file, self.options)
        except (KeyError, ValueError) as error:
            raise self.error(f"{file}: {error}") from error

    def inline(self, text):
        """Return nodes of a text with the markup of pages."""
        if set(text) & {"`", "*"}:
            return self.parse_inline(text)[0]
        return linked(text)

    def entry(self, text):
        text = text.replace(" -> ", " \N{RIGHTWARDS ARROW} ")  # a line may break at "-"
        return nodes.entry("", nodes.paragraph("", "", *self.inline(text)))

    def row(self, texts):
        return nodes.row("", *map(self.entry, texts))

    def run(self):
        header, lines = self.read()
        width = len(header) + 1
        classes = [
            "results",
            "sortable",
            "colwidths-auto",
            *self.options.get("class", ()),
        ]
        table = nodes.table("", classes=classes)
        if self.content:
            caption = self.parse_inline(" ".join(self.content))[0]
            table += nodes.title("", "", *caption)
        group = nodes.tgroup("", cols=width)
        group += [nodes.colspec("", colwidth=1) for _ in range(width)]
        head = self.options.get("head", "")
        group += nodes.thead("", self.row([head, *header]))
        rows = ([name, *map(breakable, cells)] for name, cells in lines.items())
        group += nodes.tbody("", *map(self.row, rows))
        table += group
        return [table]


def breakable(cell):
    """Return the text of a cell, of which numbers only break before a bracket."""
    if re.search("[a-z]{2}", cell):
        return cell
    return re.sub(r" (?![(\[])", "\N{NO-BREAK SPACE}", cell)


def linked(text):
    """Return a text; names of methods in it, which have two capitals, become links."""
    found = []
    for part in re.split(r"(\w+)", text):
        if part in PUBLIC and sum(map(str.isupper, part)) > 1:
            found.append(link(part, nodes.Text(part)))
        elif part:
            found.append(nodes.Text(part))
    return found


def link(name, content):
    """Return the link to the page of a public name."""
    kind, target = PUBLIC[name]
    node = addnodes.pending_xref(
        "",
        content,
        refdomain="py",
        reftype=kind,
        reftarget=target,
        refexplicit=True,
        refwarn=False,
    )
    return node


PUBLIC = links.names() | api_pages.public_names()


class Result(SphinxRole):
    """A number of a file of results."""

    def run(self):
        file = self.text.split(" | ")[0]
        self.env.note_dependency(str(ROOT / "benchmarks/results" / file))
        try:
            return [nodes.Text(tables.number(self.text))], []
        except (KeyError, ValueError) as error:
            return [], [self.inliner.reporter.error(str(error), line=self.lineno)]


# ----------------------------------------------------------------------------- pictures


def svg(width, height, parts, title):
    body = "\n".join(parts)
    limits = f"max-width:{width:g}px;min-width:{0.85 * width:g}px"  # or it scrolls
    return (
        f'<div class="chart"><svg viewBox="0 0 {width:g} {height:g}" role="img" '
        f'style="{limits}"><title>{escape(title)}</title>\n{body}\n</svg></div>'
    )


def label(x, y, text, **attributes):
    given = "".join(f' {k.replace("_", "-")}="{v}"' for k, v in attributes.items())
    return f'<text x="{x:g}" y="{y:g}"{given}>{escape(text)}</text>'


def level(value, limit):
    """Return the class of a colour: n4 (a loss) to p4 (a gain), by the square root."""
    size = min(4, round(4 * math.sqrt(min(1, abs(value) / limit))))
    return f"{'n' if value < 0 else 'p'}{size}" if size else "zero"


class HeatMap(Results):
    """Numbers of a table as colours."""

    def run(self):
        header, lines = self.read()
        limit, height = self.options.get("limit", 20), 20
        side = 46 if len(header) < 12 else 34
        top = 20 + 4.2 * max(map(len, header))
        left = 14 + 6.9 * max(map(len, lines))
        width = left + side * len(header) + 5 * max(map(len, header))
        parts = []
        for k, name in enumerate(header):
            x = left + side * (k + 0.5)
            turn = f"rotate(-40 {x:g} {top - 6})"
            parts.append(label(x, top - 6, name, transform=turn))
        for i, (name, cells) in enumerate(lines.items()):
            y = round(top + height * i)
            parts.append(
                label(left - 6, y + 14, name.replace("_", " "), text_anchor="end")
            )
            for k, text in enumerate(cells):
                x = left + side * k
                if not text:
                    continue
                kind = level(float(text), limit)
                parts.append(
                    f'<rect class="{kind}" x="{x:g}" y="{y}" width="{side - 2}" '
                    f'height="{height - 2}"><title>{escape(f"{name}, {header[k]}")}: '
                    f"{text}</title></rect>"
                )
                number = {"text_anchor": "middle", "class": f"on-{kind}"}
                parts.append(label(x + side / 2 - 1, y + 13, text, **number))
        drawn = svg(width, top + height * len(lines), parts, " ".join(self.content))
        figure = nodes.figure("", nodes.raw("", drawn, format="html"))
        caption = self.parse_inline(" ".join(self.content))[0]
        figure += nodes.caption("", "", *caption)
        return [figure]


class TimeChart(Results):
    """CPU seconds of ours and of a peer, a line for each measurement."""

    left, right, top, height, width = 270, 70, 34, 20, 740

    def run(self):
        self.env.note_dependency(str(ROOT / "benchmarks/results/speed.csv"))
        rows = tables.load("speed.csv", self.options.get("where", ""))
        rows = [r for r in rows if r["cpu_seconds"] and r["peer_cpu_seconds"]]
        rows.sort(key=lambda r: -float(r["ratio"]))
        times = [float(r[c]) for r in rows for c in ("cpu_seconds", "peer_cpu_seconds")]
        low, high = (round_up(math.log10(of(times))) for round_up, of in _ENDS)

        def place(seconds):
            share = (math.log10(seconds) - low) / (high - low)
            return self.left + (self.width - self.left - self.right) * share

        bottom = self.top + self.height * len(rows)
        parts = self.axis(range(low, high + 1), place, bottom)
        for i, row in enumerate(rows):
            parts += self.line(row, place, self.top + self.height * i + 8)
        drawn = svg(self.width, bottom + 4, parts, " ".join(self.content))
        figure = nodes.figure("", nodes.raw("", drawn, format="html"))
        figure += nodes.caption("", "", *self.parse_inline(" ".join(self.content))[0])
        return [figure]

    def axis(self, powers, place, bottom):
        parts = []
        for power in powers:
            x = place(10.0**power)
            ends = f'x1="{x:g}" x2="{x:g}" y1="{self.top - 8}" y2="{bottom}"'
            parts.append(f'<line class="grid" {ends}/>')
            text = f"{10.0**power:g} s"
            parts.append(label(x, self.top - 14, text, text_anchor="middle"))
        return parts

    def line(self, row, place, y):
        ours, peer = float(row["cpu_seconds"]), float(row["peer_cpu_seconds"])
        name = f"{row['method']}, {int(row['rows']):,} rows"
        name += "" if row["ours_on"] == "numpy" else f", {row['ours_on']}"
        ends = f'x1="{place(ours):g}" x2="{place(peer):g}" y1="{y}" y2="{y}"'
        return [
            label(self.left - 12, y + 4, name, text_anchor="end"),
            f'<line class="{"faster" if ours < peer else "slower"}" {ends}/>',
            f'<circle class="ours" cx="{place(ours):g}" cy="{y}" r="5"/>',
            f'<circle class="peer" cx="{place(peer):g}" cy="{y}" r="4"/>',
            label(self.width - 6, y + 4, f"{row['ratio']} x", text_anchor="end"),
        ]


_ENDS = (math.floor, min), (math.ceil, max)


def name_role(role, rawtext, text, lineno, inliner, options=None, content=()):
    """Return what stands in single backquotes: a link where it is a public name."""
    node = nodes.literal(rawtext, text)
    if text in PUBLIC:
        node["classes"] = ["xref", "py"]
        return [link(text, node)], []
    return [node], []


def setup(app):
    """Register the extension."""
    app.add_directive("results", Results)
    app.add_directive("heat-map", HeatMap)
    app.add_directive("time-chart", TimeChart)
    app.add_role("result", Result())
    app.add_role("name", name_role)
    app.add_js_file("sortable.js")
    app.add_css_file("results.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
