"""
From a messy CSV file to a report
=================================

How do I get from two CSV files, as they come out of two systems, to predictions and a
report? The source are patients of one hospital with a diagnosis. The target are
patients of another, without one, in a file with other separators, units and marks of
missing values. The command line does the work; here it is called from Python.
"""

# %%
# Two files
# ---------
# The second file has semicolons, decimal commas, an identifier, the text "n.v." for
# missing values, and the cholesterol in mmol/l instead of mg/dl.

import tempfile
from contextlib import chdir
from pathlib import Path

import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import cross_val_score

from adapt.__main__ import main
from adapt.datasets import load_heart

folder = Path(tempfile.mkdtemp())
data = load_heart(source="Hungary", target="Cleveland", as_frame=True)
is_target = data.sample_domain < 0
table = data.X.assign(disease=data.y)
old, new = table[~is_target], table[is_target].drop(columns="disease")
truth = data.y[is_target].to_numpy()

new = new.assign(chol=(new["chol"] / 38.67).round(2))
new.insert(0, "patient", [f"P{k:04d}" for k in range(len(new))])
new.loc[new.index[::25], "trestbps"] = None
old.to_csv(folder / "old.csv", index=False)
new.to_csv(folder / "new.csv", index=False, sep=";", decimal=",", na_rep="n.v.")
print((folder / "new.csv").read_text()[:260])

# %%
# Is there a shift?
# -----------------
# The format is detected. One finding is that a column may have other units.

files = ["--source", "old.csv", "--target", "new.csv"]
options = ["--label", "disease", "--id", "patient", "--missing", "n.v."]
with chdir(folder):
    main(["diagnose", *files, *options])

# %%
# Nothing is converted automatically, because a true shift may look the same. Here we
# know the reason, and correct the file.

new = new.assign(chol=(new["chol"] * 38.67).round())
new.to_csv(folder / "new.csv", index=False, sep=";", decimal=",", na_rep="n.v.")

# %%
# Choose a method, predict, and write a report
# --------------------------------------------
# ``report.html`` is one page with the findings, the scores and pictures.

with chdir(folder):
    results = ["--output", "predictions.csv", "--report", "report.html"]
    main(["compare", *files, *options, *results])
print(sorted(path.name for path in folder.iterdir()))

# %%
# Was it right?
# -------------
# The diagnosis of the second hospital is known here. For comparison, the most frequent
# class, and a model that is trained on the labels of the target.

predictions = pd.read_csv(folder / "predictions.csv")
print(predictions.head(3).to_string())
accuracy = accuracy_score(truth, predictions["disease"])
print(f"chosen, which is source only: {accuracy:.2f}")
print(f"most frequent class: {max(truth.mean(), 1 - truth.mean()):.2f}")

numbers = data.X[is_target].apply(lambda c: c.cat.codes if c.dtype == "category" else c)
model = HistGradientBoostingClassifier(max_iter=50, random_state=0)
trained = cross_val_score(model, numbers, truth, cv=5).mean()
print(f"target-trained: {trained:.2f}")

# %%
# Without adaptation the accuracy is 0.78. The advice was right: a model that is trained
# on the target itself has 0.75.
