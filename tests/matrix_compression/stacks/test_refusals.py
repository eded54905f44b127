"""Bad input is one sentence that names the argument, its rule and what came; formulas refuse what they cannot use."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory import matrix_compression as mc
from lrtheory.matrix_compression import baselines, theory
from tests.matrix_compression.stacks.oracles import KINDS

EYE = np.eye(3)
NAN = [EYE, EYE, [[1.0], [np.nan], [0.0]]]
UNEQUAL = [EYE, EYE, np.ones((4, 2))]
ROWS = "`blocks` must be matrices with the same number of rows; got 4 rows in block 2 after 3."
FINITE = "`blocks` must be finite; got nan in block 2."
NONE = "`blocks` must be at least one matrix; got none."
STREAM = "`blocks` must be a callable that starts the stream again for passes=2; got an iterator."
SOLVERS = {
    "compress_stack": lambda blocks: mc.compress_stack(blocks, 1),
    "error_bounds": lambda blocks: mc.error_bounds(blocks, 1),
    "error_bounds, sketch": lambda blocks: mc.error_bounds(blocks, 1, method="sketch"),
    "cluster_blocks": lambda blocks: mc.cluster_blocks(blocks, 1, 0.1),
    "published_update": lambda blocks: baselines.published_update(blocks, 1),
    "published_clusters": lambda blocks: baselines.published_clusters(blocks, 1, 0.1),
    "StackSketch": lambda blocks: mc.StackSketch(1).update_many(blocks),
    "StackProblem": mc.StackProblem,
    "certify": lambda blocks: mc.certify(blocks, blocks, 1),
}


def refused(call, sentence, error=ValueError, *, argument="blocks"):
    sentence = sentence.replace("`blocks`", f"`{argument}`")
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(sentence), str(caught.value)


@pytest.mark.parametrize("name", SOLVERS)
def test_blocks(name):
    solve = SOLVERS[name]
    said = {"argument": "original" if name == "certify" else "blocks"}
    refused(lambda: solve(UNEQUAL), ROWS, **said)
    refused(lambda: solve(NAN), FINITE, **said)
    refused(lambda: solve([EYE, [["a"] * 3] * 3]), "`blocks` must be matrices of real numbers", TypeError, **said)
    refused(
        lambda: solve([EYE, np.ones((3, 3), complex)]), "`blocks` must be matrices of real numbers", TypeError, **said
    )
    refused(
        lambda: solve([EYE, np.ones((3, 1, 1))]), "`blocks` must be matrices; got shape (3, 1, 1) in block 1.", **said
    )
    refused(lambda: solve([np.ma.masked_array(EYE, mask=EYE == 1)]), "`blocks` must be an array without a mask", **said)
    if name != "StackSketch":
        refused(lambda: solve([]), NONE, **said)
        refused(lambda: solve({"a": EYE}), "`blocks` must be a sequence or a stream of matrices", TypeError, **said)
        refused(lambda: solve(3), "`blocks` must be a sequence or a stream of matrices", TypeError, **said)


CALLS = {
    "both": (
        lambda: mc.compress_stack([EYE], 1, epsilon=0.1),
        "`rank, epsilon` must be exactly one of these; got rank and epsilon.",
    ),
    "neither": (lambda: mc.compress_stack([EYE]), "`rank, epsilon` must be exactly one of these; got none of them."),
    "a negative rank": (lambda: mc.compress_stack([EYE], -1), "`rank` must be an integer of at least 0; got -1."),
    "an error above 1": (lambda: mc.compress_stack([EYE], epsilon=1.5), "`epsilon` must be in [0, 1]; got 1.5."),
    "a stream twice": (lambda: mc.compress_stack(iter([EYE]), 1, passes=2), STREAM),
    "another stream": (
        lambda: mc.compress_stack(iter([[EYE, EYE], [EYE]]).__next__, 1, passes=2),
        "`blocks` must be the same matrices whenever the stream is started; got 1 blocks after 2",
    ),
    "no rows": (lambda: mc.compress_stack([np.ones((0, 3))], 1), "`blocks` must be matrices with at least one row"),
    "three passes": (lambda: mc.compress_stack([EYE], 1, passes=3), "`passes` must be an integer in [1, 2]; got 3."),
    "method": (lambda: mc.compress_stack([EYE], 1, method="svd"), "`method` must be one of 'auto', 'gram'"),
    "no workers": (lambda: mc.compress_stack([EYE], 1, n_jobs=0), "`n_jobs` must be None, -1 or at least 1; got 0."),
    "one matrix": (lambda: mc.compress_stack(EYE, 1), "`blocks` must be a sequence or a stream of matrices"),
    "no such block": (
        lambda: mc.compress_stack([EYE], 1).reconstruct(1),
        "`block` must be an integer in [0, 0]; got 1.",
    ),
    "no coefficients": (
        lambda: mc.compress_stack(iter([EYE]), 1).reconstruct(0),
        "`passes` must be 2 for coefficients; got 1.",
    ),
    "groups that overlap": (
        lambda: mc.error_bounds([EYE, EYE], 1, groups=[[0], [0, 1]]),
        "`groups` must be a partition of 2 blocks",
    ),
    "groups that are ids": (
        lambda: mc.error_bounds([EYE], 1, groups=[0]),
        "`groups` must be None, a number of blocks, or",
    ),
    "an empty group": (lambda: mc.error_bounds([EYE], 1, groups=[[0], []]), "`groups` must be a partition of 1 blocks"),
    "unused groups": (
        lambda: mc.error_bounds([EYE], 1, method="gram", groups=1),
        '`groups` must be left out with method "gram", which does not use it; got 1.',
    ),
    "rank of a cluster": (lambda: mc.cluster_blocks([EYE], 0, 0.1), "`rank` must be an integer of at least 1; got 0."),
    "buffer": (lambda: mc.StackSketch(1, buffer=0), "`buffer` must be an integer of at least 1; got 0."),
    "another rank": (lambda: merged(mc.StackSketch(2)), "`other` must be a sketch of rank 1; got 2."),
    "another method": (
        lambda: merged(filled(3, method="fd"), filled(3, method="gram")),
        "`other` must be a sketch of method 'gram'; got 'fd'.",
    ),
    "other rows": (
        lambda: merged(filled(768), filled(384)),
        "`other` must be a sketch of matrices with 384 rows; got 768.",
    ),
    "shapes of a copy": (
        lambda: mc.certify([EYE, EYE], [EYE, EYE[:, :2]]),
        "`compressed` must be of the shape (3, 3) in block 1; got (3, 2).",
    ),
    "too few copies": (
        lambda: mc.certify([EYE, EYE], [EYE]),
        "`compressed` must be as many blocks as the original, more than 1; got 1.",
    ),
    "too many copies": (
        lambda: mc.certify([EYE], [EYE, EYE]),
        "`compressed` must be as many blocks as the original, 1; got more.",
    ),
    "rows of coefficients": (
        lambda: mc.certify([EYE], (EYE[:, :2], [EYE])),
        "`compressed` must be a basis of 2 columns and coefficients with as many rows; got 3 rows in C[0].",
    ),
    "sizes": (lambda: mc.make_stack("gaussian", 3, [1, 2], n_blocks=3), "`n_blocks` must be 2, as `n_columns` lists"),
    "kind": (lambda: mc.make_stack("round"), f"`kind` must be one of {', '.join(map(repr, KINDS))}; got 'round'."),
    "share of families": (lambda: mc.make_families(overlap="abc"), "`overlap` must be a number; got 'abc'."),
    "no columns": (lambda: mc.make_stack("gaussian", 8, 2.5), "`n_columns` must be a sequence; got 2.5."),
    "rows of families": (lambda: mc.make_families([1, 1], 3, 2), "`n_rows` must be an integer of at least 4; got 3."),
    "no family": (lambda: mc.make_families([]), "`sizes` must be a non-empty sequence of positive integers; got []."),
    "families that are one": (lambda: mc.make_families(overlap=1.0), "`overlap` must be in [0, 1); got 1.0."),
    "nothing hidden": (lambda: mc.make_hidden_direction(size=0.0), "`size` must be in (0, 1); got 0.0."),
    "names": (lambda: mc.StackProblem([EYE], names=["a", "b"]), "`names` must be None or a sequence of 1"),
    "projection": (lambda: mc.load_transformer_heads("output"), "`projection` must be one of 'query'"),
}


@pytest.mark.parametrize("name", CALLS)
def test_calls(name):
    call, sentence = CALLS[name]
    refused(call, sentence, (ValueError, TypeError))


def test_an_adapter_is_compared_with_an_adapter(tmp_path):
    refused(lambda: mc.certify(tmp_path / "none", tmp_path), "there is no", FileNotFoundError)
    one = mc.AdapterFile({"a": mc.AdapterModule(np.ones((3, 1)), np.ones((1, 2)))})
    other = mc.AdapterFile({"a": mc.AdapterModule(np.ones((3, 1)), np.ones((1, 3)))})
    refused(
        lambda: mc.certify(one, EYE), "`compressed` must be an adapter, as the other side is; got ndarray.", TypeError
    )
    shapes = "`compressed` must be an adapter with the shapes of the original in module 'a'; got (3, 3) for (3, 2)."
    refused(lambda: mc.certify(one, other), shapes)


def filled(m, **options):
    sketch = mc.StackSketch(1, **options)
    sketch.update(np.ones((m, 1)))
    return sketch


def merged(other, sketch=None):
    (mc.StackSketch(1) if sketch is None else sketch).merge(other)


FORMULAS = {
    ("union_bound", "spectra"): [([], 1), ("ab", 1), ([[-1.0]], 1), ([[np.nan]], 1)],
    ("superadditive_floor", "spectra"): [([], 1), ([[-1.0]], 1)],
    ("largest_alone_bound", "spectra"): [([], 1), ([[np.inf]], 1)],
    ("residual_bound", "residuals"): [(1, [], 1), (1, [[-1]], 1)],
    ("tail_energy", "spectrum"): [([-1.0], 1), ([np.nan], 1), ([[1.0]], 1)],
}


@pytest.mark.parametrize(("name", "argument"), FORMULAS)
def test_formulas(name, argument):
    for args in FORMULAS[name, argument]:
        refused(lambda args=args: getattr(theory, name)(*args), f"`{argument}` must be", (ValueError, TypeError))


def test_blocks_of_a_problem_are_held_read_only():
    given = np.ones((2, 3, 4))
    problem = mc.StackProblem(given, truth=[0, 1])
    for held in (*problem.blocks, problem.truth):
        assert not held.flags.writeable
    given[0, 0, 0] = 2.0  # the caller's own array stays as it is
    assert mc.compress_stack(problem, 1).certificate.verify(given)
