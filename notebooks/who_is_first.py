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
# # Who is first? Three wrong ways, and one with a theorem
#
# Language models answer in pairs, people choose the better answer, and a leaderboard is made of the battles. Somebody
# hands us such a log as a CSV file and asks which model is first. We make the file ourselves, so that we know the
# truth: twelve models whose Elo ratings are normal with a standard deviation of 60 points. After a while the sampler
# likes to show models that did well, as samplers of public arenas do.

# %%
import tempfile
from pathlib import Path

import numpy as np

import lrtheory
from lrtheory import alpha_rank

SEED = 0
rng = np.random.default_rng(SEED)
ratings = 60 * rng.standard_normal(12)
path = Path(tempfile.mkdtemp()) / "battles.csv"
alpha_rank.make_battles(ratings, 4800, schedule="adaptive", rng=rng).to_file(path)
print(path.read_text()[:120])

log = alpha_rank.MatchLog.from_file(path)
first = log.names[int(np.argmax(ratings))]
print("the first is", first)

# %% [markdown]
# ## The first wrong way: win rates
#
# The share of battles that a model wins depends on whom it met. The sampler sent the good models against good models,
# and so a good model may have a lower win rate than one that is worse.

# %%
board = alpha_rank.rank_models(log)
rates = dict(zip(board.names, board.win_rates.round(3).tolist(), strict=True))
in_truth = [log.names[i] for i in np.argsort(-ratings)]
print("by win rate:", sorted(rates, key=rates.get, reverse=True)[:5])
print("in truth:   ", in_truth[:5])

theta = ratings[log.players]  # no accident: the win rates that are expected with these opponents have another order
chances = 1 / (1 + 10 ** ((theta[:, ::-1] - theta) / 400))
expected = np.bincount(log.players.ravel(), chances.ravel()) / np.bincount(log.players.ravel())
assert [log.names[i] for i in np.argsort(-expected)] != in_truth

# %% [markdown]
# ## The second wrong way: who overlaps with the leader shares its rank
#
# Ratings by maximum likelihood take the opponents into account. The customary next step is a bootstrap: each rating
# gets an interval, and models whose intervals overlap share a rank. Three models show why this loses what the log
# knows. A beats B 40 to 10, and each of them is even with C, whom they hardly met. Nobody doubts that A is better than
# B; but how good both are is uncertain, and this common part makes the intervals wide.

# %%
pairs = [("A", "B")] * 40 + [("B", "A")] * 10 + [("A", "C"), ("C", "A"), ("B", "C"), ("C", "B")]
small = {"winner": [a for a, _ in pairs], "loser": [b for _, b in pairs]}
overlap = alpha_rank.baselines.bradley_terry_board(small, rng=0)
print(overlap)
p = alpha_rank.rank_models(small).p_values[0, 1]
print(f"exact p value of A above B: {p:.1e}")
assert not overlap.above.any()  # all share the first rank
assert p < 1e-4

# %% [markdown]
# The rule errs on the other side too, because many models are compared and the intervals do not know how many. And it
# is no order: with the intervals [10, 14], [5, 11] and [0, 6] the second shares the rank of the first, the third that
# of the second, and the third is below the first.
#
# ## The third wrong way: intervals of differences, one by one
#
# So one takes intervals of differences, which lose nothing. With twenty models there are 190 of them, and if each is
# wrong in up to 5 % of the logs, some of them is wrong far more often. We draw forty logs and count those in which some
# claim is false.

# %%
wrong = dict.fromkeys(("exact", "overlap", "difference"), 0)
for run in range(40):
    draws = np.random.default_rng([SEED, run])
    truth = 30 * draws.standard_normal(20)
    below = np.subtract.outer(truth, truth) < 0
    one = alpha_rank.make_battles(truth, 6000, rng=draws)
    wrong["exact"] += bool((alpha_rank.rank_models(one).above & below).any())
    for method in ("overlap", "difference"):
        found = alpha_rank.baselines.bradley_terry_board(one, method=method, n_resamples=200, rng=draws)
        wrong[method] += bool((found.above & below).any())
print("logs of 40 with a false claim:", wrong)
assert wrong["difference"] >= 10
assert wrong["exact"] <= 2

# %% [markdown]
# ## One assumption, and a theorem
#
# `rank_models` assumes one thing: *a better model does better against everybody* (strong stochastic transitivity, SST;
# Bradley-Terry and Thurstone are cases). Two models are then compared by how they do against the same opponents. If
# they are equal, their results against an opponent can be exchanged, which gives a p value that is exact for any number
# of battles and needs no fit. Model j stays among those who can be first unless some model is above it at 5 % over the
# number of its challengers, and so the first is lost with a probability of at most 5 %, however many models there are.
#
# In our file outcomes have chosen the battles, and this must be said. Otherwise the sentence holds "for a log whose
# battles and length no outcome has chosen", which is not our log.

# %%
print(board.message)  # the last words are the option of the shell
board = alpha_rank.rank_models(log, any_schedule=True)
print(board)
assert board.can_be_first[log.names.index(first)]
assert all(ratings[log.names.index(a)] > ratings[log.names.index(b)] for a, b in board.pairs())

# %% [markdown]
# Why it matters who has chosen: let all models be equal, let i meet 18 opponents, and let j meet only those whom i has
# beaten. Nobody is better, and yet the p value of a fixed log is below 5 % far more often than in 5 % of such logs. The
# theorem for any schedule charges the results that were left unanswered. Its check shows both sides, and the wrong
# variants that it refuted.

# %%
fixed, charged, draws = [], [], np.random.default_rng(SEED)
for _ in range(200):
    beaten = np.flatnonzero(draws.random(18) < 0.5)
    answers = draws.random(len(beaten)) < 0.5
    only_wins = {
        "model_a": ["i"] * 18 + ["j"] * len(beaten),
        "model_b": [*range(18), *beaten],
        "winner": np.concatenate([np.isin(range(18), beaten), answers]).astype(float),
    }
    for options, found in (({}, fixed), ({"any_schedule": True}, charged)):
        one = alpha_rank.rank_models(only_wins, **options)
        found.append(one.p_values[one.names.index("i"), one.names.index("j")] <= 0.05)
print(f"of 200 logs, i is above j at 5 % in {sum(fixed)} as of a fixed log, in {sum(charged)} under any schedule")
assert sum(fixed) > 50
assert sum(charged) <= 10

# %%
evidence = lrtheory.check("alpha_rank/SST-5")
print(evidence)
assert evidence.verdict == "supported"
assert set(evidence.saboteurs.values()) == {"refuted"}

# %% [markdown]
# ## Playing on
#
# Which battles would help? Direct ones, of the leader with the others who can be first. They need no charge, since both
# sides of the comparison are in one battle.

# %%
plan = alpha_rank.next_battles(log, n=600, any_schedule=True)
print(plan)
for _ in range(20):
    if not plan.plays.size:
        break
    others = np.repeat(plan.others, plan.plays)
    gap = ratings[others] - ratings[plan.leader]
    won = rng.random(len(others)) < 1 / (1 + 10 ** (gap / 400))
    chosen = np.stack([np.full(len(others), plan.leader), others], axis=1)
    players = np.array(log.names)[np.concatenate([log.players, chosen])]
    scores = np.concatenate([log.scores[:, 0], won])
    log = alpha_rank.MatchLog.from_frame({"model_a": players[:, 0], "model_b": players[:, 1], "winner": scores})
    plan = alpha_rank.next_battles(log, n=600, any_schedule=True)
print(f"{len(log.players):,} battles:", plan.message)
assert first in plan.message

# %% [markdown]
# In the shell the same takes two commands: `lrtheory alpha_rank rank battles.csv --any-schedule`, and `lrtheory
# alpha_rank next battles.csv --any-schedule -n 600`.
