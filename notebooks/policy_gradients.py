# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Does this run only sharpen?
#
# A model was trained with rewards of groups, as in GRPO. The first answer is right more often than before. Did the
# training add something to what the model knew, or does the model now repeat the right answers that it preferred
# anyway? Two logs can tell: answers before the training and after it, to the same prompts, at the same temperature.
#
# Here the model is a small one, so that each answer of the logs can be compared with the truth. Its 63 prompts are
# "write a op b so that the value leaves the remainder r when divided by m". It has 300 answers, and shares most of its
# parameters between prompts.

# %%
import json
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import lrtheory
from lrtheory import policy_gradients as pg

# %%
operations = {"+": np.add, "-": np.subtract, "*": np.multiply}
terms = [(a, op, b) for a in range(10) for op in operations for b in range(10)]
values = np.array([operations[op](a, b) for a, op, b in terms])
prompts = [(m, r) for m in range(6, 13) for r in range(m)]
correct = np.array([values % m == r for m, r in prompts])
# features and shared parameters as in the problems that the package makes of the same terms
made = pg.make_arithmetic(rng=0)
own = 0.5 * np.random.default_rng(0).normal(size=(len(prompts), made.features.shape[1]))
model = pg.Population(correct, made.features, made.shared, own=own)
run = pg.train(model, n_steps=100, rng=1)
print(run.message)

# %% [markdown]
# ## Two logs
#
# A row of a log holds the prompt, whether the verifier accepted the answer, and the answer. From here on nothing else
# is known of the run.

# %%
folder = Path(tempfile.mkdtemp())


def write_log(name, policy, n, seed):
    drawn = policy.sample(n, rng=seed)
    with (folder / name).open("w") as file:
        for row, (m, r) in enumerate(prompts):
            for k in drawn[row].tolist():
                line = {
                    "problem": f"{r} mod {m}",
                    "correct": bool(correct[row, k]),
                    "answer": "{}{}{}".format(*terms[k]),
                }
                file.write(json.dumps(line) + "\n")
    return pg.AnswerLog.from_file(folder / name)


before = write_log("before.jsonl", model, 128, 2)
after = write_log("after.jsonl", run.population, 128, 3)
print(*(folder / "after.jsonl").read_text().splitlines()[:3], sep="\n")

# %% [markdown]
# ## By eye: pass@k
#
# The curves alone do not decide. The gain is large at one answer and shrinks with the number of answers, which a run
# that only sharpens would show, and so would one that learned something easy. Each band is an interval for the mean of
# prompts like these, one for each k, and its ends hold with probability 95 %.

# %%
ks = 2 ** np.arange(8)
passed = {"before": pg.pass_at_k(before, k=ks), "after": pg.pass_at_k(after, k=ks)}
figure, axis = plt.subplots(figsize=(5.5, 3.8))
for name, found in passed.items():
    (curve,) = axis.plot(ks, found.value, marker="o", label=name)
    axis.fill_between(ks, found.lower, found.upper, alpha=0.2, color=curve.get_color())
exact = run.pass_at(ks)[[0, -1]]
axis.plot(ks, exact.T, ":", color="gray", label=["exact, which a log does not know", "_"])
axis.set(xscale="log", xlabel="answers k", ylabel="pass@k", ylim=(0, 1.02))
axis.legend()
plt.show()
for one, known in zip(passed.values(), exact, strict=True):
    assert ((one.lower <= known) & (known <= one.upper)).all()

# %% [markdown]
# ## By theorem: are two right answers more often the same?
#
# If advantages depend on rewards alone, no update of a prompt of its own makes its right answers more even, whatever
# the norm, the size of the groups and the step (statement GR-4d): the law of the right answers after the step majorizes
# the one before. So the probability that two right answers are the same cannot fall. It is estimated without bias from
# a log, and its change gets an interval.

# %%
report = pg.sharpening_report(before, after)
print(report.message)
print(f"two right answers are the same: {report.same_before:.3f} before, {report.same_after:.3f} after")
print(f"change between {report.change_lower:+.3f} and {report.change_upper:+.3f}")
assert report.verdict == "sharpens"

# %% [markdown]
# The verdict is "sharpens": in the mean of prompts like these right answers have certainly become less even. In the
# shell `lrtheory policy_gradients sharpening before.jsonl after.jsonl --decided` asks the same question, and exits with
# the code 1.
#
# The model is small enough to look inside. The entropy of the right answers says the same:

# %%
entropy = run.entropy_correct.mean(axis=1)
print(f"entropy of the right answers: {entropy[0]:.2f} nats before, {entropy[-1]:.2f} after")
assert entropy[-1] < entropy[0]

# %% [markdown]
# One caution: the theorem speaks of a prompt whose parameters are its own. Prompts share parameters here, as in every
# trainer, so a verdict is a diagnosis of what happened to the answers, and no proof of why.
#
# ## Would another setting have added?
#
# Four more runs from the same start. The penalty on likely right answers multiplies the reward of an answer by
# 1 - strength rank / G. Its strength in the paper's released script is 1/4.

# %%
settings = {
    "plain": {},
    "penalty of 1/4": {"unlikeliness": 0.25},
    "penalty of 1": {"unlikeliness": 1.0},
    "four updates a batch": {"n_updates": 4},
    "penalty of 1.5, no division": {"unlikeliness": 1.5, "norm": "none", "step_size": 1.0, "own_step_size": 0.2},
}
verdicts = {}
for name, options in settings.items():
    other = pg.train(model, **({"n_steps": 100} | options), rng=1)
    told = pg.sharpening_report(write_log("b.jsonl", model, 256, 4), write_log("a.jsonl", other.population, 256, 5))
    verdicts[name] = told.verdict
    numbers = f"pass@1 {other.success[-1].mean():.2f}, entropy {other.entropy_correct[-1].mean():.2f}"
    print(f"{name:28} {numbers}, change {told.change_lower:+.2f} to {told.change_upper:+.2f}: {told.verdict}")
assert verdicts["plain"] == verdicts["four updates a batch"] == "sharpens"
assert verdicts["penalty of 1.5, no division"] == "adds"

# %% [markdown]
# A quarter changes little. Several updates from a batch are proposed against the preference for likely answers; here
# four of them sharpen more than one. A penalty of 1 keeps nearly all of the entropy and costs more than half of what
# the first answer gained. The last setting makes right answers more even, and pays for it: the first answer is right
# no more often than before. "Adds" speaks of the variety of right answers and not of success.
#
# ## Why, without noise
#
# The expected update of one prompt has a closed form. Of three right answers the likeliest gains most, whatever the
# norm (statement GR-2). The strength at which the penalty turns that is known too (statement GR-5), and lies far above
# 1/4.

# %%
p, right = [0.4, 0.15, 0.05, 0.4], [1, 1, 1, 0]
for norm in ("std", "none", "loo"):
    gradient = pg.expected_gradient(p, np.array(right, bool), group_size=8, norm=norm).gradient
    print(f"{norm:>5}: {gradient.round(3)}")
    assert gradient[0] > gradient[1] > gradient[2] > 0
strength = pg.theory.unlikeliness_threshold(p, right, likely=0, rare=2, group_size=8)
print(f"the rarest right answer overtakes the likeliest from a strength of {float(strength):.3f} on")
assert strength > 0.25

# %% [markdown]
# ## Which prompts were wasted?
#
# A group whose answers are all right, or all wrong, has no advantages. The log before the training tells which share of
# the prompts that is, for each size of the groups (statement GR-7u).

# %%
share = pg.signal_share(before, group_sizes=[2, 4, 8, 16, 32])
for size, value, low, high in zip(share.group_sizes, share.no_signal, share.lower, share.upper, strict=True):
    print(f"groups of {size:2}: {value:5.1%} without signal, between {low:.1%} and {high:.1%}")
known = model.success
exact_share = [(known**size + (1 - known) ** size).mean() for size in share.group_sizes.tolist()]
assert ((share.lower <= exact_share) & (exact_share <= share.upper)).all()

# %% [markdown]
# The theorem behind the verdict is measured like every other one of this package:

# %%
print(lrtheory.check("policy_gradients/GR-4d"))
