"""Along one run: mirror descent, the box that holds the prices, depletion, and what never changes (deterministic)."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Sides, Statement, always, rounding, saboteur
from lrtheory.dual_mirror_descent import AllocationResult, steps, theory
from proofs_checks.dual_mirror_descent import mutants
from proofs_checks.dual_mirror_descent.families.streams import (
    ANY_GEOMETRY,
    CAPPED,
    CAPPED_BY_RESCALING,
    EAGER_MENUS,
    EVERY_GEOMETRY,
    GEOMETRIES,
    MENUS,
    SCARCE,
    UNCAPPED,
    Requests,
    conjugates,
    earned,
    first_shortage,
    is_capped,
    run,
    runs_out,
    spent,
)


def gradients(requests: Requests, result: AllocationResult) -> np.ndarray:
    """g_t = rate - b_t(proposed action), (T, m)."""
    return requests.rate - spent(requests, result.proposed)


def path_rounding(requests: Requests, result: AllocationResult) -> float:
    """Rounding of sums along a run whose prices take exp and log; none on Euclidean runs, which are exact here."""
    if requests.geometry == "euclidean":
        return 0.0
    largest = 1 + np.abs(result.trace["prices"]).max() * (requests.cost_bound + requests.rate.max())
    scale = largest * (1 + 1 / requests.step_size) / requests.rate.min() ** 2
    return rounding(64 * requests.horizon * len(requests.rate), requests.horizon * scale)


def comparators(requests: Requests) -> np.ndarray:
    """The prices 0 and (f bar / rate_j) e_j of the regret bounds, one a row."""
    m, top = len(requests.rate), requests.reward_bound / requests.rate
    return np.vstack([0 * requests.rate[None], np.eye(m, dtype=int) * top])


# --- mirror descent --------------------------------------------------------------------------------------------------


def mirror_descent(requests: Requests, result: AllocationResult, comparator: np.ndarray) -> np.ndarray:
    """V_h(mu, mu_1) / eta + E_n after each number of steps n, (T,)."""
    prices = result.trace["prices"]
    return theory.mirror_descent_bound(
        gradients(requests, result),
        comparator,
        prices[0],
        step_size=requests.step_size,
        geometry=requests.geometry,
        prices=prices,
        rate=requests.rate,
        reward_bound=requests.reward_bound,
    )


def path_regret(requests: Requests, result: AllocationResult, share: Fraction = Fraction(1)) -> Sides:
    """Sum of g_t . (mu_t - mu) over the first n steps against its bound, for all n and comparators."""
    g, prices = gradients(requests, result), result.trace["prices"]
    others = comparators(requests)
    lhs = np.cumsum((g * prices[:-1]).sum(1)) - others @ np.cumsum(g, axis=0).T
    rhs = np.stack([mirror_descent(requests, result, mu) for mu in others])
    return Sides(lhs, rhs if share == 1 else share * rhs, rounding=path_rounding(requests, result))


FLIPPED = "the price rises when too little is spent"
FIRST_GAINFUL = (steps.best_action, "if value > best:", "if value > 0 and chosen < 0:")

DMD_L3 = Statement(
    id="dual_mirror_descent/DMD-L3",
    title="Mirror descent on the path",
    source=Derived(theory.mirror_descent_bound),
    tex=r"\sum_{t \le n} g_t \cdot (\mu_t - \mu) \le V_h(\mu, \mu_1)/\eta + E_n",
    hypotheses={"prices start at or above zero": lambda requests: bool((requests.init >= 0).all())},
    instances=MENUS,
    solve=run,
    claim=Inequality(path_regret),
    saboteurs=(
        saboteur(FLIPPED, patch=(steps.euclidean_step, "- eta *", "+ eta *")),
        saboteur("half of it", claim=Inequality(partial(path_regret, share=Fraction(1, 2)))),
        saboteur("steps twice as large", solve=mutants.larger_steps),
    ),
    notes="Eager and lazy steps, on numbers for which doubles are exact.",
)

DMD_L3_GEOMETRIES = Statement(
    id="dual_mirror_descent/DMD-L3-geometries",
    title="Mirror descent on the path, in the other geometries",
    source=Derived(theory.mirror_descent_bound),
    tex=r"\sum_{t \le n} g_t \cdot (\mu_t - \mu) \le V_h(\mu, \mu_1)/\eta + E_n",
    hypotheses={"prices start at or above zero": lambda requests: bool((requests.init >= 0).all())},
    instances=GEOMETRIES,
    solve=run,
    claim=Inequality(path_regret),
    saboteurs=(
        saboteur("steps twice as large", solve=mutants.larger_steps),
        saboteur("half of it", claim=Inequality(partial(path_regret, share=Fraction(1, 2)))),
    ),
    notes="Scaled Euclidean, entropy, and entropy capped at rate . mu <= f bar.",
)


def gradient_of_h(requests: Requests, prices: np.ndarray) -> np.ndarray:
    """The gradient of the reference function, up to a constant."""
    if requests.geometry == "euclidean":
        return prices
    if requests.geometry == "scaled-euclidean":
        return requests.rate**2 * prices
    return np.log(prices) * (requests.rate if requests.geometry == "capped-entropy" else 1)


def first_order(requests: Requests, result: AllocationResult) -> Sides:
    """0 against (eta g_t + grad h(mu_{t+1}) - grad h(mu_t)) . (mu - mu_{t+1}), for all t and comparators mu."""
    prices, slopes = result.trace["prices"], gradient_of_h(requests, result.trace["prices"])
    ascent = requests.step_size * gradients(requests, result) + slopes[1:] - slopes[:-1]
    rhs = ((comparators(requests)[:, None] - prices[1:]) * ascent).sum(2)
    return Sides(0 * rhs, rhs, rounding=path_rounding(requests, result))


DMD_L3_STEP = Statement(
    id="dual_mirror_descent/DMD-L3-step",
    title="Every step is the minimum that defines it",
    source=Derived(theory.mirror_descent_bound),
    tex=r"(\eta g_t + \nabla h(\mu_{t+1}) - \nabla h(\mu_t)) \cdot (\mu - \mu_{t+1}) \ge 0 \text{ for all } \mu",
    hypotheses={"eager steps": lambda requests: not requests.lazy},
    instances=EVERY_GEOMETRY,
    solve=run,
    claim=Inequality(first_order),
    saboteurs=(
        saboteur(FLIPPED, patch=(steps.euclidean_step, "- eta *", "+ eta *")),
        saboteur(
            "the entropy of mu, rescaled to rate . mu <= f bar, as in public code",
            solve=mutants.rescaled_entropy,
            instances=CAPPED_BY_RESCALING,
        ),
    ),
    notes="Rescaling is the projection for the entropy of rate . mu alone.",
)


def slackness(requests: Requests, result: AllocationResult, share: Fraction = Fraction(1)) -> Sides:
    """Sum of mu_t . g_t over the first n steps against V_h(0, mu_1) / eta + E_n, for all n; prices from below."""
    prices = result.trace["prices"]
    lhs = np.cumsum((gradients(requests, result) * prices[:-1]).sum(1))
    rhs = mirror_descent(requests, result, 0 * prices[0])
    least = least_prices(requests, result).ravel()
    rhs = np.r_[rhs if share == 1 else share * rhs, prices[1:].ravel()]
    return Sides(np.r_[lhs, least], rhs, rounding=path_rounding(requests, result))


DMD_L10 = Statement(
    id="dual_mirror_descent/DMD-L10",
    title="Prices and unspent budget are nearly complementary",
    source=Derived(theory.mirror_descent_bound),
    tex=r"\sum_{t \le n} \mu_t \cdot g_t \le V_h(0, \mu_1)/\eta + E_n",
    hypotheses={"prices start at or above zero": lambda requests: bool((requests.init >= 0).all())},
    instances=ANY_GEOMETRY,
    solve=run,
    claim=Inequality(slackness),
    saboteurs=(
        saboteur(FLIPPED, patch=(steps.euclidean_step, "- eta *", "+ eta *")),
        saboteur("four fifths of it", claim=Inequality(partial(slackness, share=Fraction(4, 5)))),
    ),
)


# --- the box ---------------------------------------------------------------------------------------------------------


def least_prices(requests: Requests, result: AllocationResult) -> np.ndarray:
    """What the prices after each request are at least: projections and caps at zero only raise them, (T, m)."""
    total = requests.step_size * np.cumsum(gradients(requests, result), axis=0)
    if requests.geometry == "entropy":
        return requests.init * np.exp(-total)
    if requests.geometry == "capped-entropy":
        return 0 * total  # its projection lowers prices
    return requests.init - (total / requests.rate**2 if requests.geometry == "scaled-euclidean" else total)


def in_the_box(requests: Requests, result: AllocationResult, share: Fraction = Fraction(1)) -> Sides:
    """Every price, after every request, against the end of its box, and what it is at least against it."""
    prices = result.trace["prices"]
    ends = np.array(
        theory.price_bound(
            rate=requests.rate,
            reward_bound=requests.reward_bound,
            cost_bound=requests.cost_bound,
            step_size=requests.step_size,
            init=prices[0],
            geometry=requests.geometry,
        )
    )
    highest = np.broadcast_to(ends if share == 1 else share * ends, prices.shape)
    lhs, rhs = np.vstack([prices, least_prices(requests, result)]), np.vstack([highest, prices[1:]])
    return Sides(lhs, rhs, rounding=path_rounding(requests, result))


DMD_L4 = Statement(
    id="dual_mirror_descent/DMD-L4",
    title="Prices stay in a box",
    source=Derived(theory.price_bound),
    tex=r"\mu_{t,j} \le \max(\mu_{1,j},\ \bar f/\rho_j + \eta(\bar b - \rho_j)^+)",
    hypotheses={"prices start at or above zero": lambda requests: bool((requests.init >= 0).all())},
    instances=MENUS,
    solve=run,
    claim=Inequality(in_the_box),
    saboteurs=(
        saboteur("steps twice as large", solve=mutants.larger_steps),
        saboteur("an eighth less", claim=Inequality(partial(in_the_box, share=Fraction(7, 8)))),
        saboteur(
            "an oracle that proposes at a loss",
            patch=(steps.best_action, "best = 0 * state[PRICE, 0]", "best = -4 + 0 * state[PRICE, 0]"),
        ),
    ),
    notes="Eager and lazy steps, no condition on the step size.",
)

DMD_L4_GEOMETRIES = Statement(
    id="dual_mirror_descent/DMD-L4-geometries",
    title="Prices stay in a box, scaled Euclidean and entropy",
    source=Derived(theory.price_bound),
    tex=r"\mu_{t,j} \le \max(\mu_{1,j},\ (\bar f/\rho_j) e^{\eta(\bar b - \rho_j)^+})",
    hypotheses={"no cap": lambda requests: requests.geometry in ("scaled-euclidean", "entropy")},
    instances=UNCAPPED,
    solve=run,
    claim=Inequality(in_the_box),
    saboteurs=(
        saboteur("steps three times as large", solve=partial(mutants.larger_steps, factor=3)),
        saboteur("half of it", claim=Inequality(partial(in_the_box, share=Fraction(1, 2)))),
    ),
)


def movement(requests: Requests, result: AllocationResult, share: Fraction = Fraction(1)) -> Sides:
    """How far the prices move at each step, in the l1 norm, against eta times the gradient; prices from below."""
    prices = result.trace["prices"]
    moved, least = np.abs(np.diff(prices, axis=0)).sum(1), least_prices(requests, result).ravel()
    rhs = theory.movement_bound(gradients(requests, result), step_size=requests.step_size)
    return Sides(np.r_[moved, least], np.r_[rhs if share == 1 else share * rhs, prices[1:].ravel()])


DMD_L8 = Statement(
    id="dual_mirror_descent/DMD-L8",
    title="Prices move by no more than the step",
    source=Derived(theory.movement_bound),
    tex=r"\|\mu_{t+1} - \mu_t\|_1 \le \eta \|g_t\|_1",
    hypotheses={"projected steps": always},
    instances=EAGER_MENUS,
    solve=run,
    claim=Inequality(movement),
    saboteurs=(
        saboteur("half of it", claim=Inequality(partial(movement, share=Fraction(1, 2)))),
        saboteur("steps twice as large", solve=mutants.larger_steps),
    ),
)


def capped_movement(requests: Requests, result: AllocationResult, share: Fraction = Fraction(1)) -> Sides:
    """How far rate . mu moves at each step, in the l1 norm, against eta f bar max_j |g_j| / rate_j; the start."""
    moved = (requests.rate * np.abs(np.diff(result.trace["prices"], axis=0))).sum(1)
    rhs = theory.movement_bound(
        gradients(requests, result),
        step_size=requests.step_size,
        geometry="capped-entropy",
        rate=requests.rate,
        reward_bound=requests.reward_bound,
    )
    start = result.trace["prices"][0]
    rhs = np.r_[rhs if share == 1 else share * rhs, start]
    return Sides(np.r_[moved, requests.init], rhs, rounding=path_rounding(requests, result))


DMD_L8_CAPPED = Statement(
    id="dual_mirror_descent/DMD-L8-capped",
    title="Prices of the capped entropy move by no more than the step",
    source=Derived(theory.movement_bound),
    tex=r"\sum_j \rho_j |\mu_{t+1,j} - \mu_{t,j}| \le \eta \bar f \max_j |g_{t,j}|/\rho_j",
    hypotheses={"prices start within the cap": is_capped},
    instances=CAPPED,
    solve=run,
    claim=Inequality(capped_movement),
    saboteurs=(
        saboteur("a quarter of it", claim=Inequality(partial(capped_movement, share=Fraction(1, 4)))),
        saboteur("steps four times as large", solve=partial(mutants.larger_steps, factor=4.0)),
    ),
)


# --- depletion and the path identity ---------------------------------------------------------------------------------


def depleted(requests: Requests, result: AllocationResult) -> np.ndarray:
    """The resources that end the run at the stopping time: less than b bar is left of them."""
    used = spent(requests, result.proposed[: result.stopping_time]).sum(0)
    return used + requests.cost_bound >= requests.rate * requests.horizon


def time_left(requests: Requests, result: AllocationResult, slack: int = 1) -> Sides:
    """T - tau against what the price of each depleted resource says."""
    prices, tau = result.trace["prices"], result.stopping_time
    bound = theory.depletion_bound(
        prices[tau],
        prices[0],
        rate=requests.rate,
        cost_bound=slack * requests.cost_bound,
        step_size=requests.step_size,
    )
    rhs = np.array(bound)[depleted(requests, result)]
    return Sides(np.broadcast_to(requests.horizon - tau, rhs.shape), rhs)


DMD_L5 = Statement(
    id="dual_mirror_descent/DMD-L5",
    title="A resource that runs out early has a high price",
    source=Derived(theory.depletion_bound),
    tex=r"\rho_j (T - \tau) \le \bar b + (\mu_{\tau+1,j} - \mu_{1,j})/\eta",
    hypotheses={"a resource runs out": runs_out},
    instances=SCARCE,
    solve=run,
    claim=Inequality(time_left),
    saboteurs=(
        saboteur(FLIPPED, patch=(steps.euclidean_step, "- eta *", "+ eta *")),
        saboteur("without b bar", claim=Inequality(partial(time_left, slack=0))),
    ),
)


def path_value(requests: Requests, result: AllocationResult) -> Sides:
    """Reward up to the stopping time against the sums of D_t(mu_t) and of mu_t . g_t; that time by its definition."""
    early, prices = slice(result.stopping_time), result.trace["prices"][:-1]
    dual = conjugates(requests.rewards, requests.costs, prices) + prices @ requests.rate
    regret = (prices * gradients(requests, result)).sum(1)
    value = theory.path_identity(dual[early].sum(), regret[early].sum())
    gained = earned(requests, result.actions)[early].sum()
    times = [result.stopping_time, first_shortage(requests, result.proposed)]
    return Sides([gained, times[0]], [value, times[1]], rounding=path_rounding(requests, result))


DMD_L6 = Statement(
    id="dual_mirror_descent/DMD-L6",
    title="Reward until depletion is dual value less path regret",
    source=Derived(theory.path_identity),
    tex=r"\sum_{t \le \tau} f_t(x_t) = \sum_{t \le \tau} [D_t(\mu_t) - \mu_t \cdot g_t]",
    hypotheses={"tau = 0 where a request may cost more than the budget": always},
    instances=MENUS,
    solve=run,
    claim=Identity(path_value),
    saboteurs=(
        saboteur("the first gainful action", patch=FIRST_GAINFUL),
        saboteur("stops when the budget is gone", solve=mutants.stops_late),
        saboteur("tau = 1 where a request costs more than the budget", solve=mutants.stops_at_one),
    ),
)
