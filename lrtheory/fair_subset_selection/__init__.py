r"""Fair subset selection: choose k of m items by rankings of a panel that is biased against a group.

A *score function* adds up the points that each of n rankings gives to a set of items, and the best set of k items is
chosen. Bias moves the items of a group down, and the best set of the biased rankings may be bad for the unbiased,
latent ones, which nobody sees. A *quota*, a number of items of the group that must be chosen, can bring the latent
optimum back; the number of rankings that this takes depends on the score function. Borda, which reads whole rankings,
needs a number that grows with log m; SNTV, which reads tops alone, may need exponentially many.

Three words of the statements. A ranking gives an item at position p the points w(p). It gives a set of items the sum of
their points, the largest times lambda_1, the second largest times lambda_2 and so on: these lambda are the *OWA
weights* (ordered weighted average), and a rule whose weights are all 1 is *separable*. Under a separable rule item i
has the mean latent score f_i and the mean observed score g_i in one ranking, and tau_1 is the most that one ranking can
give. The score is *(alpha, beta, gamma)-smooth* if f_i and g_i are at least alpha tau_1 for all items, and if for two
items i and j of one group beta f_i >= f_j implies gamma g_i >= g_j: what is clearly better is seen to be better.
*beta_plus* is the smallest ratio f_j / f_i above beta within a group, or 1 if there is none; it is the share of the
optimum that quotas keep once there are enough rankings.

* Choose under quotas:                                `select`, `select_by_scores`, `ScoreRule`
* What is each quota worth, under this bias?          `quota_sweep`, `quota_curves`
* How many rankings does a rule need?                 `smoothness`, `theory.rankings_needed`
* How far is a greedy choice from the optimum?        ``Selection.certificate``, `certify_transfer`
* Where do rankings and bias come from?               `sample_rankings`, `bias_utilities`, `bias_swaps`, ``load_...``

Rankings are given by positions or by orders, strict or with ties, complete or truncated, with multiplicities
(`Rankings`). Where they are too many to exist at once, `ranking_blocks` streams into `item_scores`.

From a file to an answer, in the shell::

    lrtheory fair_subset_selection choose board.soi -k 5 --groups board_members.csv --at-least f=2
    lrtheory fair_subset_selection quotas board.soi -k 5 --groups board_members.csv --of f

Examples
--------
Ballots and groups in tables, as `Rankings.from_file` and ``groups="members.csv"`` read them, and names in the answer:

>>> from lrtheory import fair_subset_selection as fss
>>> votes = fss.Rankings.from_frame({"first": ["Ann", "Ann", "Bob"], "second": ["Bob", "Cat", "Ann"]})
>>> members = {"name": ["Cat", "Bob", "Ann"], "gender": ["m", "m", "f"]}
>>> chosen = fss.select(votes, "borda", 2, groups=fss.ItemGroups.from_frame(members), at_most={"f": 0})
>>> chosen.names, chosen.groups, chosen.score
(('Bob', 'Cat'), ('m', 'm'), 4)

Twenty candidates, ten of them seen at a tenth of their quality, a shortlist of six:

>>> import numpy as np
>>> from fractions import Fraction
>>> rng = np.random.default_rng(0)
>>> quality = np.tile([8, 1], 10)
>>> women = np.arange(20) >= 10
>>> utilities = fss.sample_utilities("plackett-luce", 200, 20, quality=quality, rng=rng)
>>> panel = fss.bias_utilities(utilities, women, theta=0.1, rng=rng)
>>> borda = fss.ScoreRule("borda")
>>> sweep = fss.quota_sweep(panel.latent, panel.observed, borda, k=6, disadvantaged=women)
>>> sweep.unconstrained_quota, bool(sweep.ratios.max() > sweep.unconstrained + 0.1)
(0, True)

How many rankings would have been enough, by the theorem and with the closed form of the mean scores?

>>> biased = [q * (Fraction(1, 10) if i >= 10 else 1) for i, q in enumerate(quality.tolist())]
>>> means = [fss.theory.expected_scores("plackett-luce", borda, q) for q in (quality, biased)]
>>> smooth = fss.smoothness(*means, borda, groups=women)
>>> beta = smooth.betas[0]
>>> smooth.beta_plus(beta), smooth.rankings_needed(beta, delta=0.1) < 3000
(1.0, True)
"""

from __future__ import annotations

from lrtheory.fair_subset_selection import baselines, theory
from lrtheory.fair_subset_selection.answers import Selection
from lrtheory.fair_subset_selection.ballots import preflib
from lrtheory.fair_subset_selection.ballots.groups import ItemGroups
from lrtheory.fair_subset_selection.certificates import (
    SelectionCertificate,
    TransferCertificate,
    certify_transfer,
)
from lrtheory.fair_subset_selection.panels.bias import BiasedRankings, bias_swaps, bias_utilities, group_inversions
from lrtheory.fair_subset_selection.panels.loaders import (
    Applicants,
    RatedItems,
    load_applicants,
    load_cambridge_ballots,
    load_pref_profiles,
    load_rated_items,
)
from lrtheory.fair_subset_selection.panels.models import (
    ranking_blocks,
    sample_item_scores,
    sample_rankings,
    sample_top_counts,
    sample_utilities,
)
from lrtheory.fair_subset_selection.panels.traps import make_greedy_trap
from lrtheory.fair_subset_selection.problem import Rankings
from lrtheory.fair_subset_selection.scores import ScoreRule, committee_score, item_scores
from lrtheory.fair_subset_selection.select import select, select_by_scores
from lrtheory.fair_subset_selection.smoothness import Smoothness, smoothness
from lrtheory.fair_subset_selection.sweep import QuotaCurves, QuotaSweep, quota_curves, quota_sweep, separates

__all__ = [
    "Applicants",
    "BiasedRankings",
    "ItemGroups",
    "QuotaCurves",
    "QuotaSweep",
    "Rankings",
    "RatedItems",
    "ScoreRule",
    "Selection",
    "SelectionCertificate",
    "Smoothness",
    "TransferCertificate",
    "baselines",
    "bias_swaps",
    "bias_utilities",
    "certify_transfer",
    "committee_score",
    "group_inversions",
    "item_scores",
    "load_applicants",
    "load_cambridge_ballots",
    "load_pref_profiles",
    "load_rated_items",
    "make_greedy_trap",
    "quota_curves",
    "quota_sweep",
    "ranking_blocks",
    "sample_item_scores",
    "sample_rankings",
    "sample_top_counts",
    "sample_utilities",
    "select",
    "select_by_scores",
    "separates",
    "smoothness",
    "theory",
]


def _warmup() -> None:
    """Compile every kernel, by calling each path once on its smallest instance."""
    import numpy as np

    rng = np.random.default_rng(0)
    for model in ("impartial-culture", "mallows", "urn", "single-peaked"):
        sample_rankings(model, 2, 3, rng=rng)
    panel = Rankings([[0, 1], [1, 0]])
    Rankings(**preflib.parse("# ALTERNATIVE NAME 1: a\n1: 1"))
    Rankings([[0, 0]], ties="average")
    bias_swaps(panel, [0], phi=0.5, intensity=1.0, rng=rng)
    sample_rankings("plackett-luce", 1, 2, quality=[1.0, 2.0], rng=rng)
    for rule in (ScoreRule("borda"), ScoreRule("positional", position_weights=[1.0, 0.0])):
        select(panel, rule, 1)
    for rule in (ScoreRule("borda-cc"), ScoreRule("owa", position_weights=[0.5, 0.0], owa=[1, 0.5])):
        select(panel, rule, 2)
        select(panel, rule, 2, method="greedy")
        certify_transfer(panel, rule, [0])
    select(panel, ScoreRule("owa", position_weights=[0.5, 0.0], owa=[1]), 2)
    quota_curves([0.0, 1.0], [[0.0, 1.0]], 1, disadvantaged=[0])
