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
# Fifty news texts, of which people have compared every pair. Each text is a query in turn, and the other 49 are ranked:
# first by BM25, then by a sentence encoder. (Where the packages with texts and encoder are not installed, made
# judgments and scores stand in for them.)

# %%
try:
    news = rr.load_lee_documents()
    near = rr.encode(news.texts).astype(float)
    judgments, numbers = news.judgments, [str(text) for text in range(50)]
    found = rr.Bm25([*news.texts, *news.background]).search(list(news.texts), 350).run().as_dict()
    first = rr.Run.from_dict({q: {d: found[q].get(d, 0.0) for d in numbers if d != q} for q in numbers})
    cosines = near @ near.T
    second = rr.Run.from_dict({q: {d: float(cosines[int(q), int(d)]) for d in numbers if d != q} for q in numbers})
except ImportError:
    rng = np.random.default_rng(1)
    gains = {str(q): {str(d): float(rng.random() ** 3) for d in range(49)} for q in range(50)}
    blurred = lambda by: {q: {d: g + by * rng.standard_normal() for d, g in of.items()} for q, of in gains.items()}
    judgments = rr.Judgments.from_dict(gains)
    first, second = rr.Run.from_dict(blurred(0.4)), rr.Run.from_dict(blurred(0.2))

# %%
print(rr.evaluate_all({"first": first, "second": second}, judgments, "ndcg@10"))

# %% [markdown]
# Under the assumption that the two do not differ, all signs of the differences are equally likely. The exact share of
# signs that differ as much is the p-value (RK-S1), and it keeps its level (RK-S2).

# %%
print(rr.compare(second, first, judgments, metric="ndcg@10", rng=0))

# %% [markdown]
# ## What nobody has judged
#
# Let every third judgment be missing. A single number hides it; the ends over all judgments that the holes could get
# do not (RK-M5).

# %%
some = {q: {d: g for i, (d, g) in enumerate(of.items()) if i % 3} for q, of in judgments.as_dict().items()}
holes = rr.Judgments.from_dict({q: {d: float(g > 0.4) for d, g in of.items()} for q, of in some.items()})
open_ends = rr.evaluate(second, holes, ("ap", "recall@10"), unjudged="bounds")
print(open_ends)
assert (open_ends.mean_lower < open_ends.mean_upper).all()

# %% [markdown]
# ## Two lists into one
#
# Reciprocal ranks add up 1/(kappa + rank). How much is a first place in one list worth? A document in both lists is
# before it exactly where its rank is below kappa + 2 (RK-F6): a larger kappa weakens single first places.

# %%
kappas = np.array([1, 5, 20, 60, 200])
fused = [rr.fuse([first, second], kappa=float(kappa)) for kappa in kappas]
scores = [rr.evaluate(run, judgments, "ndcg@10").mean[0] for run in fused]
figure, axis = plt.subplots(figsize=(5, 3))
axis.semilogx(kappas, scores, "o-")
axis.set(xlabel="kappa", ylabel="nDCG@10 of the fused list")
plt.show()
print("ranks below which two lists beat one:", [theory.loud_rank(2, int(kappa)) for kappa in kappas])
print("constant from which on the order is Borda's:", theory.rrf_borda_kappa(49, 2))

# %% [markdown]
# The theorems behind all of it are measured like every other one of this package; this is that of the windows:

# %%
print(lrtheory.check("reranking/RK-W1"))
