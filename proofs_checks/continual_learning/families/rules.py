"""Rules that choose directions to protect: from old inputs, from weights alone, at random, and along axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtheory.bounds import Draws, Sides
from lrtheory.continual_learning.protection.protector import SubspaceProtector
from proofs_checks.continual_learning.families.matrices import is_matrix
from proofs_checks.guards import allowance, misfit, unlike

#: rules that see the weights alone
BLIND = ("weights", "random", "axes")
RULES = ("inputs", *BLIND)


@dataclass(frozen=True)
class Choice:
    """Weights W (p, d) of torch's layout, old inputs X (T, d), and how many directions a rule may protect."""

    W: np.ndarray
    X: np.ndarray
    k: int
    rule: str = "weights"


def is_choice(case: Choice) -> bool:
    """Decide whether all numbers are finite and fit, the rule is known, and k is below the number of features."""
    fits = is_matrix(case.W) and is_matrix(case.X) and case.W.shape[1] == case.X.shape[1]
    return bool(fits and case.X.any() and case.rule in RULES and 1 <= case.k < case.X.shape[1])


def first_directions(rows: np.ndarray, k: int) -> np.ndarray:
    """Return the first k directions of some rows, as the library protects them."""
    protector = SubspaceProtector(rows.shape[1])
    protector.extend(rows, rank=k)
    return np.asarray(protector.basis)


def chosen(case: Choice, X: np.ndarray) -> np.ndarray:
    """Return the directions (d, k) that the rule of the instance protects where the old inputs are X."""
    d = case.X.shape[1]
    if case.rule == "inputs":
        return first_directions(X, case.k)
    if case.rule == "weights":
        return first_directions(case.W, case.k)
    if case.rule == "axes":
        return np.eye(d)[:, : case.k]
    return np.linalg.qr(np.random.default_rng(d).standard_normal((d, case.k)))[0]


def draw_choice(draws: Draws, rules: tuple[str, ...] = RULES) -> Choice:
    """Draw weights and old inputs with a decaying spectrum, and a rule."""
    d, p, T = draws.integers(2, 6), draws.integers(2, 6), draws.integers(2, 8)
    decay = (1.0 + np.arange(d)) ** -draws.choice((0.0, 1.0, 2.0))
    mixed = draws.integers(-3, 3, shape=(d, d)) + 4 * np.eye(d)
    X = 2.0 ** draws.choice((0, 0, -30, 30)) * (draws.floats(-1.0, 1.0, shape=(T, d)) * decay @ mixed)
    W = draws.integers(-4, 4, shape=(p, d)) + 5.0 * np.eye(p, d)
    return Choice(W, X if X.any() else np.eye(T, d), draws.integers(1, min(d - 1, p)), draws.choice(rules))


def choices() -> tuple[Choice, ...]:
    """Return weights that are large where no input is, and a choice by each rule."""
    chance = np.random.default_rng(0)
    W, X = chance.integers(-4, 5, (3, 4)) + 5.0 * np.eye(3, 4), chance.integers(-3, 4, (6, 4)) * [8.0, 4.0, 2.0, 1.0]
    smallest = np.diag([10.0, 0.125]), np.array([[0.0, 1.0]])
    return Choice(*smallest, 1), *(Choice(W, X, k, rule) for rule in RULES for k in (1, 2))


def no_basis(case: Choice, *bases: np.ndarray) -> Sides | None:
    """Return sides that fail where directions are not k orthonormal ones, or fewer; else None."""
    d = case.X.shape[1]
    for M in bases:
        k = M.shape[1]
        off = misfit((M, (d, min(k, case.k)))) or unlike(M.T @ M - np.eye(k), allowance(np.eye(d)))
        if off is not None:
            return off
    return None
