r"""One request at a time: dual mirror descent with a state that can be saved, and consumption known only afterwards."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from lrtheory._array import kernel_input
from lrtheory._numbers import HUGE
from lrtheory._result.states import Resumable
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import array, integer, must, real
from lrtheory.dual_mirror_descent.allocate import Geometry
from lrtheory.dual_mirror_descent.oracles import Action, Oracle, checked, proposed
from lrtheory.dual_mirror_descent.prices import steps
from lrtheory.dual_mirror_descent.prices.inputs import units_of
from lrtheory.dual_mirror_descent.prices.steps import (
    BOUND,
    CLIP,
    DEPLETION,
    GEOMETRIES,
    LEFT,
    PRICE,
    REJECT,
    RESTRICT,
    REWARD,
    SLACK,
    Ledger,
    Menus,
    Setup,
)
from lrtheory.dual_mirror_descent.problem import TOLERANCE
from lrtheory.dual_mirror_descent.runs import saved_state, setup

__all__ = ["DualMirrorDescent"]

#: the numbers of a run: their names in a saved state, and the attributes that hold them
KEPT = {name.strip("_"): name for name in ("horizon", "n_seen", "n_pending", "reward", "_stopped")}


class DualMirrorDescent(Resumable):
    r"""Dual mirror descent over requests that come one at a time.

    Give it menus (`decide`) or oracles (`decide_with`); or `propose` now and `observe` reward and consumption when they
    are known, late, out of order or many at once. A saved state restores step sizes, targets and the horizon, too; all
    other parameters have to be the same.

    Parameters
    ----------
    budget : array of shape (m,), or float
        Units of each resource, above 0.
    horizon : int
        Number of requests to come, at least 1; `extend` changes it.
    geometry : {"euclidean", "scaled-euclidean", "entropy", "capped-entropy"}
        As in `allocate`.
    step_size : "theory", float, array of shape (T,), or callable
        As in `allocate`; "theory" needs both bounds.
    lazy : bool
        As in `allocate`.
    init : array of shape (m,), or float, optional
        First prices, for instance those at which another campaign ended.
    target : array of shape (m,) or (T, m), or "adaptive", optional
        As in `allocate`.
    on_depletion : {"reject", "clip", "restrict"}
        As in `allocate`; the last two ask an oracle for its `fit`, see `oracles`. "clip" is for `decide_with` alone.
    fairness : float
        As in `allocate`.
    price_cap : float or array of shape (m,), optional
        As in `allocate`.
    reward_bound : float, optional
        Supremum of the rewards over all requests that could come.
    cost_bound : array of shape (m,), or float, optional
        Suprema of the costs of each resource, or one for all.

    Attributes
    ----------
    horizon : int
        T.
    n_seen : int
        Requests whose consumption is known.
    n_pending : int
        Proposals whose consumption is not known yet.
    reward : float
        Earned so far.

    Raises
    ------
    ValueError
        If an option is out of range, or a bound is missing that the step size or the geometry needs.

    Notes
    -----
    The decisions on menus are those of `allocate`, which calls the same kernel, so its guarantees hold:
    E[OPT - reward] <= C1 + C2 eta T + C3 / eta for independent requests of one law (statement DMD-T1). Any rejected
    call leaves the object as it was.

    Examples
    --------
    >>> online = DualMirrorDescent(1.5, 3, step_size=0.5)
    >>> [online.decide([r], [[1.0]]) for r in (1.0, 0.2, 0.6)]
    [0, -1, -1]
    >>> online.prices.tolist(), online.remaining.tolist(), online.reward
    ([0.25], [0.5], 1.0)
    """

    def __init__(
        self,
        budget: ArrayLike | Number,
        horizon: int,
        *,
        geometry: Geometry = "euclidean",
        step_size: setup.StepSize = "theory",
        lazy: bool = False,
        init: ArrayLike | Number | None = None,
        target: ArrayLike | Literal["adaptive"] | None = None,
        on_depletion: Literal["reject", "clip", "restrict"] = "reject",
        fairness: Number = 0.0,
        price_cap: ArrayLike | Number | None = None,
        reward_bound: Number | None = None,
        cost_bound: ArrayLike | Number | None = None,
    ) -> None:
        units = units_of(array("budget", budget)).astype(np.float64)
        self.horizon = integer("horizon", horizon, low=1)
        needs_reward = step_size == "theory" if isinstance(step_size, str) else False
        if reward_bound is None and (
            needs_reward or geometry == "capped-entropy" or (geometry == "entropy" and init is None)
        ):
            raise must("reward_bound", "given for this step size, geometry and start", reward_bound)
        if cost_bound is None and needs_reward:
            raise must("cost_bound", 'given for `step_size` "theory"', cost_bound)
        self._setup = setup.prepare(
            units,
            self.horizon,
            TOLERANCE,
            reward_bound=0.0 if reward_bound is None else real("reward_bound", reward_bound, low=0, high=HUGE),
            cost_bound=0.0 if cost_bound is None else cost_bound,
            geometry=geometry,
            step_size=step_size,
            lazy=lazy,
            init=init,
            target=target,
            on_depletion=on_depletion,
            fairness=fairness,
            price_cap=price_cap,
        )
        self.n_seen, self.n_pending, self.reward = 0, 0, 0.0
        # tau so far, -1 while no budget is nearly depleted; 0 as in `steps.exceeds_budget`
        self._stopped = 0 if (self._setup.resources[BOUND] > units + self._setup.resources[SLACK]).any() else -1

    def __repr__(self) -> str:
        geometry = GEOMETRIES[self._setup.rules.geometry]
        told = f"{self.n_seen} of {self.horizon} requests, {self.n_pending} pending, reward {self.reward:.6g}"
        return f"DualMirrorDescent({self._setup.state.shape[1]}, geometry={geometry!r}): {told}"

    @property
    def prices(self) -> np.ndarray:
        """Prices for the next request, (m,)."""
        return self._setup.state[PRICE].copy()

    @property
    def remaining(self) -> np.ndarray:
        """Units left of each resource, (m,)."""
        return np.maximum(self._setup.state[LEFT], 0.0)

    @property
    def stopping_time(self) -> int:
        """The number of requests after which one of cost `cost_bound` no longer fits; `n_seen` while it still does."""
        return self.n_seen if self._stopped < 0 else self._stopped

    def decide(self, rewards: ArrayLike, costs: ArrayLike) -> int:
        """Serve a request with a menu.

        Parameters
        ----------
        rewards : array of shape (d,)
            Reward of each action.
        costs : array of shape (d, m)
            Units that each uses.

        Returns
        -------
        int
            The action to take; -1 for none.

        Raises
        ------
        ValueError
            If shapes do not fit, a number is not finite, a cost is negative, the horizon is over, or `on_depletion` is
            "clip": an index cannot say what share was taken, so use ``decide_with(oracles.menu(rewards, costs))``.
        """
        if self._setup.rules.depletion == CLIP:
            raise must("on_depletion", '"reject" or "restrict" for `decide` (use `decide_with`)', "clip")
        values = array("rewards", rewards, shape=(None,)).astype(np.float64, copy=False)
        if len(values) == 0:
            raise must("rewards", "of at least one action", values.shape)
        m = self._setup.state.shape[1]
        used = array("costs", costs, shape=(len(values), m), low=0.0).astype(np.float64, copy=False)
        self._check_horizon(1)
        self._check_total([max(values.tolist(), key=abs)])
        menus = Menus(kernel_input(values[None]), kernel_input(used[None]), steps.NO_TYPES)
        before = self._setup
        # `_target` has spread what is left, and `serve` sees one period alone
        rules = before.rules._replace(adaptive=False) if before.rules.adaptive else before.rules
        period = Setup(before.state, before.resources, self._eta(), self._target()[None], rules)
        ledger = Ledger(
            proposed=np.empty(1, np.int64),
            actions=np.empty(1, np.int64),
            paths=np.zeros((2, 4, m)),
            totals=np.zeros((2, 2)),
            counts=np.zeros(3, np.int64),
            trace=np.empty((0, m)),
        )
        steps.serve(menus, period, ledger, steps.gradient_of(period))
        self.reward += float(ledger.totals[0, REWARD])
        self._seen()
        return int(ledger.actions[0])

    def decide_with(self, oracle: Oracle) -> Action:
        """Serve a request with an oracle, whose consumption is known at once.

        Parameters
        ----------
        oracle : callable
            From prices (m,) to an `Action`, see `oracles`.

        Returns
        -------
        Action
            Action that is taken, with its reward and the units that it uses, or with a share of both where the proposal
            was cut.

        Raises
        ------
        TypeError
            If the oracle is not a function that returns an `Action`.
        ValueError
            If the oracle returns negative or infinite costs, an infinite reward, or nothing that earns or uses
            something, or if the horizon is over.
        """
        self._check_horizon(1)
        prices, rule = self.prices, self._setup.rules.depletion
        proposal = proposed(oracle, prices)
        taken = proposal
        if not self._fits(taken.cost) and rule != REJECT and hasattr(oracle, "fit"):
            # whole actions may overdraw what remains by rounding, as everywhere; shares are cut at what remains
            units = self._setup.state[LEFT] + self._setup.resources[SLACK] if rule == RESTRICT else self.remaining
            taken = checked(oracle.fit(proposal.action, units, prices=prices, rule=DEPLETION[rule]), len(prices))
        if not self._fits(taken.cost):
            taken = Action(None, 0.0, 0 * proposal.cost)
        self._check_total([taken.reward])
        self._settle(taken.reward, taken.cost, proposal.cost)
        return taken

    def propose(self, oracle: Oracle) -> Action:
        """Propose the best action at the present prices, whose reward and consumption will be observed later.

        Parameters
        ----------
        oracle : callable
            From prices (m,) to an `Action`; its reward and cost may be guesses.

        Returns
        -------
        Action
            The proposal. The caller has to see to it that it fits what remains.

        Raises
        ------
        TypeError
            If the oracle is not a function that returns an `Action`.
        ValueError
            If all requests of the horizon have been seen or proposed.
        """
        self._check_horizon(1)
        proposal = proposed(oracle, self.prices)
        self.n_pending += 1
        return proposal

    def observe(self, reward: ArrayLike | Number, cost: ArrayLike) -> None:
        """Take in what proposals have earned and used, one or many, in any order.

        Parameters
        ----------
        reward : float, or array of shape (n,)
            Earned.
        cost : array of shape (m,), or (n, m)
            Units used.

        Raises
        ------
        ValueError
            If shapes do not fit, a number is not finite, a cost is negative, or more than was proposed or is left.
        """
        rewards, costs = np.atleast_1d(array("reward", reward)), np.atleast_2d(array("cost", cost, low=0.0))
        if rewards.ndim != 1 or costs.shape != (len(rewards), len(self.prices)):
            raise must("cost", f"of shape ({len(rewards)}, {len(self.prices)}), one row per reward", costs.shape)
        if len(rewards) > self.n_pending:
            raise must("reward", f"of at most {self.n_pending} proposals that are pending", len(rewards))
        self._check_total(rewards.tolist())
        if not self._fits(total := costs.sum(axis=0)):
            raise must("cost", f"at most what is left, {self.remaining.tolist()}", total.tolist())
        for one, used in zip(rewards.tolist(), costs.astype(np.float64), strict=True):
            self.n_pending -= 1
            self._settle(one, used, used)

    def add_budget(self, amount: ArrayLike | Number) -> None:
        """Add units, to be used evenly over the requests that are left.

        Parameters
        ----------
        amount : array of shape (m,), or float
            Units, at least 0.

        Raises
        ------
        ValueError
            If an amount is negative, or no request is left.
        """
        more = array("amount", amount, low=0.0)
        if more.ndim > 1 or (more.ndim == 1 and len(more) != len(self.prices)):
            raise must("amount", f"one number or of shape ({len(self.prices)},)", more.shape)
        self._check_horizon(1)
        self._setup.state[LEFT] += more
        self._setup.targets[:] += more / (self.horizon - self.n_seen)

    def extend(self, horizon: int) -> None:
        """Change the horizon; from now on an equal share of what remains is the target of each period.

        A constant step size stays as it is, "theory" included, which was chosen for the first horizon; a schedule goes
        on with its last step. The rates that scale the steps of the scaled and the capped geometry, and the domain of
        the prices, stay those of the first horizon too.

        Parameters
        ----------
        horizon : int
            New number of requests in all, more than were seen and proposed.

        Raises
        ------
        ValueError
            If it is not.
        """
        horizon = integer("horizon", horizon, low=self.n_seen + self.n_pending + 1)
        share = self.remaining / (horizon - self.n_seen)
        etas = self._setup.etas
        if len(etas) > 1:
            etas = np.concatenate([etas, np.full(max(0, horizon - len(etas)), etas[-1])])
        self._setup = self._setup._replace(targets=share[None].copy(), etas=etas)
        self.horizon = horizon

    def _learned(self) -> dict[str, Any]:
        return saved_state.written(self._setup, {name: getattr(self, own) for name, own in KEPT.items()})

    def _parameters(self) -> dict[str, Any]:
        """Step sizes, targets and the horizon are restored; these are compared."""
        return saved_state.parameters(self._setup)

    def _restore(self, state: Mapping[str, Any]) -> None:
        self._setup, numbers = saved_state.read(state, self._setup)
        for name, value in numbers.items():
            setattr(self, KEPT[name], value)

    def _check_horizon(self, n: int) -> None:
        """Refuse n more requests where the horizon has fewer left that were neither seen nor proposed."""
        if self.n_seen + self.n_pending + n > self.horizon:
            raise must("horizon", f"at least {self.n_seen + self.n_pending + n} (use `extend`)", self.horizon)

    def _check_total(self, rewards: list[float]) -> None:
        """Refuse rewards before they make the total infinite."""
        if not math.isfinite(sum(map(abs, rewards), abs(self.reward))):
            raise must("reward", "small enough for a finite total", max(rewards, key=abs))

    def _eta(self) -> np.ndarray:
        """Return the step size of this period, (1,)."""
        etas = self._setup.etas
        return etas if len(etas) == 1 else etas[self.n_seen : self.n_seen + 1]

    def _target(self) -> np.ndarray:
        """Return the units that this period should use, (m,)."""
        if self._setup.rules.adaptive:
            return self._setup.state[LEFT] / (self.horizon - self.n_seen)
        targets = self._setup.targets
        return targets[self.n_seen if len(targets) > 1 else 0]

    def _fits(self, cost: np.ndarray) -> bool:
        """Tell whether a cost fits what is left, up to the rounding that kernels allow too."""
        return bool((cost <= self._setup.state[LEFT] + self._setup.resources[SLACK]).all())

    def _settle(self, reward: float, used: np.ndarray, proposed: np.ndarray) -> None:
        """Add the reward and subtract the units of one request, and move the prices by what its proposal would use."""
        gradient = self._target() - proposed
        steps.consume(kernel_input(used[None, None]), 0, 0, 1.0, self._setup.state)
        self.reward += reward
        steps.price_step(self._setup.state, gradient, self._eta()[0], self._setup.resources, self._setup.rules)
        self._seen()

    def _seen(self) -> None:
        """Count one more request as seen, and set the stopping time if a budget is nearly depleted now."""
        self.n_seen += 1
        if self._stopped < 0:
            resources = self._setup.resources
            if (self._setup.state[LEFT] <= resources[BOUND] + resources[SLACK]).any():
                self._stopped = self.n_seen
