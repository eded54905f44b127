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
# # Nine calls, seven, or six? What it costs to know the first ten
#
# A first stage finds a hundred documents, and a model sorts twenty a call. The usual way is a window that slides over
# the list from its end to its beginning. How much of the result is certain if the model is consistent, what would
# fewer calls make certain, and is the new order any better than the old one? Each answer here is a number, with the
# theorem that gives it.

# %%
import matplotlib.pyplot as plt
import numpy as np

import lrtheory
from lrtheory import reranking as rr
from lrtheory.reranking import baselines, theory

# %% [markdown]
# ## Before any call
#
# `plan` knows what each strategy needs, from theorems alone. No strategy gets along with fewer than six calls, since
# each of them joins at most twenty documents (statement RK-T2).

# %%
planned = rr.plan(100, 10, size=20)
print(planned)
print("calls that every strategy needs:", theory.calls_needed(100, 20))

# %% [markdown]
# ## Nine calls, and seven
#
# A judge with a hidden order stands in for the model. One pass of windows makes ten documents certain, and not the
# first alone (RK-W1); merging sorted groups does so in seven calls, of which five can be asked at once (RK-T3).

# %%
hidden = np.random.default_rng(0).permutation(100)
judge = rr.make_oracle(hidden)
for strategy in ("window", "merge", "tournament"):
    found = rr.rerank(judge, 100, 10, strategy=strategy, size=20)
    assert (found.order[:10] == hidden[:10]).all()
    print(f"{strategy:>10}: {found.calls} calls in {found.rounds} rounds, {found.certified} documents are certain")

# %% [markdown]
# ## Six
#
# To check an order is cheaper than to find one, and takes one round (RK-V1): the first twenty together, then the tenth
# with nineteen others a call. Guess by a cheap score, check, and rank anew where the check fails.

# %%
print("the order is right:", found.certificate.verify(judge))
swapped = rr.make_oracle(hidden[[1, 0, *range(2, 100)]])
print("under another judge:", found.certificate.verify(swapped))

# %% [markdown]
# ## One slip
#
# A released program cuts each window from the input list, and not from what is sorted so far. Windows overlap, so
# documents are lost, although the judge never errs.

# %%
lost = [
    100 - len(set(baselines.rankify_window(rr.make_oracle(np.random.default_rng(seed).permutation(100)), 100)))
    for seed in range(50)
]
print(f"documents that are lost, of 100: {np.mean(lost):.1f} on average")
assert min(lost) > 20

# %% [markdown]
# ## A judge that errs
#
# Where answers err independently, votes repair it: so many a question, if each answer is right with probability 0.8
# (RK-N1). Where the judge errs the same way each time, as a model at temperature 0 does, votes change nothing; counting
# wins then orders what is far enough apart (RK-N3).

# %%
print("votes for 99 questions:", theory.votes(99, 0.8, 0.05))
print(f"places apart, of 100, at an error of 0.1: {theory.copeland_gap(100, 0.1, 0.05):.0f}")

# %% [markdown]
# ## Is it better?
#
# Fifty news texts, of which people have compared every pair. Each text is a query in turn, and the other 49 are ranked.
# (Where the package with the texts is not installed, made judgments stand in for them.)

# %%
try:
    texts = rr.load_lee_documents()
    words = [rr.tokens(text) for text in (*texts.texts, *texts.background)]
    judgments, index = texts.judgments, rr.Bm25().fit(words)
except ImportError:
    rng = np.random.default_rng(1)
    gains = {str(q): {str(d): float(rng.random() ** 3) for d in range(49)} for q in range(50)}
    noisy = {q: {d: g + 0.3 * rng.standard_normal() for d, g in of.items()} for q, of in gains.items()}
    better = {q: {d: g + 0.2 * rng.standard_normal() for d, g in of.items()} for q, of in gains.items()}
    judgments, first, second = rr.Judgments.from_dict(gains), rr.Run.from_dict(noisy), rr.Run.from_dict(better)

# %%
for name, run in (("first", first), ("second", second)):
    print(name, rr.evaluate(run, judgments, ("ndcg@10", "ap")))

# %% [markdown]
# Under the assumption that the two do not differ, all signs of the differences are equally likely. The exact share of
# signs that differ as much is the p-value (RK-S1), and it keeps its level (RK-S2).

# %%
compared = rr.compare(second, first, judgments, "ndcg@10")
print(compared)

# %% [markdown]
# ## What nobody has judged
#
# Let every third judgment be missing. A single number hides it; the ends over all judgments that the holes could get
# do not (RK-M5).

# %%
some = {q: {d: g for i, (d, g) in enumerate(of.items()) if i % 3} for q, of in judgments.as_dict().items()}
holes = rr.Judgments.from_dict({q: {d: float(g > 0.5) for d, g in of.items()} for q, of in some.items()})
found = rr.evaluate(first, holes, ("ap", "recall@10"), unjudged="bounds")
print("AP between", found.lower[:, 0].mean().round(3), "and", found.upper[:, 0].mean().round(3))
assert (found.lower <= found.upper).all()

# %% [markdown]
# ## Two lists into one
#
# Reciprocal ranks add up 1/(kappa + rank). How much is a first place in one list worth? A document in both lists is
# before it exactly where its rank is below kappa + 2 (RK-F6): a larger kappa weakens single first places.

# %%
kappas = np.array([1, 5, 20, 60, 200])
scores = [rr.evaluate(rr.fuse([first, second], kappa=k), judgments, ("ndcg@10",)).mean[0] for k in kappas]
figure, axis = plt.subplots(figsize=(5, 3))
axis.semilogx(kappas, scores, "o-")
axis.set(xlabel="kappa", ylabel="nDCG@10 of the fused list")
plt.show()
print("ranks below which both lists beat one:", [theory.loud_rank(2, int(k)) for k in kappas])

# %% [markdown]
# The theorems behind all of it are measured like every other one of this package; this is that of the windows:

# %%
print(lrtheory.check("reranking/RK-W1"))
