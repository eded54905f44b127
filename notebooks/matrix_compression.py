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
# # What a rank costs
#
# An adapter changes a weight by $s B A$, a product of two thin factors. Its rank was chosen before training, and the
# same for all modules; afterwards most of it is often not needed. How small can the file become, what is lost, and how
# does somebody who was not there know it? The error of the best replacement of rank $r$ is
#
# $$E_r^2 = \|s B A\|^2 - T_r, \qquad T_r = \text{sum of the } r \text{ largest squared singular values},$$
#
# in Frobenius norms, and no matrix of rank $r$ errs less: that is the theorem of Eckart and Young. This notebook goes
# from there to a certificate that is verified in ten lines of plain NumPy. One thing it cannot say: an error of
# matrices is not the loss of a task.

# %%
import json
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import lrtheory
from lrtheory import matrix_compression as comp

folder = Path(tempfile.mkdtemp())
rng = np.random.default_rng(0)


def make_module(d, rank, decay, scale):
    """An update with singular values 1, 2^-decay, 3^-decay, .., as B G and G^-1 A with a random G, the gauge."""
    U, V = (np.linalg.qr(rng.normal(size=(d, rank)))[0] for _ in range(2))
    gauge = rng.normal(size=(rank, rank)) + 2 * np.eye(rank)
    B, A = U * np.arange(1.0, rank + 1) ** -decay @ gauge, np.linalg.solve(gauge, V.T) / scale
    return comp.AdapterModule(B.astype(np.float32), A.astype(np.float32), scale=scale)


def make_adapter():
    decays = {"query": 1.5, "key": 1.0, "value": 0.5, "output": 0.2}
    modules = {f"layers.{k}.{n}": make_module(128, 16, p + 0.1 * k, 2.0) for k in range(4) for n, p in decays.items()}
    return comp.AdapterFile(modules, {"peft_type": "LORA", "r": 16, "lora_alpha": 32})


make_adapter().to_peft(folder / "trained")
print(*sorted(path.name for path in (folder / "trained").iterdir()), sep="\n")

# %% [markdown]
# ## Every spectrum
#
# All singular values of all updates come from cores of 16 x 16: the products themselves are never formed.

# %%
adapter = comp.AdapterFile.from_peft(folder / "trained")
spectra = adapter.spectra()
figure, axis = plt.subplots(figsize=(6, 3.2), layout="constrained")
for name, values in list(spectra.items())[:4]:
    axis.semilogy(range(1, 17), values, marker="o", markersize=3, label=name)
    needed = [int(np.sum(np.sqrt(np.cumsum(values[::-1] ** 2)[::-1]) > e * np.linalg.norm(values))) for e in (0.2, 0.1)]
    print(f"{name:<16} rank {needed[0]:>2} for a relative error of 0.2, {needed[1]:>2} for 0.1")
axis.set(xlabel="i", ylabel="singular value")
axis.legend()
dense = np.linalg.svd(adapter.dense("layers.0.query"), compute_uv=False)
assert np.allclose(dense[:16], spectra["layers.0.query"], atol=1e-6)
plt.close(figure)  # shown once, as the value of this cell
figure

# %% [markdown]
# ## Half the parameters, by one budget
#
# The same rank 8 for all is one way to halve the file. Better: one budget of $b$ numbers, spent where a number buys
# most energy. One rank more for a module costs the $c$ numbers of a column of $B$ and a row of $A$, and keeps the
# square of its next singular value $\sigma$. The certificate holds a price $\lambda$ of a number, and
# $\lambda b + \sum \max(0, \sigma^2 - \lambda c)$, over all singular values of all modules, is at least the energy that
# any ranks of this cost keep, whoever chooses them.

# %%
half = adapter.storage // 2
equal = comp.compress_adapter(adapter, rank=8)
small = comp.compress_adapter(adapter, half)
small.adapter.to_peft(folder / "small")
print(f"rank 8 for all errs by {equal.error:.3f}, one budget by {small.error:.3f}, with {small.storage:,} numbers each")
print("ranks of layer 0:", {name.split(".")[-1]: r for name, r in small.ranks.items() if ".0." in name})
proof = small.certificate
print(f"in norms: this one within {proof.achieved:.4f}, no other with its ranks below {proof.bound:.4f}")
print(
    f"any ranks of this cost keep at most {proof.allocation.gap / proof.allocation.achieved:.1e} more energy than these"
)
assert small.storage <= half
assert small.error < 0.8 * equal.error
assert proof.allocation.gap < 1e-3 * proof.allocation.achieved
again = comp.AdapterFile.from_peft(folder / "small")
assert proof.verify(adapter)
assert all(np.array_equal(again.dense(name), small.adapter.dense(name)) for name in again.modules)

# %% [markdown]
# ## Merging three
#
# The sum of three adapters has rank 48; its best replacement of rank 16 comes from one core. "Linear" merging adds up
# left factors and right factors instead. The product of sums is not the sum of products: for independent adapters the
# cross terms are larger than the sum itself, and they depend on the gauge: $B G$ and $G^{-1} A$ make the same update
# for every invertible $G$, and training ends at some $G$.

# %%
three = [make_adapter() for _ in range(3)]
weights = [1 / 3] * 3
best = comp.merge_adapters(three, weights, rank=16)
line = comp.merge_adapters(three, weights, rank=16, method="stream")
linear = comp.baselines.factor_average(three, weights)
for name, found in {"one core": best, "one at a time": line, "linear": linear}.items():
    print(f"{name:<14} errs by {found.error:.3f} of the sum")
assert best.error <= line.error < 1.1 * best.error
assert linear.error > 1
assert best.certificate.verify(tuple(three))

# %% [markdown]
# ## A file that somebody else made
#
# A script has truncated every module to rank 8, correctly, and has left `lora_alpha` as it was. Updates are scaled by
# alpha / r, and r is another one now. `certify` measures the two folders against each other.

# %%
comp.compress_adapter(adapter, rank=8, keep_scale=True).adapter.to_peft(folder / "right")
comp.compress_adapter(adapter, rank=8, keep_scale=True).adapter.to_peft(folder / "slip")
path = folder / "slip" / "adapter_config.json"
config = json.loads(path.read_text())
path.write_text(json.dumps(config | {"lora_alpha": 32, "alpha_pattern": {}}))
for name in ("right", "slip"):
    told = comp.certify(folder / "trained", folder / name)
    print(f"{name:<6} errs by {told.achieved:.3f}; ranks of 8 can reach {told.bound:.3f}")
assert np.isclose(told.achieved, 1, atol=1e-3)  # twice the best copy is as far away as no copy at all
assert told.achieved > 2 * told.bound
copy = comp.AdapterFile.from_peft(folder / "slip")
right = comp.AdapterFile.from_peft(folder / "right")
factor = np.vdot(copy.dense("layers.0.query"), right.dense("layers.0.query"))
factor /= np.vdot(right.dense("layers.0.query"), right.dense("layers.0.query"))
print(f"its updates are {factor:.3f} times as large as they should be; ", end="")
print(f"a kept alpha gives the quotient of the ranks, {comp.theory.kept_alpha_factor(16, 8)}")
assert np.isclose(factor, 2, rtol=1e-6)

# %% [markdown]
# ## Ten thousand blocks, once
#
# Blocks that do not fit into memory are seen one after the other. A sketch keeps 16 columns for a basis of rank 8, and
# at every step brackets the error of the best basis of all it has seen. The exact error beside it comes from the whole
# $M M^\top$, which 64 rows can afford; `merge` joins the sketches of several machines.

# %%
basis = np.linalg.qr(rng.normal(size=(64, 12)))[0] * np.linspace(1, 0.3, 12)


def blocks():
    draw = np.random.default_rng(1)
    for _ in range(10_000):
        yield basis @ draw.normal(size=(12, 4)) + draw.normal(size=(64, 4)) / 8


sketch, exact = comp.StackSketch(8, method="sketch"), comp.StackSketch(8, method="gram")
steps = []
for k, block in enumerate(blocks(), 1):
    sketch.update(block)
    exact.update(block)
    if k in (10, 30, 100, 300, 1000, 3000, 10_000):
        bracket = sketch.interval()
        steps.append((bracket.lower, exact.interval().upper, bracket.upper))
        print(f"{k:>6} blocks: {bracket.lower:.4f} <= {steps[-1][1]:.4f} <= {bracket.upper:.4f}")
low, true, high = np.array(steps).T
assert (low <= true + 1e-9).all()
assert (true <= high + 1e-9).all()
whole = comp.compress_stack(blocks, 8, passes=2)  # a function that starts the stream again can be read twice
print(f"\nits basis errs by {whole.error:.4f}; none errs less than {whole.certificate.bound:.4f}")
assert whole.certificate.verify(blocks)

# %% [markdown]
# ## Where it is useless
#
# Weights of different layers do not share a basis: with one basis of rank 64 for all they err much more than with one
# of rank 64 for each, which takes as many bases as there are weights. The bracket from their spectra alone is too wide
# to say so; `method="gram"` reads the whole stack, once, and is exact. (Weights of a small transformer where its file
# is installed, else random ones.)

# %%
try:
    weights = [W for W in comp.load_transformer_weights().values() if W.shape == (384, 384)]
except ImportError:
    weights = [rng.normal(size=(192, 192)) * np.linspace(2, 0.1, 192) for _ in range(8)]
joint = comp.error_bounds(weights, 64, method="gram").upper
values = [np.linalg.svd(W.astype(float), compute_uv=False) for W in weights]
alone = np.sqrt(sum((s[64:] ** 2).sum() for s in values) / sum((s**2).sum() for s in values))
print(f"{len(weights)} weights at rank 64: {alone:.3f} with a basis for each, {joint:.3f} with one basis for all")
cheap = comp.error_bounds(weights, 64)
print(f"from the spectra alone, the error with one basis is between {cheap.lower:.3f} and {cheap.upper:.3f}")
assert joint > alone + 0.1
assert np.isclose(cheap.lower, alone)

# %% [markdown]
# ## Verified by somebody else
#
# Two folders and two numbers are all that is needed: how far the copy is, and that no copy with these ranks is nearer.
# Here are both from dense matrices, with none of the code above but the reader of files.

# %%
missing, least = 0.0, 0.0
for name, module in comp.AdapterFile.from_peft(folder / "trained").modules.items():
    update = module.scale * module.B.astype(float) @ module.A.astype(float)
    there = again.modules.get(name)  # a module of rank 0 is left out of the file
    replaced = 0.0 if there is None else there.scale * there.B.astype(float) @ there.A.astype(float)
    rank = 0 if there is None else there.B.shape[1]
    missing += np.linalg.norm(update - replaced) ** 2
    least += (np.linalg.svd(update, compute_uv=False)[rank:] ** 2).sum()
print(f"the copy is {np.sqrt(missing):.6f} away, stated {proof.achieved:.6f}")
print(f"the best is {np.sqrt(least):.6f} away, stated {proof.bound:.6f}")
assert np.sqrt(missing) <= proof.achieved * (1 + 1e-6)
assert proof.bound * (1 - 1e-6) <= np.sqrt(least)

# %% [markdown]
# What was checked here on one adapter, the statements of the package decide on many, and they find a squeezer that is
# wrong in one line:

# %%
evidence = lrtheory.check("matrix_compression/SQ-1")
print(evidence.verdict, dict(evidence.saboteurs))
assert evidence.verdict == "supported"
assert set(evidence.saboteurs.values()) == {"refuted"}
