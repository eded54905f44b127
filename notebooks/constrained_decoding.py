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
# # What masking does to a recommender's odds, and how to undo it
#
# A model writes the code of a product digit by digit, and only codes that are on sale may come out. The usual way is a
# *mask*: at each digit the ones that lead nowhere are removed, and the rest is normalized. That keeps the codes valid.
# It does not keep the odds. Here are 23,812 real codes of a supermarket, a model of their digits, and the exact answer
# beside the masked one. (Where the package with the codes is not installed, made items stand in for them.)

# %%
import matplotlib.pyplot as plt
import numpy as np

import lrtheory
from lrtheory import constrained_decoding as cd

# %%
try:
    codes = cd.load_product_codes()
    rows = np.array(codes.index.sequences())
    index, sold = codes.index, rows[codes.items[codes.days < 90]]
except ImportError:
    codes = None
    rows = np.unique(np.random.default_rng(0).integers(0, 10, (2000, 8)), axis=0)
    index, sold = cd.TrieIndex(rows, 10), rows[np.random.default_rng(1).integers(0, len(rows), 50_000) // 2]
print(index)
model = cd.NGram(sold, 10, order=3, add=0.05)

# %% [markdown]
# The index stores no child pointers: prefixes are numbered level by level in sorted order, so the edge with number e
# leads to the prefix with number e + 1 (statement ST-1b). The model counts which digit followed the last two, at each
# position, in the sales of ninety days. It knows digits, and not the list of codes: most of what it would write is no
# product at all.
#
# ## The ten likeliest
#
# A beam keeps a few prefixes and drops the others. The largest score that was ever dropped is a certificate: no item
# below a dropped prefix can be better than that (statement ST-2). If it exceeds the tenth answer, the answers are not
# known to be the best; best-first search then finds them.

# %%
for method in ("beam", "best-first"):
    found = cd.search(index, model, 10, width=10, method=method)
    print(f"{method:>10}: {found.message}")
assert found.converged
print(found)

# %% [markdown]
# ## The odds
#
# Masked sampling draws an item x with probability p(x) / W(x), where W(x) is the product of the masses that the mask
# left along x. Given the catalogue, the model says p(x) / P, where P is its probability of the whole catalogue. Both
# are the same only if W is constant (statement ST-4). How far are they apart?

# %%
bias = cd.masking_bias(index, model)
print(f"the model's mass on the catalogue: {np.exp(bias.log_total):.3g}")
print(f"total variation distance: {bias.tv:.3f}, and ST-4t bounds it by {bias.bound:.5f}")
print(f"masked samples are worth {bias.ess_share:.1%} of as many exact ones")
assert bias.tv <= bias.bound

# %% [markdown]
# On a real catalogue the bound is nearly 1, so it says nothing there: it is made for mild masks. The distance itself is
# what counts, and it is large. Where do the masked samples go wrong?

# %%
exact, masked = np.exp(bias.log_probs - bias.log_total), np.exp(bias.log_probs - bias.log_weights)
figure, axis = plt.subplots(figsize=(5, 4))
axis.loglog(exact, masked, ".", markersize=2)
axis.loglog([exact.min(), exact.max()], [exact.min(), exact.max()], color="gray")
axis.set(xlabel="probability, given the catalogue", ylabel="probability under masked sampling")
plt.show()

# %% [markdown]
# ## Undone, in two ways
#
# Exact sampling needs the model at each prefix of the catalogue once: sums from the last digit backwards give the mass
# below each prefix, and each digit is drawn in proportion to it. Where that is too much, masked samples come with the
# logarithm of W, and a mean with weights W is one under the right law.

# %%
first_digits = rows[:, :3] @ [100, 10, 1]
largest = np.bincount(first_digits, exact, 1000).argmax()
right = exact[first_digits == largest].sum()
drawn = cd.sample(index, model, 20_000, method="exact", rng=0)
some = cd.sample(index, model, 20_000, method="masked", rng=1)
weights = np.exp(some.log_weights - some.log_weights.max())
inside = first_digits[some.items] == largest
print(f"share of the codes that begin with {largest:03d}: {right:.3f} given the catalogue")
print(f"exact samples      {np.mean(first_digits[drawn.items] == largest):.3f}")
print(f"masked samples     {inside.mean():.3f}")
print(f"weighted samples   {(weights * inside).sum() / weights.sum():.3f}")
print(f"mass of the catalogue from masked samples: between {some.lower:.2g} and {some.upper:.2g}")
assert abs(np.mean(first_digits[drawn.items] == largest) - right) < 0.02

# %% [markdown]
# The interval of the mass is Hoeffding's (statement ST-4s). Its width is that of a few thousand samples, however small
# the mass is: for a tiny mass it says no more than "tiny".
#
# ## A day passes
#
# The catalogue changes; the index does not start anew. Switching an item writes one number a digit.

# %%
live = cd.LiveIndex(index)
gone = np.arange(0, index.n_items, 3)
changed = live.toggle(gone, False)
print(f"{changed} items switched off by {live.n_writes} writes; {live.n_alive} are left")
best = cd.search(live, model, 3)
assert not np.isin(best.items, gone).any()
new = live.insert(rows[:1] * 0 + 7)
print(f"inserted: {new.changed.tolist()}; {live.n_alive} items live")

# %% [markdown]
# ## In a generator
#
# `prefix_allowed_tokens_fn` is the function that generators of the ecosystem ask at each step, and
# `TrieLogitsProcessor` masks their scores. Both strip the prompt. Here the hook is asked by hand.

# %%
allowed = cd.prefix_allowed_tokens_fn(index, prompt_length=2, eos_token_id=10)
prompt = [5, 5]
print("first digits:", allowed(0, prompt))
print("after a whole code:", allowed(0, prompt + rows[0].tolist()))

# %% [markdown]
# The theorems behind all of it are measured like every other one of this package; this is the certificate's:

# %%
print(lrtheory.check("constrained_decoding/ST-2"))
