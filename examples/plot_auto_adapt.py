"""
Let the data choose a method
============================

`AutoAdapt` is an estimator that adapts where the evidence is clear, and leaves the
model of the source alone where it is not.
"""

# %%
# A target that needs a map
# -------------------------
# Tables go in as they are, with text, categories and gaps.

import matplotlib.pyplot as plt
from sklearn.linear_model import LogisticRegression

from adapt.datasets import load_heart, load_penguins, make_label_shift
from adapt.inspection import DomainScoresDisplay
from adapt.instance_based import SaerensEM
from adapt.model_selection import AutoAdapt, compare

data = load_penguins(source="Adelie", target="Gentoo", as_frame=True)
target = data.sample_domain < 0
Xs, ys = data.X[~target], data.y[~target]
Xt, yt = data.X[target], data.y[target]

model = AutoAdapt(LogisticRegression(), random_state=0).fit(Xs, ys, Xt=Xt)
print(f"{model.best_method_}: {model.decision_}")
print(f"accuracy on the target: {model.score(Xt, yt):.3f}")

# %%
# What it went by
# ---------------
# Scores that need no label of the target, with their standard errors. `compare` shows
# the same, and where labels are known, the truth beside them.

DomainScoresDisplay.from_comparison(
    compare(Xs, ys, Xt, yt, estimator=LogisticRegression())
)
plt.show()

# %%
# A target that needs none
# ------------------------
# Two hospitals: other patients came, but rows need not have moved.

data = load_heart(source="Hungary", target="Cleveland", as_frame=True)
target = data.sample_domain < 0
model = AutoAdapt(LogisticRegression(), random_state=0)
model.fit(data.X[~target], data.y[~target], Xt=data.X[target])
print(f"{model.best_method_}: {model.decision_}")
print(model.results_.round(3).to_string())

# %%
# A shift along the classes
# -------------------------
# Here one class is more frequent in the target. It could also be that rows were chosen
# by what tells the classes apart; without labels both look alike, and what helps with
# one does harm with the other. So nothing is done.

shifted = make_label_shift(1000, priors_t=(0.15, 0.85), random_state=0)
alone = AutoAdapt(LogisticRegression(), random_state=0)
alone.fit(shifted.Xs, shifted.ys, Xt=shifted.Xt)
print(f"{alone.best_method_}: {alone.decision_}")
print(f"accuracy on the target: {alone.score(shifted.Xt, shifted.yt):.3f}")

# %%
# Who knows that it is the frequencies takes a method for that.

knowing = SaerensEM(LogisticRegression()).fit(shifted.Xs, shifted.ys, Xt=shifted.Xt)
print(f"accuracy on the target: {knowing.score(shifted.Xt, shifted.yt):.3f}")

# %%
# No shift
# --------
# Two halves of one hospital are not different at all, and nothing is tried.

half = ~target
rows = data.X[half].sample(frac=1, random_state=0)
labels = data.y[half][rows.index]
model.fit(rows[:150], labels[:150], Xt=rows[150:])
print(f"{model.best_method_}: {model.decision_}")
