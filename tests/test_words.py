"""Docstrings, messages, pages and examples use the terms of the field."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WORDS = ROOT / "docs/development/words.rst"
# Patterns of phrases that a reader has to guess, with what to write instead. The page
# on words has an example of each.
FORBIDDEN = {
    r"there and back": "circular validation",
    r"(on the |by )?way (of|to) the target and back": "circular validation",
    r"by way of the target": "circular validation",
    r"speaks? (for|against|of)": "is evidence for, against",
    r"(is|are) due(?! to)": "is needed, is expected",
    r"worth ((few|many|\d+|\{[^}]*\}) rows|\d+ of|what)": "effective sample size",
    r"at hand": "given, available",
    r"stands? beside": "is shown with",
    r"(is|are) said": "is printed, is reported",
    r"the like": "name the things",
    r"in whole(?![ ._]\w)": "as a whole, all of it",
    r"liker": "more similar",
    r"anew": "again",
    r"by custom": "by convention",
    r"of no use": "does not help",
    r"becomes of": "name what happens",
    r"comes of (it|them|this|that)": "the result",
    r"do(es)? away": "remove",
    r"seed of its own": "a `random_state` that is None",
    r"another rule": "concept shift",
    r"other frequencies( of)?": "other class frequencies, label shift",
    r"tells? (labels|classes) apart": "separates the classes",
    r"dealt out": "permuted",
    r"for (they|he|she|there is|there are)": "because",
    r"for it (\w+s|was|were|must|can)": "because it",
    r"(?<=left out, )for": "because",
    r"by few of": "with few",
    r"(?<!\w)Who knows": "If you know",
    r"what (it|they|labels|rows) (is|are) worth": "how much it gains",
}
FILES = [
    *sorted((ROOT / "adapt").rglob("*.py")),
    *sorted((ROOT / "docs").glob("*.rst")),
    *sorted((ROOT / "docs/guide").glob("*.rst")),
    *sorted((ROOT / "examples").glob("*.py")),
]


def found(text):
    """Return phrases of a text that are forbidden, with what to write instead."""
    plain = re.sub(r'"\s*\n\s*f?"', "", text)  # a message goes on in the next line
    plain = re.sub(r"\s*\n\s*(#:? )?", " ", plain)
    return [
        f"{match[0]!r}: {advice}"
        for pattern, advice in FORBIDDEN.items()
        for match in re.finditer(rf"(?i)(?<![\w`-]){pattern}(?![\w`])", plain)
    ]


@pytest.mark.parametrize(
    "path", FILES, ids=[str(path.relative_to(ROOT)) for path in FILES]
)
def test_no_riddles(path):
    assert found(path.read_text("utf-8")) == []


def examples():
    """Return the phrases to avoid that the page on words lists."""
    text = WORDS.read_text("utf-8").split("Phrases to avoid")[1]
    return re.findall(r'^   \* - "(.+)"$', text, flags=re.MULTILINE)


@pytest.mark.parametrize("phrase", examples())
def test_phrases_of_the_page_are_found(phrase):
    assert found(f"The rows of the source: {phrase}.") != []


def test_each_pattern_has_an_example():
    listed = "; ".join(examples())
    for pattern in FORBIDDEN:
        assert re.search(rf"(?i){pattern}", listed), pattern


@pytest.mark.parametrize(
    "text",
    [
        "The gain is due to adaptation.",
        "for it, the model is fitted again",
        "in whole epochs of at least 50",
        "the axis for their labels",
        "the methods that hand features on as they are",
        "a dataset for there",
    ],
)
def test_plain_english_is_let_through(text):
    assert found(text) == []


def test_a_phrase_that_goes_on_in_the_next_line_is_found():
    assert found("# labels come there\n    # and back") != []
    assert found('"there "\n            "and back"') != []
