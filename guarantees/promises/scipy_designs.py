"""scipy: points that fill a cube evenly. Nets of Sobol, Poisson disks, Latin hypercubes."""

import math
from dataclasses import dataclass, replace
from itertools import combinations, product

import numpy as np
from lrtheory.bounds import Documented, Family, Identity, Inequality, Sides, Statement, Violated, repair, saboteur
from scipy.stats import qmc

# --- nets ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Net:
    """The first 2^m points of a sequence in d dimensions."""

    m: int
    d: int
    scramble: bool


def sobol(net, rng):
    return qmc.Sobol(net.d, scramble=net.scramble, rng=rng).random_base2(net.m)


def without_first(net, rng):
    """A wrong solver: the point at the origin is left out."""
    return qmc.Sobol(net.d, scramble=net.scramble, rng=rng).random_base2(net.m + 1)[1 : 2**net.m + 1]


def halton(net, rng):
    return qmc.Halton(net.d, scramble=net.scramble, rng=rng).random(2**net.m)


def in_boxes(net, points):
    """The number of points in every box with sides 2^-k_1, ..., 2^-k_d of the dyadic grid, where the k add up to m."""
    counts = []
    for cuts in product(range(net.m + 1), repeat=net.d):
        if sum(cuts) == net.m:
            cells = [tuple(math.floor(x * 2**k) for x, k in zip(point, cuts, strict=True)) for point in points]
            counts += [cells.count(box) for box in product(*(range(2**k) for k in cuts))]
    return Sides(lhs=counts, rhs=np.ones(len(counts), int))


NETS = [Net(m, d, scramble) for m in range(1, 5) for d in (1, 2) for scramble in (False, True)]

SOBOL = Statement(
    id="scipy/sobol-net",
    title="The first points of a Sobol sequence are balanced",
    says="In one or two dimensions, each box of volume 2^-m whose sides are dyadic intervals contains exactly one of "
    "the first 2^m points of `qmc.Sobol`.",
    source=Documented(
        "scipy", "stats.qmc.Sobol", "numbers of points that are powers of two have the balance of the sequence"
    ),
    tex=r"|\{x_1, \dots, x_{2^m}\} \cap E| = 1 \text{ for each dyadic } E \text{ of volume } 2^{-m}",
    hypotheses={"one or two dimensions": lambda net: net.d <= 2},
    instances=Family(
        "nets",
        always=NETS,
        draw=lambda draws: Net(draws.integers(1, 6), draws.integers(1, 2), bool(draws.integers(0, 1))),
    ),
    solve=sobol,
    claim=Identity(in_boxes),
    closed="points of another seed, or of another case, are such a net too",
    saboteurs=(
        saboteur("without the first point", solve=without_first),
        saboteur("points of Halton", solve=halton),
        saboteur(
            "three dimensions",
            breaks="one or two dimensions",
            instances=Family(
                "nets-in-space", always=[Net(3, 3, False), Net(4, 3, True)], complete="two nets in space", members=2
            ),
        ),
    ),
    decisions=("outcome",),
    notes="In dimension d the sequence is a (t, m, d)-net with t = 0 for d at most 2 (Niederreiter).",
)

# --- distances -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Disks:
    """Points in the box with the given sides, at least `radius` apart; how many of them each call asks for."""

    sides: tuple[float, ...]
    radius: float
    kind: str
    calls: tuple[int, ...] = (12,)


def disks(one, rng):
    d, high = len(one.sides), list(one.sides)
    engine = qmc.PoissonDisk(
        d, radius=one.radius, hypersphere=one.kind, ncandidates=8, l_bounds=[0.0] * d, u_bounds=high, rng=rng
    )
    return np.concatenate([engine.random(number).reshape(-1, d) for number in one.calls])


def in_one_call(one, rng):
    return disks(replace(one, calls=(sum(one.calls),)), rng)


def uniform(one, rng):
    return rng.uniform(0, one.sides, size=(12, len(one.sides)))


def apart(times=1):
    """Squared distances, which are rational; points outside of the box are at distance -1."""

    def sides(one, points):
        if not all(0 <= x <= side for point in points for x, side in zip(point, one.sides, strict=True)):
            return Sides(lhs=[times**2 * one.radius**2], rhs=[-1], least=[0])
        # one point alone is at no distance
        squares = [sum((a - b) * (a - b) for a, b in zip(p, q, strict=True)) for p, q in combinations(points, 2)]
        squares = squares or [4 * one.radius * one.radius]
        bound = times * times * one.radius * one.radius
        return Sides(lhs=np.full(len(squares), bound), rhs=squares, least=np.zeros(len(squares), int))

    return Inequality(sides)


KINDS = ("volume", "surface")
BOXES = [((1.0,), 0.25), ((1.0, 1.0), 0.25), ((1.0, 0.5), 0.125), ((2.0, 1.0), 0.25), ((1.0, 1.0, 1.0), 0.5)]


def drawn_disks(draws):
    sides = tuple(draws.integers(2, 8) / 4 for _ in range(draws.integers(1, 3)))
    return Disks(sides, draws.integers(2, 8) / 16, draws.choice(KINDS))


DISKS = Statement(
    id="scipy/poisson-disk",
    title="Poisson disks do not meet",
    says="Any two points that one call of `qmc.PoissonDisk` returns are at least r apart, where r is the radius that "
    "was asked for, and all lie in the box.",
    source=Documented("scipy", "stats.qmc.PoissonDisk", "the radius is the least distance that is kept between points"),
    tex=r"\|x_i - x_j\|^2 \ge r^2",
    hypotheses={"one call": lambda one: one.radius > 0 and len(one.calls) == 1},
    instances=Family(
        "boxes", always=[Disks(sides, radius, kind) for sides, radius in BOXES for kind in KINDS], draw=drawn_disks
    ),
    solve=disks,
    claim=apart(),
    may_vary={"outcome": "how many points fit is drawn, and the claim looks at all of them"},
    closed="a part of an answer keeps the promise too, so no other answer can be told from it",
    saboteurs=(saboteur("uniform points", solve=uniform), saboteur("twice the radius", claim=apart(2))),
    decisions=("outcome",),
)

DISKS_IN_CALLS = Statement(
    id="scipy/poisson-disk-calls",
    title="Poisson disks of several calls do not meet",
    says="Any two points that calls of one `qmc.PoissonDisk` return, one after the other, are at least r apart, where "
    "r is the radius that was asked for, and all lie in the box.",
    source=Documented(
        "scipy",
        "stats.qmc.PoissonDisk",
        "the least distance that is kept between points when new ones are sampled; more can be added until none fits",
    ),
    tex=r"\|x_i - x_j\|^2 \ge r^2",
    hypotheses={"a radius": lambda one: one.radius > 0},
    instances=Family(
        "boxes-of-calls",
        # where the radius exceeds the side, a second point is too near, wherever it is
        always=(Disks((1.0,), 2.0, "volume", (2, 1)), Disks((1.0, 1.0), 2.0, "surface", (2, 1))),
        draw=lambda draws: replace(drawn_disks(draws), calls=(6, 6)),
    ),
    solve=disks,
    claim=apart(),
    decisions=("outcome",),
    violated=Violated(
        "Once no point fits any more, the next call begins with a point anywhere in the box, without a look at those "
        "that are there"
    ),
    repairs=(repair("all points in one call", solve=in_one_call),),
    notes="A call that returns fewer points than it was asked for is the sign that the space is full. The "
    "documentation does not speak of several calls, only of points that are added to those of an earlier one.",
)

# --- Latin hypercubes ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Latin:
    """A number of points in d dimensions; strength 2 needs the square of a prime."""

    n: int
    d: int
    strength: int
    scramble: bool


def latin(one, rng):
    return qmc.LatinHypercube(one.d, strength=one.strength, scramble=one.scramble, rng=rng).random(one.n)


def stratified(one, points):
    """Points in each of n slices of an axis; with strength 2 also in the squares of p times p, of each pair of axes."""
    p = math.isqrt(one.n)
    counts = [[math.floor(x * one.n) for x in axis].count(j) for axis in np.transpose(points) for j in range(one.n)]
    if one.strength == 2:
        for a, b in combinations(np.transpose(points), 2):
            cells = [(math.floor(x * p), math.floor(y * p)) for x, y in zip(a, b, strict=True)]
            counts += [cells.count(cell) for cell in product(range(p), repeat=2)]
    return Sides(lhs=counts, rhs=np.ones(len(counts), int))


def drawn_latin(draws):
    d, scramble = draws.integers(1, 3), bool(draws.integers(0, 1))
    return (
        Latin(draws.choice((4, 9, 25)), d, 2, scramble)
        if draws.integers(0, 1)
        else Latin(draws.integers(1, 12), d, 1, scramble)
    )


LATIN = Statement(
    id="scipy/latin-hypercube",
    title="Latin hypercubes put one point into each slice",
    says="Each of n slices of every axis contains exactly one of the n points of `qmc.LatinHypercube`, and with "
    "strength 2 so does each of the p^2 squares of every pair of axes, where n = p^2.",
    source=Documented(
        "scipy",
        "stats.qmc.LatinHypercube",
        "every margin is stratified; with strength 2 the cells are an orthogonal array",
    ),
    tex=r"|\{i : x_{ik} \in [j/n, (j+1)/n)\}| = 1",
    hypotheses={"a square of a prime for strength 2": lambda one: one.strength == 1 or one.n in (4, 9, 25)},
    instances=Family(
        "latin",
        always=[Latin(n, d, 1, scramble) for n in (1, 2, 3) for d in (1, 2) for scramble in (False, True)]
        + [Latin(n, 3, 2, scramble) for n in (4, 9) for scramble in (False, True)],
        draw=drawn_latin,
    ),
    solve=latin,
    claim=Identity(stratified),
    closed="points of another case are such a sample too",
    saboteurs=(
        saboteur(
            "points of Halton", solve=lambda one, rng: qmc.Halton(one.d, scramble=one.scramble, rng=rng).random(one.n)
        ),
        saboteur(
            "squares without strength 2",
            claim=Identity(lambda one, points: stratified(Latin(one.n, one.d, 2, one.scramble), points)),
            instances=Family(
                "latin-of-strength-1",
                always=[Latin(9, 3, 1, True), Latin(9, 3, 1, False)],
                complete="two hypercubes of strength 1",
                members=2,
            ),
        ),
    ),
    decisions=("outcome",),
)
