"""Where the theorems hold: domains whose ends are a theorem's point, written from the proofs and not from the code."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from lrtheory.lora_limits import theory
from tests.core.formulas.declared import in_rooms, special_domains

SYSTEM = "lora_limits"
#: logits up to 300, since exp(2 M) and the Bessel functions of more are near the end of the doubles
LOGITS = "[0, 300]"
#: degrees up to 1000; no table of features of such a degree exists
DEGREES = "[0, 1000]"
#: an error of 1 lets a row of exponentials vanish, and nothing is left to divide by
ERRORS = "[0, 1)"
DOMAINS = {
    "chebyshev_error": {"degree": DEGREES, "bound": LOGITS},
    "chebyshev_bracket": {"degree": DEGREES, "bound": LOGITS},
    "taylor_certificate": {"degree": DEGREES, "bound": LOGITS},
    "taylor_error": {"degree": DEGREES, "bound": LOGITS},
    "taylor_value": {"degree": DEGREES},
    "degree_bracket": {"bound": LOGITS},
    "min_degree": {"bound": LOGITS},
    "sufficient_degree": {"bound": LOGITS},
    # at delta = 1 the logarithm of 1 / delta is 0, and so is the order
    "degree_order": {"delta": "(0, 1)"},
    "entry_error": {"eta": ERRORS},
    "error_certificate": {"eta": ERRORS},
    "tilt_bound": {"eta": ERRORS},
    "value_gradient_bound": {"eta": ERRORS},
    # each of the 2^24 tokens has its 24 entries in memory, 3 GiB in all
    "make_hypercube": {"n_bits": "[1, 24]"},
    # a cube of 2^1000 tokens is near the end of the doubles
    "hypercube_rank_lower_bound": {"n_bits": "[1, 1000]"},
}


def test_the_domains_are_those_of_the_proofs() -> None:
    assert special_domains(SYSTEM) == DOMAINS


def test_hypotheses_hold_at_their_ends() -> None:
    formulas = {one.path.rpartition(".")[2]: one.function for one in in_rooms(SYSTEM)}
    assert theory.tilt_bound(0) == theory.entry_error(0) == 0
    assert theory.sufficient_degree(0, 2) == 0
    assert theory.degree_bracket(0, 1) == (0, 0)
    assert theory.chebyshev_bracket(1000, 300.0)[1] == pytest.approx(0, abs=1e-300)
    assert formulas["feature_exponent"](0, 1) == 0
    assert formulas["hypercube_spectrum"](1, 0)[0].tolist() == [1, 0]
    assert formulas["rank_without_spurious_minima"](1, 1) == 2
    assert formulas["riemann_error_bound"](Fraction(0), 1) == 0
    assert formulas["first_derivative_bound"](1, 1, 0) == 0
    assert formulas["degree_order"](1e-9, 0.5) == pytest.approx(math.log(2) / math.log(math.log(2) / 1e-9))
