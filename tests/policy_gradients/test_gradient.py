"""The expected update: against a sum over all groups in exact numbers, known traces, and bad input."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from lrtheory.policy_gradients import expected_gradient, group_advantages
from tests.policy_gradients.exact_groups import update_of

NORMS = ("std", "sample", "none", "loo", "mean")
#: integers over their sum, right answers, and the size of a group; ties between right and wrong answers too
PROBLEMS = [
    ((1, 1), (1, 0), 2),
    ((8, 3, 1, 8), (1, 1, 1, 0), 4),
    ((2, 2, 5), (1, 0, 1), 5),
    ((1, 2, 3), (0, 0, 1), 3),
    ((3, 3, 1), (1, 1, 1), 4),
    ((4, 1, 0, 3), (1, 0, 1, 1), 3),
]
TRACE = np.array([0.4, 0.15, 0.05, 0.4]), np.array([True, True, True, False])


def law_of(weights):
    return [Fraction(one, sum(weights)) for one in weights]


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(("weights", "right", "size"), PROBLEMS)
@pytest.mark.parametrize("settings", [{}, {"lengths": [3, 1, 7, 2]}, {"offset": 0.125}])
def test_rewards_alone(weights, right, size, norm, settings):
    """Both methods are the sum over all groups."""
    if "offset" in settings and norm in ("none", "loo"):
        return
    law, lengths = law_of(weights), settings.get("lengths")
    settings = {**settings, "lengths": lengths[: len(law)]} if lengths else settings
    due = [float(one) for one in update_of(law, right, size, norm, **settings)]
    named = {{"offset": "std_offset"}.get(name, name): value for name, value in settings.items()}
    for method in ("closed", "enumerate"):
        found = expected_gradient(
            [float(one) for one in law], right, group_size=size, norm=norm, method=method, **named
        )
        np.testing.assert_allclose(found.gradient, due, rtol=0, atol=3e-15 * size)
        assert found.method == method


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(("weights", "right", "size"), PROBLEMS)
@pytest.mark.parametrize(("beta", "ties", "drop"), [(0.25, "average", False), (1.0, "position", True)])
def test_penalties(weights, right, size, norm, beta, ties, drop):
    law = law_of(weights)
    due = [float(one) for one in update_of(law, right, size, norm, beta=Fraction(beta), ties=ties, drop=drop)]
    options = {"unlikeliness": beta, "ties": ties, "drop_uniform": drop}
    found = expected_gradient([float(one) for one in law], right, group_size=size, norm=norm, **options)
    np.testing.assert_allclose(found.gradient, due, rtol=0, atol=1e-14)


@pytest.mark.parametrize("norm", ["none", "loo"])
@pytest.mark.parametrize(("weights", "right", "size"), PROBLEMS)
def test_penalties_in_closed_form(weights, right, size, norm):
    """With both rules for ties, and with lengths."""
    law, lengths = law_of(weights), [2, 5, 1, 3][: len(weights)]
    for ties in ("average", "position"):
        due = update_of(law, right, size, norm, beta=Fraction(3, 4), ties=ties, lengths=lengths)
        options = {"unlikeliness": 0.75, "ties": ties, "lengths": lengths, "method": "closed"}
        found = expected_gradient([float(one) for one in law], right, group_size=size, norm=norm, **options)
        np.testing.assert_allclose(found.gradient, [float(one) for one in due], rtol=0, atol=1e-15)


def drift(beta, **options):
    gradient = expected_gradient(*TRACE, group_size=5, unlikeliness=beta, **options).gradient
    return float(gradient[0] - gradient[2])


@pytest.mark.parametrize(
    ("options", "trace"),
    [
        ({}, [0.243006, 0.191889, 0.172654, 0.135865, 0.049592]),
        ({"ties": "position"}, [0.243006, 0.198363, 0.178155, 0.137682, 0.037737]),
        ({"drop_uniform": True}, [0.243006, 0.231375, 0.212140, 0.175352, 0.089078]),
        ({"drop_uniform": True, "ties": "position"}, [0.243006, 0.231201, 0.210993, 0.170520, 0.070575]),
    ],
)
def test_the_trace_of_the_penalty(options, trace):
    """Drift of log(p_1 / p_3) by strength, as independent code has it."""
    found = [drift(beta, **options) for beta in (0, 0.1, 0.25, 0.5, 1)]
    np.testing.assert_allclose(found, trace, atol=6e-7)


def test_the_jump_on_solved_problems():
    """Statement GR-6: any strength has one effect, and none has none; a guard of its size takes most of it."""
    solved = [0.9, 0.09, 0.01], [True] * 3
    for beta in (1e-12, 1e-3, 0.25, 0.5):
        found = expected_gradient(*solved, group_size=6, unlikeliness=beta).gradient
        np.testing.assert_allclose(found, [-0.186020, 0.166005, 0.020015], atol=6e-7)
        found = expected_gradient(*solved, group_size=6, unlikeliness=beta, ties="position").gradient
        np.testing.assert_allclose(found, [-0.131747, 0.117254, 0.014492], atol=6e-7)
    assert not expected_gradient(*solved, group_size=6).gradient.any()
    guarded = expected_gradient(*solved, group_size=6, unlikeliness=1e-6, std_offset=1e-6).gradient
    assert 0.15 < guarded[0] / -0.186020 < 0.18
    none = expected_gradient(*solved, group_size=6, unlikeliness=0.25, norm="none").gradient
    np.testing.assert_allclose(none, [-0.0094, 0.0083, 0.0010], atol=1e-4)


def test_lengths_can_lower_the_success():
    """Statement GR-9."""
    found = expected_gradient([0.1, 0.1, 0.8], [1, 0, 0], group_size=2, lengths=[100, 1, 100])
    np.testing.assert_allclose(found.gradient, [0.00189, -0.00901, 0.00712], atol=1e-15)
    assert found.success_slope == pytest.approx(-1547 / 5_000_000, rel=1e-12)
    assert "lengths" in found.message


def test_the_mean_of_groups_that_are_drawn():
    """With `group_advantages`, within five standard errors."""
    p, right = TRACE
    rng = np.random.default_rng(0)
    drawn = rng.choice(4, (20_000, 8), p=p)
    advantages = group_advantages(right[drawn]).advantages
    rows = np.array([(advantages * (drawn == k)).mean(axis=1) for k in range(4)])
    error = rows.std(axis=1) / math.sqrt(rows.shape[1])
    assert (abs(rows.mean(axis=1) - expected_gradient(p, right, group_size=8).gradient) < 5 * error).all()


@pytest.mark.parametrize("kl", ["reverse", "forward"])
def test_divergences(kl):
    """The gradient of the KL term in the logits, by differences."""
    logits, ref = np.array([0.3, -1.0, 2.0]), np.array([0.2, 0.5, 0.3])

    def divergence(logits):
        p = np.exp(logits) / np.exp(logits).sum()
        a, b = (p, ref) if kl == "reverse" else (ref, p)
        return float((a * np.log(a / b)).sum())

    p = np.exp(logits) / np.exp(logits).sum()
    slope = [(divergence(logits + h) - divergence(logits - h)) / 2e-5 for h in 1e-5 * np.eye(3)]
    plain = expected_gradient(p, [1, 0, 0], group_size=4).gradient
    found = expected_gradient(p, [1, 0, 0], group_size=4, kl=kl, lam=0.5, ref=ref).gradient
    np.testing.assert_allclose(found, plain - 0.5 * np.array(slope), atol=1e-9)


def test_ends():
    """A group of one, nothing right, all right, answers of probability 0, and tiny probabilities."""
    assert not expected_gradient([0.5, 0.5], [1, 0], group_size=1).gradient.any()
    for right in ([0, 0], [1, 1]):
        assert not expected_gradient([0.5, 0.5], right, group_size=4).gradient.any()
    dead = expected_gradient([0.5, 0.5, 0.0], [1, 0, 1], group_size=4, unlikeliness=0.5)
    assert dead.gradient[2] == 0
    tiny = expected_gradient([1e-18, 1 - 1e-18], [1, 0], group_size=16)
    assert tiny.gradient[0] == pytest.approx(math.sqrt(15) * 1e-18, rel=1e-12)
    assert tiny.weight == pytest.approx(math.sqrt(15), rel=1e-12)
    nearly = expected_gradient([1 - 2**-50, 2**-50], [1, 0], group_size=16)
    assert nearly.gradient[0] == pytest.approx(math.sqrt(15) * 2**-50, rel=1e-9)


def test_many_answers():
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(100_000))
    right = rng.random(100_000) < 0.3
    found = expected_gradient(p, right, group_size=16, norm="loo", unlikeliness=0.5)
    order = np.argsort(p)
    below = np.empty_like(p)
    below[order] = np.cumsum(p[order]) - p[order] / 2  # no two are equal
    above = np.empty_like(p)
    above[order[::-1]] = np.cumsum((p * right)[order[::-1]]) - (p * right)[order[::-1]] / 2
    rho = right * (1 - 0.5 * 15 / 16 * below)
    due = p * (rho - p @ rho + 0.5 / 16 * (above - p @ above))
    np.testing.assert_allclose(found.gradient, due, atol=1e-17)


@pytest.mark.parametrize(
    ("p", "correct", "options", "said"),
    [
        ([0.5, 0.48], [1, 0], {}, "`p` must sum to 1; got 0.98."),
        ([0.5, 0.5], [1, 0.5], {}, "`correct` must be boolean; got 0.5."),
        ([0.5, 0.5], [1], {}, "`correct` must be of shape"),
        ([0.5, math.nan], [1, 0], {}, "`p` must be finite"),
        ([], [], {}, "`p` must sum to 1"),
        ([0.5, 0.5], [1, 0], {"group_size": 0}, "`group_size` must be an integer"),
        ([0.5, 0.5], [1, 0], {"norm": "batch"}, "`norm` must be one of"),
        ([0.5, 0.5], [1, 0], {"norm": "loo", "std_offset": 1e-6}, "`std_offset` must be left out"),
        ([0.5, 0.5], [1, 0], {"std_offset": -1.0}, "`std_offset` must be"),
        ([0.5, 0.5], [1, 0], {"unlikeliness": math.nan}, "`unlikeliness` must be"),
        ([0.5, 0.5], [1, 0], {"unlikeliness": 0.1, "method": "closed"}, "`method` must be"),
        ([0.5, 0.5], [1, 0], {"lengths": [0, 1]}, "`lengths` must be"),
        ([0.5, 0.5], [1, 0], {"lam": 1.0}, "`lam` must be left out"),
        ([0.5, 0.5], [1, 0], {"kl": "reverse", "lam": 1.0}, "`ref` must be given"),
        ([0.5, 0.5], [1, 0], {"kl": "reverse", "lam": 1.0, "ref": [1.0, 0.0]}, "`ref` must be positive"),
        (
            [0.1] * 10,
            [1] + [0] * 9,
            {"group_size": 40, "method": "enumerate"},
            "at most 10\\^7 compositions; got 2.1e9.",
        ),
    ],
)
def test_bad_input(p, correct, options, said):
    with pytest.raises(ValueError, match=said):
        expected_gradient(p, correct, **{"group_size": 4, **options})


def test_the_message_names_the_form_and_what_has_no_multiple_of_the_gradient():
    law, right = [0.5, 0.3, 0.2], [1, 0, 0]
    assert expected_gradient(law, right, group_size=4).message == "by the closed form of GR-1"
    options = {"group_size": 4, "unlikeliness": 0.5, "norm": "none"}
    closed, summed = (expected_gradient(law, right, method=method, **options) for method in ("closed", "enumerate"))
    np.testing.assert_allclose(closed.gradient, summed.gradient, rtol=1e-12)
    assert closed.message.startswith("by the closed form of GR-5, with a penalty, so")
    assert summed.message.startswith("by a sum over all groups, with a penalty, so")


@pytest.mark.parametrize("size", [3, 5, 6])
def test_a_penalty_that_makes_right_answers_as_good_as_wrong_ones_leaves_no_signal_of_rounding(size):
    """The only right answer has the rank G - 1 there, and its reward is 0 but for rounding."""
    law, right = law_of((3, 1, 2)), (1, 0, 0)
    strength = Fraction(size, size - 1)
    due = update_of(law, right, size, "std", beta=strength)
    found = expected_gradient(
        [float(p) for p in law], right, group_size=size, norm="std", unlikeliness=float(strength), method="enumerate"
    )
    np.testing.assert_allclose(found.gradient, [float(one) for one in due], rtol=1e-11, atol=1e-13)
