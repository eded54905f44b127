"""Personalised assortments under a multinomial logit, with limited inventory: the gap that a run proves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, below, beside, between, draw_power, draw_runs, headline, log_axes, slope, stream
from lrtheory.dual_mirror_descent import DualMirrorDescent, oracles

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 0
N_PRODUCTS = 10
CLASSES = (0.5, 0.3, 0.2)
SIZE = 2
KNOWN = published("dual_mirror_descent")["assortment"]
LIMITS = {None: "no limit", SIZE: f"at most {SIZE} products"}
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"repetitions": 3, "horizon": KNOWN["horizon"][:3]},
    "full": {"repetitions": 20, "horizon": KNOWN["horizon"]},
}


class Shop(NamedTuple):
    """A market has revenues of products, their weights for each class of customers, and units per customer."""

    revenues: np.ndarray
    weights: np.ndarray
    rate: np.ndarray

    def offers(self, k: int | None) -> list[Any]:
        """Make one oracle per class of customers."""
        return [oracles.assortment(self.revenues, weights, k=k) for weights in self.weights]


def make_shop() -> Shop:
    """Draw prices uniform on [0.3, 1], exponential weights, and stock for 40 % of the sales without a limit."""
    rng = stream(SEED)
    revenues, weights = np.sort(rng.uniform(0.3, 1, N_PRODUCTS)), rng.exponential(size=(len(CLASSES), N_PRODUCTS))
    free = Shop(revenues, weights, np.zeros(N_PRODUCTS))
    sales = sum(p * offer(free.rate).cost for p, offer in zip(CLASSES, free.offers(None), strict=True))
    return free._replace(rate=np.maximum(0.02, 0.4 * sales))


def run(shop: Shop, customers: np.ndarray, k: int | None) -> tuple[float, float]:
    """Run one stream, and return its gap to the dual bound at the average price, and that bound; steps 1 / sqrt(T)."""
    horizon, offers = len(customers), shop.offers(k)
    online = DualMirrorDescent(shop.rate * horizon, horizon, step_size=horizon**-0.5, cost_bound=1.0)
    prices = np.zeros(N_PRODUCTS)
    for customer in customers.tolist():
        prices += online.prices / horizon
        online.decide_with(offers[customer])
    best = [offer(prices) for offer in offers]
    conjugates = np.array([offer.reward - prices @ offer.cost for offer in best])
    bound = float(conjugates[customers].sum() + prices @ shop.rate * horizon)
    return bound - online.reward, bound


def compute_assortment(profile: str) -> dict[str, np.ndarray]:
    """Compute gap and dual bound, (limits, horizons, repetitions)."""
    settings, shop = INPUTS[profile], make_shop()
    found = np.zeros((len(LIMITS), len(settings["horizon"]), settings["repetitions"], 2))
    for limit, t, i in np.ndindex(found.shape[:-1]):
        customers = stream(SEED, t, i).choice(len(CLASSES), size=settings["horizon"][t], p=CLASSES)
        found[limit, t, i] = run(shop, customers, list(LIMITS)[limit])
    return {"horizon": np.array(settings["horizon"]), "gap": found[..., 0], "bound": found[..., 1]}


def assortment_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Claim, with margins, what the figure shows."""
    gap, bound = arrays["gap"].mean(axis=2), arrays["bound"].mean(axis=2)
    growth = [slope(arrays["horizon"], line) for line in gap]
    share = gap / bound
    return {
        "the gaps grow like T to a power between 0.3 and 0.65": between(growth, 0.3, 0.65),
        "at the longest horizon the gaps are below a tenth of the bound": below(share[:, -1], 0.1),
        "as a share of the bound the gaps shrink when the horizon grows": below(share[:, 1:], share[:, :-1]),
        "a limit on the size of assortments lowers the bound": below(bound[1], bound[0]),
    }


def assortment_beside(arrays: Any) -> list[Beside]:
    """List gaps, and gaps as a share of the bound, without a limit."""
    horizons = arrays["horizon"].tolist()
    gap, bound = (arrays[name][0].mean(axis=1) for name in ("gap", "bound"))
    theirs, their_bound = (np.array(KNOWN[name][: len(horizons)]) for name in ("gap", "bound"))
    source = f"{KNOWN['source']}; here {arrays['gap'].shape[2]} runs"
    rows = beside([f"gap to the dual bound, T = {T}" for T in horizons], theirs, gap, source)
    return rows + beside([f"gap / dual bound, T = {T}" for T in horizons], theirs / their_bound, gap / bound, source)


def draw_assortment(arrays: Any) -> matplotlib.figure.Figure:
    """Draw gaps on the left, and as a share of the bound on the right."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    horizon, gap = arrays["horizon"], arrays["gap"]
    for limit, name in enumerate(LIMITS.values()):
        fitted = slope(horizon, gap[limit].mean(axis=1))
        draw_runs(left, horizon, gap[limit], limit, label=f"{name}: slope {fitted:.2f}")
        draw_runs(right, horizon, gap[limit] / arrays["bound"][limit], limit, label=name)
        left.plot(horizon, arrays["bound"][limit].mean(axis=1), "--", color=COLORS[limit], linewidth=0.8)
    draw_power(left, horizon, gap[0, 0].mean(), 0.5, "slope 1/2")
    log_axes(left, horizon)
    left.set(xlabel="customers T", ylabel="gap (dashed: the dual bound)")
    log_axes(right, horizon)
    right.set(xlabel="customers T", ylabel="gap / dual bound")
    left.legend()
    right.legend()
    headline(
        figure,
        f"Assortments of {N_PRODUCTS} products for {len(CLASSES)} classes of customers: {gap.shape[2]} repetitions "
        f"up to T = {int(horizon[-1]):,}",
    )
    return figure


ASSORTMENT = Figure(
    name="assortment",
    title="Gap to the dual bound of personalised assortments, with and without a limit on their size.",
    compute=compute_assortment,
    claims=assortment_claims,
    draw=draw_assortment,
    beside=assortment_beside,
    seed=SEED,
    inputs=INPUTS,
)
