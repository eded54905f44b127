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
# # Where is the wall?
#
# Fine-tuning an attention head costs the square of the length of the text: every token looks at every other one, and
# the gradient goes back along all these looks. A polynomial in place of the exponential makes the matrix of attention a
# product of two thin factors, and the gradient then costs the length alone. The price is the number of columns of the
# factors, and it depends on one number: the largest logit.
#
# This notebook turns that number up until the idea stops working, asks whether a better idea could go on, and then
# looks where the heads of a real model stand.

# %%
import matplotlib.pyplot as plt
import numpy as np

import lrtheory
from lrtheory import lora_limits as ll

L, D = 4000, 8
problem = ll.make_uniform(L, D, bound=0.5, rng=0)
exact = ll.lora_gradients(problem, method="tiled")
fast = ll.lora_gradients(problem, method="low-rank", tol=1e-4)
error = max(abs(fast.W[projection] - exact.W[projection]).max() / abs(exact.W[projection]).max() for projection in "QV")
print(f"degree {fast.degree}, {fast.n_features} columns for {L} tokens, relative error {error:.0e}")
print(f"{exact.counts['flops'] / fast.counts['flops']:.0f} times fewer operations")
assert error < 1e-4
assert exact.counts["flops"] > 5 * fast.counts["flops"]

# %% [markdown]
# There is also a proof: the result carries a bound on every entry of the error, from the polynomial through every
# matrix of the chain to the adapters. It is never broken, and it is far from tight: the errors of thousands of tokens
# mostly cancel, and the proof has to add them up. At this degree it is even vacuous, larger than the gradient itself.
# For a proved accuracy (`epsilon=`) one pays with a few degrees more.

# %%
proof = fast.certificate
wrong = max(abs(fast.W[projection] - exact.W[projection]).max() for projection in "QV")
largest = max(abs(exact.W[projection]).max() for projection in "QV")
print(f"error {wrong:.1e}, proved to be at most {proof.gap:.1e}; the largest entry of the gradient is {largest:.1f}")
assert 1e3 * wrong < proof.gap
assert largest < proof.gap  # vacuous
assert proof.verify(problem)
proved = ll.lora_gradients(problem, method="low-rank", max_error=0.01)
print(f"proved to be within {proved.certificate.gap:.1e}: degree {proved.degree} instead of {fast.degree}")
assert proved.certificate.gap <= 0.01
assert fast.degree < proved.degree <= fast.degree + 4

# %% [markdown]
# ## Turning the logits up
#
# Entries of queries and keys lie in $[-\Gamma, \Gamma]$ and the temperature is $1/d$, so no logit exceeds $\Gamma^2$.
# How many columns does an error of $10^{-3}$ in the rows of attention take, and from how many tokens does that pay?
# (Products, sums and exponentials are counted.)

# %%
bounds = [0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0]
found = [ll.diagnose(ll.make_uniform(L, D, bound=b, rng=0), epsilon=1e-3) for b in bounds]
print(f"{'entries':>8} {'logits':>7} {'degree':>7} {'columns':>10} {'pays from':>12}  regime")
for b, one in zip(bounds, found, strict=True):
    columns = "-" if one.n_features is None else f"{one.n_features:,}"
    size = f"{b:>8} {one.logit_bound:>7.2f} {one.degree or '-':>7}"
    print(f"{size} {columns:>10} {one.break_even_length:>12,.0f}  {one.regime}")
degrees = [one.degree for one in found if one.degree is not None]
assert degrees == sorted(degrees)
assert found[1].regime == "low-rank pays"
assert [one.regime for one in found[-3:]] == 3 * ["exact cheaper"]
columns = found[1].n_features, found[-3].n_features
print(f"{columns[0]:,} columns become {columns[1]:,} while entries grow by a factor of {bounds[-3] / bounds[1]:g}")
assert columns[1] > 1000 * columns[0]

# %% [markdown]
# Columns grow much faster than entries. For still larger entries the answer is a refusal, which names the method that
# does work: the monomials then lose all digits to rounding.

# %%
try:
    ll.lora_gradients(ll.make_uniform(L, D, bound=6.0, rng=0), method="low-rank")
    refused = False
except ValueError as reason:
    print(reason)
    refused = True
assert refused
assert ll.lora_gradients(ll.make_uniform(L, D, bound=6.0, rng=0)).method == "tiled"

# %% [markdown]
# ## Is it the polynomial's fault?
#
# Perhaps other factors would do with fewer columns. On one instance that can be answered for *all* factors: take all
# $L = 2^d$ sign vectors as tokens, scaled by $\Gamma$. The singular values of attention are known, and they give a
# lower bound on the rank of any approximation (statement LL-H5-rank). Theory says that the wall stands at
# $\Gamma \sim \sqrt{\log L}$; so let $\Gamma^2 = c \ln L$ and ask which power of $L$ this bound is, when entries of the
# size $1/L$ must be right to $1/\sqrt{L}$ of that.

# %%
grid, A = np.geomspace(0.01, 1, 25), 0.5
figure, axis = plt.subplots(figsize=(6, 3.6), layout="constrained")
for color, d in zip(("#0072B2", "#D55E00", "#009E73", "#CC79A7"), (10, 20, 60, 180), strict=True):
    ranks = [max(ll.theory.hypercube_rank_lower_bound(d, float(c), A), 1) for c in grid]
    axis.plot(grid, [float(np.log2(float(rank))) / d for rank in ranks], color=color, label=f"$L = 2^{{{d}}}$")
limit = np.array([ll.theory.rank_exponent_limit(float(c), A) for c in grid])
axis.plot(grid, limit, "k--", linewidth=2, label="limit")
axis.set(xscale="log", xlabel=r"$c = \Gamma^2 / \ln L$", ylabel=r"$\log_L$ of a lower bound on the rank")
axis.legend(fontsize=8)
print(f"c = 0.01: L^{limit[0]:.2f}; c = 0.1: L^{np.interp(0.1, grid, limit):.2f}; c = 1: L^{limit[-1]:.2f}")
assert (np.diff(limit) >= 0).all()
assert 0.4 < limit[0] < 0.55
assert limit[-1] == 1
plt.close(figure)  # shown once, as the value of this cell
figure

# %% [markdown]
# The rank is at least a power of $L$ for every fixed $c$, however small; the exponent of the bound goes to 0 only if
# $c$ does. So it is not the polynomial's fault. At lengths of today the wall is a slope, and a long one.
#
# ## High rank is not hardness
#
# On the same tokens the exact gradient takes $d^2 L \log L$ operations for *every* $\Gamma$: the singular vectors are
# Walsh functions, and there is a fast transform. What the curve above bounds is factorization. That *no* method can be
# much faster than $L^2$ in the worst case is another theorem, and it rests on a conjecture about satisfiability.

# %%
rng = np.random.default_rng(1)
BITS, GAMMA = 10, 4.0
cube = ll.make_hypercube(BITS, GAMMA)
values, targets = rng.normal(size=(2, 2**BITS, BITS))
dense = ll.gradient_chain(cube.C1, cube.C2, values, targets, cube.W, beta=cube.beta)
quick = ll.theory.hypercube_gradient(values, targets, gamma=GAMMA)
print(
    f"rank {np.linalg.matrix_rank(dense.f)} of {2**BITS}; transforms agree to {abs(quick - dense.gradient).max():.0e}"
)
assert np.linalg.matrix_rank(dense.f) == 2**BITS
assert abs(quick - dense.gradient).max() < 1e-10 * abs(dense.gradient).max()

# %% [markdown]
# ## One large token
#
# Real activations have outliers: one key that is twenty times as large raises the largest logit, and with it the
# degree for all tokens. The remedy is to keep the few large tokens exact and to use the polynomial for the rest.

# %%
spiky = ll.make_outliers(L, 4, factor=20.0, rng=0)
exact = ll.lora_gradients(spiky, method="tiled")
mixed = ll.lora_gradients(spiky, method="hybrid", tol=1e-6)
everyone = ll.diagnose(spiky, epsilon=1e-6)
print(f"all tokens: degree {everyone.degree}; hybrid: degree {mixed.degree} with {mixed.n_outliers} kept exact")
assert mixed.n_outliers <= 8
assert 2 * mixed.degree <= everyone.degree
assert max(abs(mixed.W[x] - exact.W[x]).max() / abs(exact.W[x]).max() for x in "QV") < 1e-6

# %% [markdown]
# ## A real head
#
# Where does a trained model stand? All 72 heads of a small language model read a passage of some four hundred word
# pieces. (Where the model is not installed, heads with entries as large as its own stand in for them.)

# %%
try:
    heads = ll.load_attention_heads()
    source = "all-MiniLM-L6-v2"
except ImportError:
    heads = {(layer, 0): ll.make_uniform(464, 32, bound=5.0, beta=32**-0.5, rng=layer) for layer in range(6)}
    source = "synthetic heads"
regimes = {index: ll.diagnose(head, epsilon=1e-2) for index, head in heads.items()}
print(source)
print(f"{'layer':>5} {'heads':>6} {'largest entries / sqrt(log L)':>30} {'bound on logits':>16} {'largest seen':>13}")
for layer in sorted({layer for layer, _ in heads}):
    of_layer = [one for (at, _), one in regimes.items() if at == layer]
    ratios = [one.norms["gamma_over_root_log"] for one in of_layer]
    logits = [one.logit_bound for one in of_layer]
    both = f"{min(ratios):.1f} to {max(ratios):.1f}", f"{min(logits):.0f} to {max(logits):.0f}"
    seen = sorted(one.sampled_logit for one in of_layer)  # the largest of some pairs of tokens, head by head
    print(f"{layer:>5} {len(of_layer):>6} {both[0]:>30} {both[1]:>16} {f'{seen[0]:.0f} to {seen[-1]:.0f}':>13}")
assert {one.regime for one in regimes.values()} == {"exact cheaper"}
assert min(one.norms["gamma_over_root_log"] for one in regimes.values()) > 1
mildest = min(regimes.values(), key=lambda one: one.logit_bound)
needed = ll.theory.min_degree(mildest.logit_bound, 1e-2)
columns = ll.theory.n_features(32, needed)
even = ll.theory.break_even_length(32, columns)
print(f"the mildest head: degree {needed} proved, {columns:.0e} columns, which pay from {even:.0e} tokens")
assert even > 1e9

# %% [markdown]
# All of them stand behind the wall, by a wide margin. The degree comes from the bound on the logits, since the
# polynomial must be right wherever they may be; the logits that were seen, of a sample of queries with all keys, are
# smaller. Adapters of such a head are best computed exactly, in tiles, with memory that grows like the length:

# %%
index, head = next(iter(heads.items()))
done = ll.lora_gradients(head, method="auto")
print(index, done.method, "-", done.reason)
assert done.method in ("tiled", "dense")
assert done.certificate is None  # exact, so that there is nothing to prove

# %% [markdown]
# ## The statements as checks
#
# What the notebook shows on single instances, the statements of the package decide on many, and they find a solver that
# is wrong in one line:

# %%
evidence = lrtheory.check("lora_limits/LL-H5")
print(evidence.verdict, dict(evidence.saboteurs))
assert evidence.verdict == "supported"
assert set(evidence.saboteurs.values()) == {"refuted"}
