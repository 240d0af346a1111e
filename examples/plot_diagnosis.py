"""
Diagnose a shift
================

Before a method is chosen: do the domains differ at all, how, and what accuracy is to be
expected on rows without labels?
"""

# %%
# Penguins of two species
# -----------------------
# The sex of penguins is known for one species, and wanted for another whose birds are
# larger.

import matplotlib.pyplot as plt
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from adapt.base import SourceOnly
from adapt.datasets import load_penguins
from adapt.feature_based import LinearOT
from adapt.inspection import ShiftDisplay, diagnose_shift, expected_accuracy

data = load_penguins(source="Adelie", target="Gentoo", as_frame=True)
target = data.sample_domain < 0
Xs, ys = data.X[~target], data.y[~target]
Xt, yt = data.X[target], data.y[target]

report = diagnose_shift(Xs, ys, Xt)
print(report)

# %%
# All columns moved far, and there is no target row near a source row. Weights have
# nothing to weigh; a map has to move the rows.

scaler = StandardScaler().fit(data.X)
Zs, Zt = scaler.transform(Xs), scaler.transform(Xt)
model = LinearOT(LogisticRegression()).fit(Zs, ys, Xt=Zt)
ShiftDisplay.from_estimator(model, Zs, Zt)
plt.show()

# %%
# What accuracy to expect
# -----------------------
# The model of the source is sure of itself on the target, and wrong. Other guesses are
# more careful, and the least of them is taken.

for name, method in {
    "source-only": SourceOnly(LogisticRegression()),
    "LinearOT": LinearOT(LogisticRegression()),
}.items():
    expected = expected_accuracy(method, Zs, ys, Zt, random_state=0)
    truth = method.fit(Zs, ys, Xt=Zt).score(Zt, yt)
    print(f"{name}: expected {expected}, true {truth:.2f}")
    print(expected.guesses.round(2), end="\n\n")

# %%
# A guess stays a guess: that of source-only is nearer to the truth than its confidence,
# and still too high.

# %%
# A shift that labels alone show
# ------------------------------
# The features of people with and without a disability differ little, and yet fewer of
# them with the same features are employed. With labels for some target rows the
# diagnosis tells.

from adapt.datasets import load_employment

data = load_employment(
    split="disability", source="abled", target="disabled", as_frame=True
)
target = data.sample_domain < 0
report = diagnose_shift(
    data.X[~target], data.y[~target], data.X[target], data.y[target]
)
print("\n".join(str(report).split("Found:")[1].splitlines()[1:]))
