"""Records about RandLoRA: a claim of its paper, and draws."""

from __future__ import annotations

from lrtheory.bounds import Measured, Paper, Recorded, Statement
from proofs_checks.low_rank_adapters.families.targets import BASES

RA_1 = Statement(
    id="low_rank_adapters/RA-1",
    title="Blocks that are fitted up to an error add up",
    says=(
        "The paper fits each of n blocks of the target up to an error epsilon, and concludes that all of them err by "
        "at most n times epsilon together. With fixed random bases B_j no block can be fitted so: |D - P_B D|^2 is "
        "left, with the projector onto the columns of the basis."
    ),
    source=Paper("2502.00987", "RandLoRA, Theorem 4.1", read="recalled"),
    tex=r"\|D_j - \Delta_j\| \le \varepsilon \Rightarrow \|D - \Delta\| \le n\varepsilon",
    hypotheses={},
    instances=BASES,
    solve=lambda case, rng: None,
    claim=Recorded(
        "the triangle inequality with a premise that random bases do not satisfy: on average they miss the share "
        "1 - r / m of a block",
        carried_by="low_rank_adapters/AD-3",
    ),
)


RA_4 = Statement(
    id="low_rank_adapters/RA-4",
    title="In draws full rank paid for flat spectra alone",
    says=(
        "At equal dimension RandLoRA with orthonormal bases and signs misses less of a target with equal singular "
        "values than LoRA, and more of targets whose singular values decay like a power i^-a with a of 1/2 or more: "
        "means over 40 draws of matrices of 24 x 24 with r = 2, 4, 6 and 12."
    ),
    source=Measured(
        "the mean relative squared errors, flat: .42 .64 .73 .82 against .71 .88 .92 .96 of LoRA; i^-1: .26 .44 .52 "
        ".66 against .06 .15 .22 .38",
        "40 draws of bases and tiled signs for each spectrum and rank",
        "lrtheory check low_rank_adapters/RA-4",
    ),
    tex=r"\mathrm{dist}_{\text{RandLoRA}} < \mathrm{dist}_{\text{LoRA}} \text{ for flat spectra alone}",
    hypotheses={},
    instances=BASES,
    solve=lambda case, rng: None,
    claim=Recorded("an observation on random draws", carried_by="low_rank_adapters/RA-5"),
)
