import numpy as np
import pandas as pd
import pytest

from adapt._units_of_columns import unit_finding, unit_findings


def samples(seed=0, n=300, shift=0.3):
    """Return two samples of a positive column that differ a little."""
    rng = np.random.default_rng(seed)
    return 60 + 8 * rng.normal(size=n), 60 + 8 * (rng.normal(size=n) + shift)


@pytest.mark.parametrize(
    ("convert", "words"),
    [
        (lambda x: 1000 * x, "x 1000"),
        (lambda x: x / 100, "/ 100"),
        (lambda x: x * 0.45359, "pounds to kilograms"),
        (lambda x: x / 2.54, "centimetres to inches"),
        (lambda x: 1.8 * x + 32, "degrees Celsius to Fahrenheit"),
        (lambda x: (x - 32) / 1.8, "degrees Fahrenheit to Celsius"),
        (lambda x: x + 273.15, "degrees Celsius to kelvin"),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_known_conversions_are_named(convert, words, seed):
    source, target = samples(seed)
    found = unit_finding(source, convert(target))
    assert words in found.removeprefix("target = source converted, ").split(" or ")


def test_constants_are_estimated():
    source, target = samples(shift=0.0)
    assert unit_finding(source, target + 40).startswith("target = source + ")
    assert unit_finding(source, target - 40).startswith("target = source - ")
    assert unit_finding(source, target * 6.5).startswith("target = source x 6.")


def test_clipping_and_rounding_are_found_in_either_table():
    source, target = samples(n=500)
    assert unit_finding(source, np.minimum(target, 70)) == "target clipped at 70"
    assert unit_finding(np.maximum(source, 50), target) == "source clipped at 50"
    assert unit_finding(source, np.rint(target)) == "target rounded to 1"
    assert unit_finding(source.round(1), target.round(4)) == "source rounded to 0.1"
    both = unit_finding(source, np.minimum(np.rint(target), 70))
    assert both == "target clipped at 70, target rounded to 1"


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shift", [0.0, 0.5, 1.0, 2.0])
def test_a_shift_of_place_and_shape_is_no_other_unit(seed, shift):
    rng = np.random.default_rng(seed)
    source, target = rng.normal(size=200), 1.5 * rng.normal(size=200) + shift
    assert unit_finding(source, target) == ""
    counts = rng.poisson(3, 200), rng.poisson(3 + shift, 200)
    assert unit_finding(*(part.astype(float) for part in counts)) == ""
    skewed = rng.exponential(size=200), rng.lognormal(shift / 4, 1.0, 200)
    assert unit_finding(*skewed) == ""


def test_few_rows_and_categories_are_left():
    source, target = samples()
    assert unit_finding(source[:10], 1000 * target) == ""
    assert unit_finding(np.repeat([0.0, 1.0], 50), np.repeat([0.0, 1000.0], 50)) == ""


def test_columns_of_tables_are_matched_by_name():
    source, target = samples()
    Xs = pd.DataFrame({"a": source, "b": source, "text": "x"})
    Xt = pd.DataFrame({"b": 1000 * target, "text": "y", "a": target, "new": target})
    assert list(unit_findings(Xs, Xt)) == ["b"]
    arrays = np.column_stack([source, source]), np.column_stack([target, 10 * target])
    assert unit_findings(*arrays) == {"x1": "target = source converted, x 10"}
    assert unit_findings(arrays[0], arrays[1][:, :1]) == {}
