r"""Dual mirror descent: allocate scarce resources to requests that come one by one, whatever makes them come.

Each request offers actions, each of which earns a reward and uses up budgets. The algorithm keeps one *price* per
resource, takes the action with the best reward less priced cost, and moves the prices by mirror descent towards using
an equal share of the budget in each period:

* Seats, rooms, machines, servers: menus of actions             `allocate`, `DualMirrorDescent.decide`
* Campaign budgets in repeated auctions                          `pace`
* Assortments, proportional matching, your own optimizer         `oracles`, `DualMirrorDescent.decide_with`
* Consumption that is known only later                           `DualMirrorDescent.propose`, then `.observe`

It never learns how requests are generated, and yet its regret is O(sqrt T) when they are independent, little more when
they are corrupted, Markov or seasonal, and its competitive ratio is the best possible against an adversary
(`theory.regret_bound`). No convexity is needed. And every run comes with a proof of how good it was: the dual bound at
its average price, a number that no allocation in hindsight exceeds.

Examples
--------
An airline sells seats on eight legs; requests for 40 products come at random:

>>> from lrtheory import dual_mirror_descent as dmd
>>> stream = dmd.make_hub_and_spoke(800, rng=0)
>>> sold = dmd.allocate(stream, geometry="entropy", init=0.1 * stream.reward_bound, step_size=4 / 800**0.5)
>>> best = dmd.hindsight_optimum(stream)
>>> bool(0.97 < sold.reward / best.value <= 1)
True
>>> bool(best.value <= sold.certificate.bound)  # known without solving a linear program
True
>>> dmd.baselines.greedy(stream).reward < 0.9 * best.value
True

From a file, or a data frame, to an answer, in which names stay names (``lrtheory dual_mirror_descent allocate`` is the
same in a shell):

>>> log = {"request": ["ann", "ann", "bob"], "action": ["early", "late", "late"]}
>>> log |= {"reward": [3, 2, 1], "seats": [1, 1, 1]}
>>> dmd.allocate(dmd.Requests.from_frame(log).stream({"seats": 2}))
AllocationResult, 2 rows
request  action
ann      early
bob      late
earned 4; no allocation in hindsight earns more than 4 (dual_mirror_descent/DMD-L1)
seats: used 2 of 2, average price 0
every proposal was taken

The same one request at a time, with a state that can be saved:

>>> online = dmd.DualMirrorDescent(stream.budget, 800, step_size=0.1)
>>> online.decide(stream.rewards[0], stream.costs[0])
0
>>> restored = dmd.DualMirrorDescent(stream.budget, 800, step_size=0.1)
>>> restored.set_state(online.get_state())
>>> restored.n_seen
1

How much regret does theory allow, and what is it made of?

>>> bound = dmd.theory.regret_bound("iid", horizon=10_000, rate=[0.3], reward_bound=1.0, cost_bound=1.0)
>>> round(bound.total, 1), sorted(bound.terms)
(336.7, ['depletion', 'movement', 'start'])
"""

from __future__ import annotations

from lrtheory.dual_mirror_descent import baselines, oracles, theory
from lrtheory.dual_mirror_descent.allocate import AllocationResult, allocate
from lrtheory.dual_mirror_descent.batch import BatchResult, allocate_batch
from lrtheory.dual_mirror_descent.duality.optimum import DualityCertificate, Optimum, fluid_optimum, hindsight_optimum
from lrtheory.dual_mirror_descent.duality.weak import AllocationCertificate, dual_bound
from lrtheory.dual_mirror_descent.online import DualMirrorDescent
from lrtheory.dual_mirror_descent.oracles import Action
from lrtheory.dual_mirror_descent.pacing import PacingResult, pace
from lrtheory.dual_mirror_descent.problem import RequestStream
from lrtheory.dual_mirror_descent.streams.applications import make_display_ads, make_hub_and_spoke, make_online_lp
from lrtheory.dual_mirror_descent.streams.loaders import load_ads, load_flights, load_hotel
from lrtheory.dual_mirror_descent.streams.makers import (
    make_corrupted,
    make_markov,
    make_periodic,
    make_phases,
    make_uniform,
)
from lrtheory.dual_mirror_descent.streams.reading import Auctions, Budgets, Requests

__all__ = [
    "Action",
    "AllocationCertificate",
    "AllocationResult",
    "Auctions",
    "BatchResult",
    "Budgets",
    "DualMirrorDescent",
    "DualityCertificate",
    "Optimum",
    "PacingResult",
    "RequestStream",
    "Requests",
    "allocate",
    "allocate_batch",
    "baselines",
    "dual_bound",
    "fluid_optimum",
    "hindsight_optimum",
    "load_ads",
    "load_flights",
    "load_hotel",
    "make_corrupted",
    "make_display_ads",
    "make_hub_and_spoke",
    "make_markov",
    "make_online_lp",
    "make_periodic",
    "make_phases",
    "make_uniform",
    "oracles",
    "pace",
    "theory",
]


def _warmup() -> None:
    """Compile every kernel, by calling each path once on its smallest instance."""
    from scipy import sparse

    stream = RequestStream([1.0], [1.0], 1.0)  # whole numbers, kept in single precision
    for given in ((stream,), ([1.0], [1.0], 1.0)):
        for geometry in ("euclidean", "entropy"):
            allocate(*given, step_size=0.5, geometry=geometry).to_dict()  # which reads the certificate
    allocate([1.0], sparse.csr_array([[1.0]]), 1.0, step_size=0.5)
    allocate_batch(RequestStream([1.0], [1.0], 1.0, types=[[0]]), step_size=0.5)
    DualMirrorDescent(1.0, 1, step_size=0.5).decide_with(oracles.menu([1.0], [[1.0]]))
    pace([1.0], [0.5], 1.0)
