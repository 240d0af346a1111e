"""Numbers of the README and of the tables of the docs are in files of results."""

import re
from pathlib import Path

import pytest

from benchmarks import tables
from benchmarks.records import FOLDER, read

ROOT = Path(__file__).parents[1]
PAGES = [
    path
    for folder in ("", "guide", "benchmarks")
    for path in sorted((ROOT / "docs" / folder).glob("*.rst"))
]
NAMES = [str(path.relative_to(ROOT)) for path in PAGES]
NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.\d+|\.\d+|\d+ ?%)(?![\w]|\.\d)")


def directives(text):
    """Return the file and the options of each table of results on a page."""
    found = []
    pattern = r"^\.\. (?:results|heat-map):: (\S+)\n((?:   .*\n|\n)*)"
    for file, block in re.findall(pattern, text + "\n", re.M):
        options = {}
        for line in block.split("\n\n")[0].splitlines():
            if option := re.match(r"   :(\w+): ?(.*)", line):
                name, options[option[1]] = option[1], option[2]
            else:
                options[name] += "\n" + line.strip()
        found.append((file, options))
    return found


def pasted(text):
    """Return the numbers of tables that are written by hand."""
    lists = re.findall(r"^\.\. list-table::.*\n((?:   .*\n|\n)*)", text + "\n", re.M)
    cells = [re.sub(r"``[^`]*``|`[^`]*`", "", block) for block in lists]
    grids = re.findall(r"^=+(?: +=+)+\n(?:.*\n)+?\n", text + "\n", re.M)
    return [n for block in cells + grids for n in NUMBER.findall(block)]


# Numbers of tables that are no results, by the page: defaults.
NO_RESULTS = {
    "docs/guide/deep.rst": {".3", ".5"},
    "docs/coming_from_adapt.rst": {"0.1"},
}


@pytest.mark.parametrize(
    ("name", "page"), list(zip(NAMES, PAGES, strict=True)), ids=NAMES
)
def test_no_table_of_numbers_is_written_by_hand(name, page):
    found = set(pasted(page.read_text("utf-8")))
    assert found <= NO_RESULTS.get(name, set())


# Measured figures: numbers with decimals, and numbers with the unit of a result.
UNIT = r"%|points?|times as|(?:CPU |micro|milli)?seconds?|minutes?|[MG]B|ms|s"
FIGURE = re.compile(
    rf"(?<![\w.])[-+]?(?:\d[\d,]*\.\d+|\.\d+|\d[\d,]* ?(?:{UNIT})(?!\w))(?!\w|\.\d)"
)
# Figures that are no results, by the page, with what they are.
STATED = {
    "docs/coming_from_adapt.rst": {"0.1": "a default"},
    "docs/install.rst": {"3.11": "a version"},
    "docs/benchmarks/accuracy.rst": {
        "3 points": "which tasks a picture has",
        "20 points": "the scale of a picture",
    },
    "docs/benchmarks/held_out.rst": {"2 points": "what counts as a loss"},
    "docs/benchmarks/numbers.rst": {"20 points": "the scale of a picture"},
    "docs/benchmarks/peers.rst": {"60 s": "a limit", "8 GB": "a limit"},
    "docs/guide/compare.rst": {
        **dict.fromkeys([".05", ".85", ".55"], "constants of the rule"),
        "2 points": "what counts as a loss",
    },
    "docs/guide/deep.rst": dict.fromkeys([".3", ".5", "0.001", "0.1"], "a default"),
    "docs/guide/diagnosis.rst": {
        **dict.fromkeys([".1", ".25"], "thresholds of PSI and of the interval"),
        "95 %": "a level",
    },
    "docs/guide/feature_based.rst": {"2 points": "what counts as a loss"},
    "docs/guide/few_labels.rst": {"95 %": "a level"},
    "docs/guide/instance_based.rst": {"5 %": "the threshold of a warning"},
    "docs/guide/learning_curves.rst": {"80 %": "what a picture shades"},
    "docs/guide/many_domains.rst": {"0.9": "a parameter"},
    "docs/guide/other_columns.rst": {"1.6": "how a task is made"},
    "docs/guide/tuners.rst": {
        **dict.fromkeys([".005", ".001"], "learning rates"),
        **dict.fromkeys([".14", ".26"], "sizes of formats"),
    },
    "docs/guide/which_method.rst": {"2 points": "what counts as a loss"},
    "docs/guide/which_source.rst": {".01": "what counts as a difference"},
}


def sentences(text):
    """Return a page without code, literals and the options of directives."""
    code = r"^ *\.\. (?:code-block|math|raw)::.*\n(?: *\n| {3,}.*\n)*"
    options = r"^ *\.\. (?:results|heat-map|time-chart|image|figure)::.*\n(?: +:.*\n)*"
    measures = r"^ {6,}\S.* = .*\}.*\n"
    for pattern in (code, options, measures, r"::\n\n(?: {3,}.*\n|\n)+"):
        text = re.sub(pattern, "\n", text, flags=re.M)
    return re.sub(r":\w[\w:]*:`[^`]*`|``[^`]*``|`[^`]*`", "", text)


WRITTEN = [name for name in NAMES if not name.endswith("sg_execution_times.rst")]


@pytest.mark.parametrize("name", WRITTEN)
def test_sentences_have_no_measured_number_by_hand(name):
    """What is measured is in a table of results, or printed by the role ``result``."""
    text = sentences((ROOT / name).read_text("utf-8"))
    assert set(FIGURE.findall(text)) <= set(STATED.get(name, ()))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It gains .12 to\n3.4 points, 39 % of it.", [".12", "3.4", "39 %"]),
        ("12 points, 70 times as fast, 22 s, 5 GB", 4),
        ("Use :result:`a.csv | x=0.5 | {mean:.1f} b` and ``0.5``, 18 tasks", []),
        (".. results:: a.csv\n   :where: x=0.5\n\nGain", []),
        ("::\n\n    f(0.5)\n\nIn version 1.2.3, pages 3-5", []),
    ],
)
def test_figures_of_sentences_are_found(text, found):
    figures = FIGURE.findall(sentences(text))
    assert (len(figures) if isinstance(found, int) else figures) == found


def test_a_number_in_a_table_by_hand_is_found():
    table = ".. list-table::\n\n   * - a\n     - .25\n   * - `b`\n     - +3.1 (39%)\n\n"
    assert pasted(f"Words 0.5\n\n{table}More 0.7\n") == [".25", "+3.1", "39%"]
    assert pasted("====  ====\na     b\n====  ====\nx     .5\n====  ====\n\n") == [".5"]


TABLES = [
    (f"{name} {k}", file, options)
    for name, page in zip(NAMES, PAGES, strict=True)
    for k, (file, options) in enumerate(directives(page.read_text("utf-8")))
]


@pytest.mark.parametrize(
    ("file", "options"), [t[1:] for t in TABLES], ids=[t[0] for t in TABLES]
)
def test_tables_of_pages_have_rows(file, options):
    header, lines = tables.make(file, options)
    assert header
    assert lines
    assert all(len(cells) == len(header) for cells in lines.values())
    assert any(cell for cells in lines.values() for cell in cells)


def test_pages_have_tables():
    assert len(TABLES) > 40


def numbers_of(page):
    return re.findall(r":result:`([^`]+)`", page.read_text("utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_numbers_in_text_are_found(page):
    for text in numbers_of(page):
        assert tables.number(text)


BENCHMARKS = [page for page in PAGES if page.parent.name == "benchmarks"]


@pytest.mark.parametrize("page", BENCHMARKS, ids=lambda page: page.stem)
def test_pages_of_benchmarks_write_no_number_by_hand(page):
    text = re.sub(
        r":result:`[^`]+`|^   :\w+:.*$|^      .*$", "", page.read_text(), flags=re.M
    )
    assert NUMBER.findall(prose(text)) == []


# ------------------------------------------------------------------------------ README


def prose(text):
    """Return a page in Markdown without its code and without what names a version."""
    text = re.sub(r"^```.*?^```|`[^`]*`", "", text, flags=re.M | re.S)
    return re.sub(r"(?:Python|ADAPT|SKADA|Keras) \d+(?:\.\d+)*|(?:BSD) \d\S*", "", text)


def test_the_readme_shows_what_was_measured():
    text = (ROOT / "README.md").read_text("utf-8")
    table = tables.readme()
    assert table in text, "python -m benchmarks.tables puts it up to date"
    left = prose(text.replace(table, ""))
    assert NUMBER.findall(left) == []
    assert FIGURE.findall(left) == ["2 points"]  # what counts as a loss


def test_a_number_in_the_readme_is_found():
    assert NUMBER.findall(prose("It gains 2.1 points (39 %).")) == ["2.1", "39 %"]
    assert NUMBER.findall(prose("With `0.5` and ADAPT 0.4.5, 18 tasks.")) == []


# ------------------------------------------------------------------------------- tables

ROWS = [
    {"task": "a", "method": "M", "gain": "1"},
    {"task": "a", "method": "N", "gain": "-3"},
    {"task": "b", "method": "M", "gain": "2"},
    {"task": "b", "method": "N", "gain": ""},
]


def test_rows_are_selected():
    assert tables.select(ROWS, "task=a; method=M|X*") == ROWS[:1]
    assert tables.select(ROWS, "task!=a") == ROWS[2:]
    with pytest.raises(KeyError):
        tables.select(ROWS, "tusk=a")


def test_a_pivot_has_a_column_for_each_group():
    header, lines = tables.pivot(
        ROWS, ["method"], ["task"], "gain", "{mean:.1f}", "all"
    )
    assert header == ["a", "b"]
    assert lines == {"M": ["1.0", "2.0"], "N": ["-3.0", ""], "all": ["-1.0", "2.0"]}


def test_a_summary_has_a_column_for_each_measure():
    measures = [
        ("Mean", "{mean:+.1f} ({losing:.0%})", "gain"),
        ("n", "{count}", "gain"),
    ]
    assert tables.summary(ROWS, ["method"], measures) == (
        ["Mean", "n"],
        {"M": ["+1.5 (0%)", "2"], "N": ["-3.0 (100%)", "1"]},
    )
    assert tables.by_value(ROWS, ["method"], "mean", "gain") == ["M", "N"]


def test_options_of_a_page_make_a_table(monkeypatch):
    monkeypatch.setattr(tables, "read", lambda file: ROWS)
    options = {"rows": "method", "columns": "task", "value": "gain", "sort": "max gain"}
    options |= {"order": "N", "names": "N = none; a = first"}
    header, lines = tables.make("any.csv", options)
    assert header == ["first", "b"]
    assert list(lines.items()) == [("none", ["-3", ""]), ("M", ["1", "2"])]
    assert tables.number("any.csv | method=M | {max:+.1f} gain") == "+2.0"
    with pytest.raises(ValueError, match="No row"):
        tables.number("any.csv | method=X | {max:+.1f} gain")


def test_gains_are_those_on_source_only():
    place = {"suite": "s", "cap": "9", "task": "a", "estimator": "e"}
    scores = {"SourceOnly": "0.5", "M": "0.75", "N": "", "target-trained": "0.9"}
    rows = [place | {"method": m, "score": s} for m, s in scores.items()]
    assert len(tables.that_ran(tables.gains(rows))) == 2
    found = [
        tuple(r[k] for k in ("method", "gain", "rank", "failed"))
        for r in tables.gains(rows)
    ]
    assert found == [
        ("SourceOnly", "0.00", "2", "0"),
        ("M", "25.00", "1", "0"),
        ("N", "0.00", "2", "1"),
    ]


def test_files_say_what_they_are():
    assert {path.name for path in FOLDER.glob("*.csv")} >= {
        file for _, file, _ in TABLES
    }
    assert {row["library"] for row in read("earlier_accuracy.csv")} == {
        "adapt",
        "ADAPT 0.4.5",
        "SKADA 0.6.0",
    }
