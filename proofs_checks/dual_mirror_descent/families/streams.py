"""Sequences of requests with dyadic numbers, on which Euclidean runs are exact in doubles."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lrtheory.bounds import Draws, Family, Number, Numbers, OutcomeError, formula
from lrtheory.dual_mirror_descent import AllocationResult, RequestStream, allocate


@dataclass(frozen=True)
class Requests:
    """Requests are menus in the order of their arrival, a budget, and the options of dual mirror descent on them.

    `rewards` (T, d), `costs` (T, d, m), `rate` (m,) = budget / T, `init` (m,) the prices before the first request.
    """

    rewards: np.ndarray
    costs: np.ndarray
    rate: np.ndarray
    init: np.ndarray
    step_size: float
    geometry: str = "euclidean"
    lazy: bool = False

    @property
    def horizon(self) -> int:
        """The number of requests, T."""
        return len(self.rewards)

    @property
    def reward_bound(self) -> float:
        """The largest reward, f bar."""
        return max(0, self.rewards.max())

    @property
    def cost_bound(self) -> np.ndarray:
        """The largest cost of each resource, b bar (m,)."""
        return np.maximum(self.costs.max(axis=(0, 1)), 0)

    @property
    def stream(self) -> RequestStream:
        """The requests as a stream, which is what solvers take."""
        return RequestStream(self.rewards, self.costs, self.rate * self.horizon)


def run(requests: Requests, rng: np.random.Generator | None = None, **options) -> AllocationResult:
    """Run dual mirror descent, and record the prices before every request and after the last."""
    chosen = {
        "geometry": requests.geometry,
        "step_size": requests.step_size,
        "init": requests.init,
        "lazy": requests.lazy,
        "record": True,
    } | options
    return allocate(requests.stream, **chosen)


@dataclass(frozen=True)
class Walk:
    """A walk has the prices before every request and after the last, (T + 1, m), and the proposed actions, (T,)."""

    prices: np.ndarray
    proposed: np.ndarray


@dataclass(frozen=True)
class Service(Walk):
    """A service is a walk with the actions that were taken, (T,), and the stopping time that is reported."""

    actions: np.ndarray
    stopping_time: int


def walked(requests: Requests, rng: np.random.Generator | None = None, **options) -> Walk:
    """Return the prices and proposals of a run."""
    found = run(requests, rng, **options)
    return Walk(found.trace["prices"], found.proposed)


def served(requests: Requests, rng: np.random.Generator | None = None, **options) -> Service:
    """Return the prices, proposals and actions of a run, and its stopping time."""
    found = run(requests, rng, **options)
    return Service(found.trace["prices"], found.proposed, found.actions, found.stopping_time)


def legal(requests: Requests, actions: np.ndarray) -> np.ndarray:
    """Return the actions if there is one per request, -1 for none or an index into the menu; refuse others."""
    d = requests.rewards.shape[1]
    known = actions.dtype.kind in "iu" and actions.shape == (requests.horizon,)
    if not (known and ((actions >= -1) & (actions < d)).all()):
        raise OutcomeError(f"one action a request is due, -1 for none or an index below {d}")
    return actions


def spent(requests: Requests, actions: np.ndarray) -> np.ndarray:
    """Return the units that the actions (T,) use, (T, m); the void action -1 uses nothing."""
    t, actions = np.arange(requests.horizon), legal(requests, actions)
    return requests.costs[t, actions] * (actions >= 0)[:, None]


def earned(requests: Requests, actions: np.ndarray) -> np.ndarray:
    """Return the rewards of the actions (T,), (T,); the void action -1 earns nothing."""
    t, actions = np.arange(requests.horizon), legal(requests, actions)
    return requests.rewards[t, actions] * (actions >= 0)


def off_the_start(requests: Requests, walk: Walk) -> np.ndarray:
    """Measure how far the first prices are from mu_1, (1,); every bound presupposes them."""
    if walk.prices.shape != (requests.horizon + 1, len(requests.rate)):
        raise OutcomeError("one row of prices is due before every request and after the last")
    return np.array([np.abs(walk.prices[0] - requests.init).max()])


def conjugates(rewards: np.ndarray, costs: np.ndarray, prices: np.ndarray) -> np.ndarray:
    """Compute f*_t(mu_t) = max(0, max_x f_t(x) - mu_t . b_t(x)), (T,); prices (T, m), or (m,) for all requests."""
    reduced = rewards - (costs * np.broadcast_to(prices, (len(rewards), costs.shape[2]))[:, None]).sum(2)
    return np.maximum(reduced.max(1), 0)


def off_the_rules(requests: Requests, walk: Walk) -> np.ndarray:
    """Measure how far the first prices are from mu_1, and how much best replies would gain on the proposals, (2,)."""
    # a bound on the regret of prices means little for an algorithm whose proposals do not follow its prices
    prices, start = walk.prices[:-1], off_the_start(requests, walk)
    proposals = earned(requests, walk.proposed) - (spent(requests, walk.proposed) * prices).sum(1)
    return np.r_[start, (conjugates(requests.rewards, requests.costs, prices) - proposals).max()]


def first_shortage(requests: Requests, proposed: np.ndarray) -> int:
    """Compute tau, the first time after which at most b bar is left of a resource by the proposals; T if there is none.

    It is 0 where b bar exceeds the whole budget: with tau = 1 the first proposal might not fit (statement DMD-L6).
    """
    if (requests.cost_bound > requests.rate * requests.horizon).any():
        return 0
    used = np.cumsum(spent(requests, proposed), axis=0)
    over = (used + requests.cost_bound >= requests.rate * requests.horizon).any(1)
    return int(over.argmax()) + 1 if over.any() else requests.horizon


@formula(mu="(-inf, inf)", eta="[0, inf)", rho="(-inf, inf)", b="(-inf, inf)")
def projected_step(mu: Numbers, eta: Number, rho: Numbers, b: Numbers) -> Numbers:
    """The prices after a Euclidean step of size eta from mu, where rho is the rate and b the cost of the proposal.

    A lazy run takes one step from the first prices, with the sums of the rates and of the costs so far.

    Proof
    -----
    Assumes: eta is constant (argument check).

    Proof: the next prices minimize eta g . nu + |nu - mu|^2 / 2 over nu >= 0, where g = rho - b. This is a sum over
    resources of parabolas with the vertices mu_j - eta g_j, so each coordinate is its vertex, or 0 where that is
    negative. For lazy steps g is the sum of all gradients so far, and mu holds the first prices.
    """
    return np.maximum(mu - eta * (rho - b), 0)


def reference(requests: Requests, *, by: str = "proposal") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Run the Euclidean algorithm without kernels, in any numbers: prices (T + 1, m), proposals (T,), actions (T,).

    The prices move by what the proposal uses, or with `by` "action" by what the action uses, which is wrong.
    """
    rate, left = requests.rate, requests.rate * requests.horizon
    prices, proposed, actions = [np.maximum(requests.init, 0)], [], []
    rates, costs_so_far = 0 * rate, 0 * rate
    for rewards, costs in zip(requests.rewards, requests.costs, strict=True):
        reduced = rewards - (costs * prices[-1]).sum(1)
        proposal = int(reduced.argmax()) if reduced.max() > 0 else -1
        used = costs[proposal] * (proposal >= 0)
        action = proposal if (used <= left).all() else -1
        left = left - costs[action] * (action >= 0)
        moved_by = used if by == "proposal" else costs[action] * (action >= 0)
        rates, costs_so_far = rates + rate, costs_so_far + moved_by
        start, step = (requests.init, (rates, costs_so_far)) if requests.lazy else (prices[-1], (rate, moved_by))
        prices.append(projected_step(start, requests.step_size, *step))
        proposed.append(proposal)
        actions.append(action)
    return np.array(prices), np.array(proposed), np.array(actions)


def requests(rewards, costs, rate, *, init=None, step_size=0.5, geometry="euclidean", lazy=False) -> Requests:
    """Make requests from rewards (T,) or (T, d), costs that broadcast to (T, d, m), and a rate per resource."""
    # an entropy never leaves a price of 0, and multiplies: it starts at 1/4
    rewards = np.asarray(rewards, float)
    rewards = rewards[:, None] if rewards.ndim == 1 else rewards
    rate = np.atleast_1d(np.asarray(rate, float))
    costs = np.broadcast_to(np.asarray(costs, float), (*rewards.shape, len(rate)))
    start = 0.25 if "entropy" in geometry else 0.0
    init = np.full(len(rate), start) if init is None else np.asarray(init, float)
    return Requests(rewards, np.ascontiguousarray(costs), rate, init, step_size, geometry, lazy)


# two resources and two actions, from unequal prices that are both positive
TWO = requests([[1, 0.5], [0.25, 1], [0.5, 0.5], [1, 0.25]], [[0.5, 0.25], [1, 0]], [0.25, 0.5], init=[0.5, 0.25])


SECOND = requests([[0.25, 1.0]], [[0.125], [1.0]], 1.0)  # the better action is the second, and uses more


SHORT_TRACE = requests([1, 0.25, 0.5], 1.0, 0.5)  # accept, reject, propose without a budget


EMPTY = requests([[0.0, 0.0]] * 2, 0.5, [0.5, 0.25])


EXACT_FIT = requests([1, 1, 1, 1], 1.0, 0.5, step_size=1 / 16)  # two units for four requests


HUGE = requests([1, 0.5], [[[4.0]], [[0.5]]], 1.0)  # the first request costs more than the whole budget


ODD_BUDGET = requests([1, 1, 0.5, 0.75], 1.0, 0.375, step_size=0.25)  # a budget of 3/2 for unit costs


FROM_HIGH_PRICES = requests([0.5, 0.5, 1, 1], 1.0, 0.5, init=[2.0], step_size=0.25)  # above any reward, then falling


# Powers of two, and below eighths and sixteenths: prices, gradients and their products are then sums of few powers of
# two, which doubles hold exactly over as many requests as are drawn.
STEP_SIZES = (1 / 16, 1 / 4, 1.0)


def draw_menus(draws: Draws, sizes: tuple[int, int, int] = (32, 3, 3)) -> Requests:
    """Draw random, rising, falling or two-phase rewards; up to `sizes` requests, actions and resources."""
    horizon, d, m = (draws.integers(1, most) for most in sizes)
    rewards = draws.integers(0, 16, shape=(horizon, d)) / 16
    order = draws.choice(("random", "rising", "falling", "phases"))
    if order in ("rising", "falling"):
        rewards = np.sort(rewards, axis=0)[:: 1 if order == "rising" else -1]
    if order == "phases":
        rewards[: horizon // 2] /= 8
    costs = draws.integers(0, 8, shape=(horizon, d, m)) / 8
    rate = draws.integers(1, 8, shape=m) / 8
    init = draws.choice((0, 1)) * draws.integers(0, 16, shape=m) / 8
    return Requests(
        np.ascontiguousarray(rewards), costs, rate, init, draws.choice(STEP_SIZES), lazy=bool(draws.integers(0, 1))
    )


def nearby(instance: Requests, draws: Draws) -> Requests:
    """Exchange one reward, or double or halve the step: a neighbor for the hill climb."""
    if draws.integers(0, 3) == 0:
        return replace(instance, step_size=instance.step_size * draws.choice((0.5, 2.0)))
    rewards = instance.rewards.copy()
    rewards[draws.integers(0, instance.horizon - 1)] = draws.integers(0, 16) / 16
    return replace(instance, rewards=rewards)


ALWAYS = (SHORT_TRACE, EMPTY, EXACT_FIT, HUGE, ODD_BUDGET, FROM_HIGH_PRICES, TWO, SECOND)


#: a price that falls to zero, where the bounds on regret are attained; and lazy steps
TO_ZERO = requests([0, 0], 1.0, 0.5, init=[0.5])


LAZY = replace(TWO, lazy=True)


MENUS = Family("menus", always=(*ALWAYS, TO_ZERO, LAZY), draw=draw_menus, climb=nearby)


def draw_geometry(draws: Draws) -> Requests:
    """Draw menus of up to 16 requests under any other geometry; rates are powers of two, so quotients are exact."""
    drawn = draw_menus(draws, (16, 2, 3))
    rate = 2.0 ** -draws.integers(0, 3, shape=len(drawn.rate))
    geometry = draws.choice(("scaled-euclidean", "entropy", "capped-entropy"))
    init = drawn.init if geometry == "scaled-euclidean" else (1 + draws.integers(0, 15, shape=len(rate))) / 16
    if geometry == "capped-entropy":  # the prices start inside the domain rate . mu <= f bar
        init = init * min(1.0, max(drawn.reward_bound, 1 / 16) / (2 * float(rate @ init)))
    lazy = drawn.lazy and geometry != "capped-entropy"
    return replace(drawn, rate=rate, geometry=geometry, init=init, lazy=lazy)


def draw_uncapped(draws: Draws) -> Requests:
    """Draw menus under scaled Euclidean steps or the entropy without cap."""
    drawn = draw_geometry(draws)
    geometry = "entropy" if drawn.geometry == "capped-entropy" else drawn.geometry
    return replace(drawn, geometry=geometry, init=drawn.init + 1 / 16)  # above 0, which the entropy never leaves


GEOMETRIES = Family(
    "geometries",
    always=(
        requests([1, 0.25, 0.5], 1.0, 0.5, geometry="scaled-euclidean"),
        requests([1, 0.25, 0.5], 1.0, 0.5, geometry="entropy"),
        requests([1, 0.25, 0.5], 1.0, 0.5, geometry="capped-entropy"),
        replace(TWO, geometry="entropy"),
        replace(TWO, geometry="scaled-euclidean"),
        replace(TWO, geometry="capped-entropy"),
    ),
    draw=draw_geometry,
)


ENTROPY = Family(
    "entropy",
    always=(GEOMETRIES.always[1], GEOMETRIES.always[3]),
    draw=lambda draws: replace(draw_uncapped(draws), geometry="entropy"),
)


def draw_any(draws: Draws) -> Requests:
    """Draw menus under any geometry, eager or lazy."""
    return draw_menus(draws) if draws.integers(0, 1) else draw_geometry(draws)


ANY_GEOMETRY = Family("any-geometry", always=(*ALWAYS, TO_ZERO, LAZY, *GEOMETRIES.always), draw=draw_any)
