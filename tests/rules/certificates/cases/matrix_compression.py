"""A small certificate of each class of matrix_compression, its problem, another answer, and other data."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory import matrix_compression
from tests.rules.certificates.certified import X, Y, case


@case
def LayerCertificate() -> Any:
    W = Y.T @ X
    proof = matrix_compression.truncate(W, 1, inputs=X).certificate
    return proof, (W, X), {"B": 1.1 * proof.B}, (W, X[:, ::-1])


BLOCKS, OTHERS = [X, X[:, ::-1] + 1], [X, X**2]


@case
def RankCertificate() -> Any:
    proof = matrix_compression.allocate_ranks([[3.0, 1.0], [2.0]], 2).certificate
    return proof, [[3.0, 1.0], [2.0]], {"ranks": np.array([2, 0])}, [[3.0, 1.5], [2.0]]


@case
def WorstErrorCertificate() -> Any:
    proof = matrix_compression.allocate_ranks([[3.0, 1.0], [2.0]], 2, objective="max").certificate
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
