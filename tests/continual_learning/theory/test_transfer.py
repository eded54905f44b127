"""Metrics of tasks: the identity of accuracies, and what forgetting is never below, over all small tables."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

from proofs_checks.continual_learning.tasks import forgetting_floor, transfer_identity


def test_accuracies_of_all_small_tables_add_up() -> None:
    for entries in product((Fraction(0), Fraction(1, 2), Fraction(1)), repeat=6):
        R = [[entries[0]], [*entries[1:3]], [*entries[3:]]]
        changes = [R[2][j] - R[j][j] for j in range(2)]
        losses = [max(R[i][j] for i in range(j, 2)) - R[2][j] for j in range(2)]
        transfer, forgotten = sum(changes, Fraction(0)) / 2, sum(losses, Fraction(0)) / 2
        learned, average = sum((R[j][j] for j in range(3)), Fraction(0)) / 3, sum(R[2], Fraction(0)) / 3
        assert transfer_identity(learned, transfer, 3) == average
        assert forgotten >= forgetting_floor(transfer)
        peaks_at_once = R[0][0] >= R[1][0]
        assert (forgotten == forgetting_floor(transfer)) == peaks_at_once
