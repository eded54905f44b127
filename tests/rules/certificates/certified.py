"""For each class of certificates a small one, its problem, another answer, and other data; see `test_certificates`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory import continual_learning as cl
from lrtheory import dual_mirror_descent as dmd
from lrtheory import dynamic_submodular as ds
from lrtheory import fair_subset_selection as fss
from lrtheory import lora_limits as ll
from lrtheory import low_rank_adapters as lra
from lrtheory import low_rank_optimizers as lro
from lrtheory import matrix_completion as mc
from lrtheory import matrix_compression
from lrtheory import transductive_clustering as tc
from lrtheory._kernels.low_rank import core
from lrtheory._result import Certificate
from lrtheory._result.low_rank import certified
from lrtheory.low_rank_adapters.kinds.lora import lora
from tests.rules.certificates.forging import with_gap


@dataclass(frozen=True)
class Case:
    """A certificate; the data that it is about; a copy with another answer; and other data."""

    certificate: Certificate
    problem: Any
    forged: Certificate
    other: Any


CASES: dict[str, Callable[[], Case]] = {}


def case(make: Callable[[], tuple[Any, Any, dict[str, Any], Any]]) -> None:
    """Enter a case: the certificate, its data, the fields of another answer, and other data."""

    def made() -> Case:
        certificate, problem, answer, other = make()
        return Case(certificate, problem, with_gap(certificate, **answer), other)

    CASES[make.__name__] = made


X = np.arange(12.0).reshape(4, 3) ** 2 % 7
Y = np.arange(8.0).reshape(4, 2) ** 2 % 5


# --- the factors that several systems return -------------------------------------------------------------------------


@case
def FactorsCertificate() -> Any:
    found = core(np.eye(4), X, "qr")
    proof = certified(found, 2, found.factors(2), 1.0).certificate
    return proof, X, {"B": proof.B[::-1].copy()}, X + np.eye(4, 3)


@case
def LayerCertificate() -> Any:
    W = Y.T @ X
    proof = matrix_compression.truncate(W, 1, inputs=X).certificate
    return proof, (W, X), {"B": 1.1 * proof.B}, (W, X[:, ::-1])


# --- continual_learning ----------------------------------------------------------------------------------------------

W0, EDITS = np.eye(3, 2), [(X[:1], Y[:1]), (X[1:], Y[1:])]
EDITED = cl.EditProblem(W0, EDITS)
REPLACED = cl.EditProblem(W0, [(X[:1], Y[:1] + 1), (X[1:], Y[1:])])


def edited() -> Any:
    state = cl.RecursiveRidge(W0)
    return state, [state.update(keys, values) for keys, values in EDITS]


@case
def EditCertificate() -> Any:
    proof = edited()[1][1].certificate
    return proof, EDITED, {"name": 0}, REPLACED


@case
def DriftCertificate() -> Any:
    proof = edited()[0].certificate
    return proof, EDITED, {"achieved": 0.9 * proof.achieved}, REPLACED


@case
def LowRankEditCertificate() -> Any:
    proof = edited()[0].as_adapter(1).certificate
    return proof, EDITED, {"B": 1.1 * proof.B}, REPLACED


@case
def SketchCertificate() -> Any:
    proof = cl.sketch(X, 1).certificate
    return proof, X, {"rows": 1.1 * proof.rows}, X[:-1]


@case
def LeakCertificate() -> Any:
    protector = cl.SubspaceProtector(3, layout="rows")
    protector.extend(X, rank=1)
    proof = protector.leak_bound(np.ones((3, 1))).certificate
    return proof, X, {"change": 2 * proof.change}, 3 * X


# --- dual_mirror_descent ---------------------------------------------------------------------------------------------

STREAM, RICHER = (dmd.RequestStream(Y[:3] + more, X[:3, :2] + 1, 4.0) for more in (0.0, 1.0))


@case
def AllocationCertificate() -> Any:
    proof = dmd.allocate(STREAM).certificate
    return proof, STREAM, {"actions": 1 - proof.actions}, RICHER


@case
def DualityCertificate() -> Any:
    proof = dmd.hindsight_optimum(STREAM).certificate
    return proof, STREAM, {"solution": proof.solution / 2}, RICHER


# --- dynamic_submodular ----------------------------------------------------------------------------------------------

COVERED = [[0, 1, 2], [2, 3], [3, 4], [0, 4]]


@case
def SubmodularCertificate() -> Any:
    f = ds.Coverage(COVERED)
    proof = ds.certify_selection(f, [0, 1], 2, candidates=[0, 1, 2])
    return proof, f, {"items": np.array([1, 2])}, ds.Coverage(COVERED[::-1])


# --- fair_subset_selection -------------------------------------------------------------------------------------------

ORDERS = [[0, 1, 2, 3], [1, 0, 3, 2], [2, 0, 1, 3]]
PANEL, TURNED = fss.Rankings(orders=ORDERS), fss.Rankings(orders=[order[::-1] for order in ORDERS])


@case
def SelectionCertificate() -> Any:
    proof = fss.select(PANEL, "borda-cc", 2, method="greedy").certificate
    return proof, (PANEL, "borda-cc"), {"items": np.array([1, 3])}, (TURNED, "borda-cc")


@case
def TransferCertificate() -> Any:
    proof = fss.certify_transfer(PANEL, "borda-cc", [1, 2])
    return proof, (PANEL, "borda-cc"), {"items": np.array([2, 3])}, (TURNED, "borda-cc")


# --- lora_limits -----------------------------------------------------------------------------------------------------


@case
def GradientCertificate() -> Any:
    problem = ll.make_uniform(8, 2, bound=0.1, rng=0)
    proof = ll.lora_gradients(problem, method="low-rank").certificate
    gradients = {name: one + 10 * proof.entries[name] for name, one in proof.gradients.items()}
    return proof, problem, {"gradients": gradients}, ll.make_uniform(8, 2, bound=0.2, rng=0)


# --- low_rank_optimizers ---------------------------------------------------------------------------------------------


@case
def ColumnCertificate() -> Any:
    proof = lro.select_columns(X, 1).certificate
    return proof, X, {"indices": (proof.indices + 1) % 3}, 2 * X


@case
def BiasCertificate() -> Any:
    small = lro.make_cubic((2, 2), rng=0)
    large = dataclasses.replace(small, cubic=1000 * small.cubic)
    proof = lro.bias_bound((2, 2), rank=1, sigma=1.0, hessian_lipschitz=40.0)
    return proof, small, {"sigma": 2.0}, large


@case
def AbsorptionCertificate() -> Any:
    proof = lro.absorption(X, step_bound=0.01).certificate
    return proof, X, {"step_bound": 1.0}, 100 * X


# --- matrix_completion -----------------------------------------------------------------------------------------------


@case
def CompletionCertificate() -> Any:
    proof = mc.duality_gap(X, X[:, :2], np.eye(3, 2), lam=1.0)
    return proof, X, {"U": 1.1 * proof.U}, 1.1 * X


# --- transductive_clustering -----------------------------------------------------------------------------------------


@case
def StationarityCertificate() -> Any:
    W = np.ones((4, 4)) - np.eye(4)
    proof = tc.bound_update(X / 7, W, lam=0.1, max_iter=2).certificate
    return proof, (X / 7, W), {"assignments": np.roll(proof.assignments, 1, axis=1)}, (X / 7, 2 * W)


# --- low_rank_adapters -----------------------------------------------------------------------------------------------

TARGET = X + np.eye(4, 3)


@case
def FitCertificate() -> Any:
    adapter = lora(np.eye(4, 1), np.ones((1, 3)))
    proof = lra.fit(adapter, TARGET).certificate
    return proof, TARGET, {"adapter": adapter}, 2 * TARGET


@case
def ConversionCertificate() -> Any:
    adapter = lora(X[:, :2], np.eye(2, 3))
    proof = lra.to_lora(adapter, rank=1).certificate
    return proof, adapter, {"adapter": lora(np.eye(4, 1), np.ones((1, 3)))}, TARGET


@case
def StartCertificate() -> Any:
    adapter = lora(np.eye(4, 1), np.ones((1, 3)))
    proof = lra.initialize(adapter, TARGET, rng=0).certificate
    return proof, TARGET, {"B": proof.B[::-1].copy(), "A": proof.A[:, ::-1].copy()}, TARGET[::-1] ** 2


# --- matrix_compression ----------------------------------------------------------------------------------------------

BLOCKS, OTHERS = [X, X[:, ::-1] + 1], [X, X**2]


@case
def RankCertificate() -> Any:
    proof = matrix_compression.allocate_ranks([[3.0, 1.0], [2.0]], 2).certificate
    return proof, [[3.0, 1.0], [2.0]], {"ranks": np.array([2, 0])}, [[3.0, 1.5], [2.0]]


@case
def ClusterCertificate() -> Any:
    proof = matrix_compression.cluster_blocks(BLOCKS, 1, 1.0).certificate
    return proof, BLOCKS, {"labels": np.arange(2)}, OTHERS


@case
def StackCertificate() -> Any:
    proof = matrix_compression.compress_stack(BLOCKS, 1).certificate
    return proof, BLOCKS, {"basis": np.eye(4, 1)}, OTHERS


@case
def CompressionCertificate() -> Any:
    proof = matrix_compression.certify(X, X // 2)
    return proof, (X, X // 2), {"part_errors": 2 * proof.part_errors}, (X, X // 3)


@case
def AdapterFileCertificate() -> Any:
    given = tuple(matrix_compression.make_adapters(1, 3, rank=2, rng=0))
    proof = matrix_compression.merge_adapters(given[:2], [0.5, 2.0], rank=2).certificate
    return proof, given[:2], {"weights": np.ones(2)}, given[1:]
