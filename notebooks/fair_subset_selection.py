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
# # A hiring panel
#
# Sixteen people apply for eight places. Half of them are *seen* at a fifth of what they are worth: every member of the
# panel ranks by what they see, and puts these people too far down. Nobody knows by how much. A rule adds the rankings
# up, and eight people are invited.
#
# Two questions. Does it help to say in advance how many of the group are invited? And how many rankings must the panel
# collect until that works? The answers depend on the rule.

# %%
import matplotlib.pyplot as plt
import numpy as np

import lrtheory
from lrtheory import fair_subset_selection as fss

M, K, THETA, MEMBERS = 16, 8, 0.2, 100
quality = np.tile([8.0, 4.0, 1.0, 1.0], 4)  # the same in both halves: half of the best eight are of the group
group = np.arange(M) >= M // 2


def make_panel(members, rng):
    utilities = fss.sample_utilities("plackett-luce", members, M, quality=quality, rng=rng)
    return fss.bias_utilities(utilities, group, THETA, rng=rng)


panel = make_panel(MEMBERS, np.random.default_rng(0))
thought, told = panel.latent.as_orders()[0], panel.observed.as_orders()[0]
print("one member thinks ", thought)
print("and reports       ", told)

# %% [markdown]
# The bias moves the group (8 to 15) down. It leaves the order *within* the group alone, and that is what quotas use.

# %%
assert all(
    np.array_equal(a[group[a] == side], b[group[b] == side])
    for a, b in zip(panel.latent.as_orders(), panel.observed.as_orders(), strict=True)
    for side in (False, True)
)

# %% [markdown]
# ## Five rules, with and without a quota
#
# *SNTV* counts first places, *Bloc* counts places among the first eight, *Borda* counts everybody who is further down.
# *PAV* and *Chamberlin-Courant* (with Borda scores) look at the whole set: each member should find somebody they like.
# What is chosen by the reported rankings, which the lecture calls *observed*, is judged by the true ones, the *latent*.

# %%
RUNS = 60
rules = {
    "SNTV": fss.ScoreRule("sntv"),
    "Bloc": fss.ScoreRule("bloc", depth=K),
    "Borda": fss.ScoreRule("borda"),
    "PAV": fss.ScoreRule("pav", depth=K),
    "Borda-CC": fss.ScoreRule("borda-cc"),
}
rng = np.random.default_rng(1)
kept = {name: [] for name in rules}
for _ in range(RUNS):
    panel = make_panel(MEMBERS, rng)
    for name, rule in rules.items():
        sweep = fss.quota_sweep(panel.latent, panel.observed, rule, k=K, disadvantaged=group, ties="random", rng=rng)
        kept[name].append([sweep.unconstrained, *sweep.ratios])
kept = {name: np.mean(runs, axis=0) for name, runs in kept.items()}

print(f"{'rule':<10} {'no quota':>9} {'four of eight':>14}")
for name, (free, *quotas) in kept.items():
    print(f"{name:<10} {free:>9.3f} {quotas[4]:>14.3f}")
print(f"without a quota a rule loses up to {1 - min(free for free, *_ in kept.values()):.1%}")
assert all(kept[name][5] > kept[name][0] for name in rules)
assert max(kept[name][0] for name in ("SNTV", "Bloc", "Borda")) < 0.92
assert kept["Bloc"][5] > 0.99
assert kept["Borda"][5] > 0.995
assert kept["SNTV"][5] < 0.985

# %% [markdown]
# Without a quota each rule loses something. With four of eight, Bloc, Borda and PAV are back at the true optimum;
# SNTV is not, since a hundred first places say little about people who are hardly ever first. Chamberlin-Courant loses
# almost nothing either way: for somebody whom each member likes there are many good sets.
#
# ## The wrong quota
#
# Let $F(S)$ be the true score of a set $S$, $k$ the number of places, OPT the largest $F$ of $k$ people, $\ell^*$ the
# number of people of the group in the best set, and $S_\ell$ the best set in which exactly $\ell$ are of the group. A
# quota $\ell$ that is not $\ell^*$ costs something, but never more than a number that can be told in advance:
# $F(S_\ell) \ge \min(1, \frac{k - \ell}{k - \ell^*}, \frac{\ell}{\ell^*})\, \mathrm{OPT}$ (statement FSS-D1), for rules
# whose scores add up over people: SNTV, Bloc and Borda. It supposes that $S_\ell$ is the best such set by the *true*
# scores. The lines show what is chosen by the *reported* rankings, which is as good only where these order the people
# within each group as the true scores do. Bloc and Borda come near it. SNTV does not: most of the group have no
# reported first place left, and its line falls below the dotted one at $\ell^* = 4$. PAV and Chamberlin-Courant are
# drawn thin, since nothing is promised for them.

# %%
quotas = np.arange(K + 1)
allowed = np.array([float(fss.theory.quota_loss(K, quota, K // 2)) for quota in quotas.tolist()])
figure, axis = plt.subplots(figsize=(6, 3.4), layout="constrained")
for marker, (name, (_, *line)) in zip("osD^v", kept.items(), strict=True):
    adds_up = name in ("SNTV", "Bloc", "Borda")
    axis.plot(quotas, line, label=name, **({"marker": marker, "markersize": 4} if adds_up else {"linewidth": 0.7}))
axis.plot(quotas, allowed, "k:", label="allowed, where scores add up")
axis.set(xlabel="people of the group among eight", ylabel="kept of the true optimum", ylim=(0, 1.03))
axis.legend()
assert (kept["Borda"][1:] > allowed - 1e-3).all()
assert (kept["Bloc"][1:] > allowed - 1e-3).all()
assert kept["SNTV"][1 + K // 2] < 1 - 0.02
# by the true scores the statement holds in each draw, with the number l* that the draw has
another = make_panel(MEMBERS, np.random.default_rng(2))
for name in ("SNTV", "Bloc", "Borda"):
    true = fss.quota_sweep(another.latent, another.latent, rules[name], k=K, disadvantaged=group)
    promised = [float(fss.theory.quota_loss(K, quota, true.optimal_quota)) for quota in true.quotas.tolist()]
    assert (true.ratios >= np.array(promised) - 1e-9).all()
plt.close(figure)  # shown once, as the value of this cell
figure

# %% [markdown]
# ## A choice that proves how good it is
#
# Chamberlin-Courant sets are hard to find; the greedy one comes with a certificate. Two of them, in fact: one for the
# reported rankings, from the marginals of the last step, and, for whoever gets to see the true rankings afterwards, one
# for the true score.

# %%
half = {False: K // 2, True: K // 2}
chosen = fss.select(panel.observed, rules["Borda-CC"], K, groups=group, quota=half, method="greedy")
print(chosen)
optimum = fss.select(panel.observed, rules["Borda-CC"], K, groups=group, quota=half)
print(f"greedy {chosen.score}, best {optimum.score}, proved: no set has more than {chosen.certificate.bound:.0f}")
assert chosen.score <= optimum.score <= chosen.certificate.bound
assert chosen.certificate.verify((panel.observed, rules["Borda-CC"]))
afterwards = fss.certify_transfer(panel.latent, rules["Borda-CC"], chosen.items, groups=group)
best = fss.select(panel.latent, rules["Borda-CC"], K, groups=group, quota=half, method="brute-force").score
print(f"true score: at least {afterwards.ratio:.2f} of the optimum for sure, in fact {afterwards.achieved / best:.3f}")
assert afterwards.ratio <= afterwards.achieved / best

# %% [markdown]
# ## How many rankings does each rule need?
#
# For rules that add up there is a theorem (FSS-T1, with constants derived here). It looks at the mean scores of people
# in one ranking: alpha is the least of them, as a share of the most that one ranking can give, and gamma says how alike
# two people of one group look when one is clearly worse. Here we ask that people of quality 8 or 4 come before those of
# quality 1. For this law of rankings all mean scores are known in closed form, so nothing is estimated; beside the
# theorem's number stands the one that was enough in nine of ten simulated panels, and the quotient of both.


# %%
def means(rule):
    seen = np.where(group, THETA * quality, quality)
    return [np.round(fss.theory.expected_scores("plackett-luce", rule, q.tolist()), 9) for q in (quality, seen)]


def enough(rule, latent, beta, rng, panels=200):
    """The least n, on a grid, at which nine of ten panels separate."""
    seen, n = np.where(group, THETA * quality, quality), 4
    while True:
        sample = {"n_items": M, "n_runs": panels, "rng": rng, "quality": seen}
        scores = fss.sample_item_scores("plackett-luce", rule, n, **sample)
        if fss.separates(latent, scores, groups=group, beta=beta).mean() >= 0.9:
            return n
        n = int(np.ceil(1.15 * n))


table = {}
print(f"{'rule':<6} {'alpha':>7} {'gamma':>6} {'theorem':>8} {'measured':>9} {'quotient':>9}")
for name in ("SNTV", "Bloc", "Borda"):
    latent, observed = means(rules[name])
    smooth = fss.smoothness(latent, observed, rules[name], groups=group)
    beta = latent[2] / latent[1] + 1e-6  # quality 1 scores at most beta times what quality 4 does
    needed = smooth.rankings_needed(beta, delta=0.1)
    measured = enough(rules[name], latent, beta, np.random.default_rng(2))
    table[name] = needed, measured
    row = f"{name:<6} {smooth.alpha:>7.4f} {smooth.gamma(beta):>6.3f} {needed:>8} {measured:>9}"
    print(f"{row} {needed / measured:>9.0f}")
assert all(10 < needed / measured < 300 for needed, measured in table.values())
assert table["Borda"][1] < table["Bloc"][1]
assert table["Borda"][0] > table["Bloc"][0]  # the other way round
assert table["SNTV"][1] > 5 * table["Borda"][1]
assert table["SNTV"][0] > 3 * table["Borda"][0]

# %% [markdown]
# The theorem is careful, by the factor in the last column. It sets SNTV apart from the two rules that read more of each
# ranking, as the simulation does. But it puts Bloc before Borda, and the simulation says the opposite: an upper bound
# does not rank.
#
# ## When no number of rankings is enough
#
# So far the group still got some first places. Suppose the panel exchanges people until everybody outside the group
# stands before everybody in it. Then first places say nothing about the group, however many rankings are collected, and
# with a quota SNTV invites some of the group by lot. Borda still sees who of them is last and who is not.

# %%
rng = np.random.default_rng(3)
true = fss.sample_rankings("plackett-luce", 2000, M, quality=quality, rng=rng)
reported = fss.bias_swaps(true, group, phi=0.01, intensity=1.0, rng=rng).observed
first_places = fss.item_scores(reported, rules["SNTV"])
borda = fss.item_scores(reported, rules["Borda"])
print("first places of the group:", first_places[group])
print("Borda scores of the group:", borda[group])
assert first_places[group].max() == 0
by_quality = [borda[group][quality[group] == q] for q in (8, 4, 1)]
assert by_quality[0].min() > by_quality[1].max() > by_quality[1].min() > by_quality[2].max()
choice = fss.select(reported, rules["SNTV"], K, groups=group, quota=half, ties="random", rng=rng)
print("SNTV with a quota, decided by a tie:", choice.tied)
assert set(np.flatnonzero(group)) <= set(choice.tied)

# %% [markdown]
# ## The theorem as a check
#
# What this notebook shows on one panel, the statements of the package decide on many, and they find a solver that is
# wrong in one line:

# %%
evidence = lrtheory.check("fair_subset_selection/FSS-D1")
print(evidence.verdict, dict(evidence.saboteurs))
assert evidence.verdict == "supported"
assert set(evidence.saboteurs.values()) == {"refuted"}
