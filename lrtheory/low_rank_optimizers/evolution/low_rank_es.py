"""Evolution strategies with perturbations of low rank, by questions and answers."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from lrtheory._result import Result, result
from lrtheory._result.states import Resumable
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import (
    Words,
    as_array,
    check_sizes,
    choice,
    flag,
    generator,
    integer,
    must,
    state_value,
)
from lrtheory.low_rank_optimizers.evolution.noise import FACTORS, Noise
from lrtheory.low_rank_optimizers.evolution.perturbations import Perturbations, positive
from lrtheory.low_rank_optimizers.evolution.shaping import SHAPINGS, Worth, worth

__all__ = ["ESStep", "LowRankES", "estimate"]

NO_CERTIFICATE = "A sampled estimate has no certificate; statement EG-V gives its mean squared error for quadratics."
#: steps and pairs are words of 32 bits
WORDS = 2**32


@result
class ESStep(Result):
    """One step of an evolution strategy.

    Attributes
    ----------
    update : tuple of arrays
        One a layer: the estimate of the gradient of the expected fitness, times the step size if there is one. Who
        maximizes adds it.
    pair_differences : array of shape (pairs that were kept,)
        (f_2p - f_(2p+1)) / 2 as told, without shaping; the fitness itself without mirrored pairs.
    message : str
        Reason for the missing certificate.
    counts : mapping of str to int
        ``evaluations``; ``dropped_pairs``, of which a member was not finite; ``tied_pairs``, whose members are equal;
        ``flops`` of the update.
    certificate : None
        There is none.
    """

    update: tuple[np.ndarray, ...]
    pair_differences: np.ndarray
    message: str
    counts: Mapping[str, int]
    certificate: None = None


class LowRankES(Resumable):
    r"""An evolution strategy that moves matrices of weights by perturbations of low rank (EGGROLL).

    `ask` draws a generation of members W plus or minus sigma A_p B_p^T / sqrt(r), the caller evaluates them, and `tell`
    combines their fitness to an estimate of the gradient,

    .. math:: \hat g = \frac{1}{P \sigma} \sum_p \frac{f_{2p} - f_{2p+1}}{2} \frac{A_p B_p^\top}{\sqrt r},

    as one product of matrices a layer. The estimate has no bias for quadratics (statement EG-V), and for cubics one of
    order 1/r (statement EG-2). Between `ask` and `tell` the state is that before `ask`, which gives the same generation
    again.

    Parameters
    ----------
    shapes : sequence of tuple of int
        Shapes of the weights of each layer, (m, n) or (m,). Vectors get full noise.
    sigma : float
        Above 0: the standard deviation of each entry of a perturbation.
    rank : int
        r, at least 1; it may exceed the sides of a layer, since only r going to infinity gives Gaussian noise.
    population_size : int
        Members of a generation, even with mirrored pairs.
    factors : {"sign", "gaussian"}
        Entries of A and B. Signs have the smaller variance: at rank 1 less than that of full Gaussian noise (statement
        EG-VS).
    mirrored : bool
        Whether members come in pairs of opposite perturbations. Then a constant that is added to all fitness values
        changes nothing (statement EG-C).
    shaping : {"raw", "standardized", "ranks", "sign"}
        Numbers by which perturbations are weighted: differences of fitness; differences divided by the standard
        deviation of the fitness; differences of ranks in [-1/2, 1/2]; signs of differences. Without mirrored pairs
        "standardized" subtracts the mean and "sign" compares with the median, and "raw" has no baseline, so that values
        which are all equal still give noise.
    step_size : float or None
        Factor of each update; None leaves the estimate of the gradient as it is.
    rng : int, SeedSequence, Generator or None
        Gives the seed of all noise, once.

    Attributes
    ----------
    shapes, sigma, rank, population_size, factors, mirrored, shaping, step_size : as given
        Never change.
    seed : int
        The key of all noise.
    n_steps : int
        Generations that were told.
    state_bytes : int
        16: the seed and the number of steps are all that is kept.

    Raises
    ------
    ValueError
        If an option is out of range, or the population is odd with mirrored pairs.
    TypeError
        If an option is of the wrong kind.

    See Also
    --------
    es_gradient : One estimate for a function that can be called.
    plan_population : Rank, factors and population for a budget.

    Notes
    -----
    Noise is a function of seed, step, layer and pair, so that no layer and no step shares any with another one, and a
    generation is drawn again wherever it is wanted, the same bits on every processor. Factors are in single precision,
    which holds signs exactly; what meets them in double precision is computed in double precision.

    References
    ----------
    Sarkar, Fellows, Duque et al., "Evolution Strategies at the Hyperscale", arXiv 2511.16652. Their code keeps the
    noise of the first step by default, and its update has another scale in sigma and in the population.

    Examples
    --------
    >>> import numpy as np
    >>> es = LowRankES([(2, 3)], sigma=0.1, population_size=400, step_size=0.1, rng=0)
    >>> W, target = np.zeros((2, 3)), np.array([[1.0, 2.0, 3.0], [0.0, -1.0, 1.0]])
    >>> for _ in range(60):
    ...     generation = es.ask()
    ...     members = [generation.member(i, [W])[0] for i in range(400)]
    ...     W = W + es.tell([-((M - target) ** 2).sum() for M in members]).update[0]
    >>> bool(np.abs(W - target).max() < 0.01)
    True
    """

    def __init__(
        self,
        shapes: Sequence[tuple[int, ...]],
        *,
        sigma: float,
        rank: int = 1,
        population_size: int,
        factors: str = "sign",
        mirrored: bool = True,
        shaping: str = "raw",
        step_size: float | None = None,
        rng: Rng = None,
    ) -> None:
        self.shapes = _checked_shapes(shapes)
        self.sigma = float(positive("sigma", sigma))
        self.rank = integer("rank", rank, low=1)
        self.mirrored = flag("mirrored", mirrored)
        self.population_size = integer("population_size", population_size, low=1, high=WORDS)
        if self.mirrored and self.population_size % 2:
            raise must("population_size", "even when `mirrored` is true", population_size)
        self.factors = choice("factors", factors, FACTORS)
        self.shaping = choice("shaping", shaping, tuple(SHAPINGS))
        self.step_size = None if step_size is None else float(positive("step_size", step_size))
        self.seed = int(generator(rng).integers(2**63))
        self.n_steps = 0
        self._open: Perturbations | None = None

    def __repr__(self) -> str:
        options = f"rank={self.rank}, population_size={self.population_size}"
        return f"LowRankES({list(self.shapes)}, sigma={self.sigma:g}, {options}): {self.n_steps} steps"

    @property
    def state_bytes(self) -> int:
        """Bytes that last from one step to the next."""
        return 16

    def ask(self) -> Perturbations:
        """Return the generation whose fitness is wanted; asked again before `tell`, the same one.

        Returns
        -------
        Perturbations
            Members of the generation, whose factors are drawn when they are first read.
        """
        if self._open is None:
            pairs = self.population_size // 2 if self.mirrored else self.population_size
            noise = Noise(self.seed, self.n_steps, self.shapes, self.rank, pairs, self.factors)
            scale = self.sigma / math.sqrt(self.rank)
            self._open = Perturbations.drawn(noise, scale=scale, mirrored=self.mirrored)
        return self._open

    def tell(self, fitness: ArrayLike) -> ESStep:
        """Take the fitness of all members, and end the step; fitness that is refused changes nothing.

        Parameters
        ----------
        fitness : array of shape (population_size,)
            In the order of the members. A pair of which a member has NaN or an infinity is left out.

        Returns
        -------
        ESStep
            Updates are float32 where fitness is, else float64.

        Raises
        ------
        ValueError
            If the length is another one, no pair is finite, updates are not, or no generation was asked for.
        TypeError
            If the entries are not real numbers.
        """
        if self._open is None:
            raise must("tell", "called after one `ask`", Words("no open perturbation"))
        step = estimate(self._open, _checked_fitness(fitness, self.population_size), self.shaping, self.step_size)[0]
        self._open, self.n_steps = None, self.n_steps + 1
        return step

    def _twin(self) -> Self:
        return copy.copy(self)  # generations are never written to

    def _learned(self) -> dict[str, Any]:
        return {"seed": self.seed, "n_steps": self.n_steps}

    def _restore(self, state: Mapping[str, Any]) -> None:
        seed = integer("state['seed']", state_value(state, "seed"), low=0, high=2**63 - 1)
        n_steps = integer("state['n_steps']", state_value(state, "n_steps"), low=0, high=WORDS - 1)
        self.seed, self.n_steps, self._open = seed, n_steps, None

    def _parameters(self) -> dict[str, Any]:
        names = ("sigma", "rank", "population_size", "factors", "mirrored", "shaping", "step_size")
        return {"shapes": [list(shape) for shape in self.shapes]} | {name: getattr(self, name) for name in names}


def estimate(
    generation: Perturbations, fitness: np.ndarray, shaping: str, step_size: float | None
) -> tuple[ESStep, Worth]:
    """Combine the fitness of a generation to a step, and say what its pairs are worth."""
    found = worth(fitness, mirrored=generation.mirrored, shaping=shaping)
    if found.kept == 0:
        raise must("fitness", "a vector with at least one finite pair", Words("none"))
    with np.errstate(over="ignore", invalid="ignore"):
        weights = found.weights * (generation.pairs / found.kept * (1.0 if step_size is None else step_size))
        update = generation.gradient(weights.astype(np.float32) if fitness.dtype == np.float32 else weights)
    if not all(np.isfinite(one).all() for one in update):
        raise must("fitness", f"such that updates are finite {update[0].dtype} numbers", fitness)
    counts = {
        "evaluations": generation.population_size,
        "dropped_pairs": generation.pairs - found.kept,
        "tied_pairs": found.tied,
        "flops": sum(2 * generation.pairs * _flops(shape, generation.rank) for shape in generation.shapes),
    }
    return ESStep(update, found.differences, NO_CERTIFICATE, counts), found


def _flops(shape: tuple[int, ...], rank: int) -> int:
    return math.prod(shape) * (rank if len(shape) == 2 else 1)


def _checked_shapes(shapes: Any) -> tuple[tuple[int, ...], ...]:
    if isinstance(shapes, (str, bytes)) or not isinstance(shapes, Sequence) or len(shapes) == 0:
        raise must("shapes", "a non-empty sequence of shapes", shapes, TypeError)
    checked = tuple(check_sizes(f"shapes[{layer}]", shape) for layer, shape in enumerate(shapes))
    for layer, shape in enumerate(checked):
        if len(shape) > 2:
            raise must(f"shapes[{layer}]", "of one or two axes", shape)
    return checked


def _checked_fitness(fitness: Any, size: int) -> np.ndarray:
    values = as_array("fitness", fitness)
    if values.dtype.kind not in "biuf":
        raise must("fitness", "an array of real numbers", values, TypeError)
    if values.shape != (size,):
        raise must("fitness", f"of shape ({size},)", values.shape)
    return values
