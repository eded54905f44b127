"""Low-rank and memory-efficient optimizers: their statements, from evolution strategies to rounded steps."""

# ruff: noqa: F401, I001
from lrtheory.bounds.reporting import About, Reading
from proofs_checks.low_rank_optimizers.evolution import variances
from proofs_checks.low_rank_optimizers.evolution import layers
from proofs_checks.low_rank_optimizers.evolution import draws
from proofs_checks.low_rank_optimizers.evolution import bias
from proofs_checks.low_rank_optimizers.evolution import smooth_objectives
from proofs_checks.low_rank_optimizers.evolution import members
from proofs_checks.low_rank_optimizers.evolution import moments
from proofs_checks.low_rank_optimizers.evolution import strategy
from proofs_checks.low_rank_optimizers.evolution import averages
from proofs_checks.low_rank_optimizers.evolution import planning
from proofs_checks.low_rank_optimizers.evolution import sines
from proofs_checks.low_rank_optimizers.evolution import directions
from proofs_checks.low_rank_optimizers.evolution import far_rewards
from proofs_checks.low_rank_optimizers.integers import sums
from proofs_checks.low_rank_optimizers.integers import votes
from proofs_checks.low_rank_optimizers.integers import scores
from proofs_checks.low_rank_optimizers.columns import selections
from proofs_checks.low_rank_optimizers.columns import cosines
from proofs_checks.low_rank_optimizers.columns import moved_moments
from proofs_checks.low_rank_optimizers.columns import feedback
from proofs_checks.low_rank_optimizers.curvature import inverses
from proofs_checks.low_rank_optimizers.curvature import definite_forms
from proofs_checks.low_rank_optimizers.curvature import preconditioners
from proofs_checks.low_rank_optimizers.curvature import batch_means
from proofs_checks.low_rank_optimizers.orthogonalization import cosine_steps
from proofs_checks.low_rank_optimizers.orthogonalization import newton_schulz_steps
from proofs_checks.low_rank_optimizers.splitting import splits
from proofs_checks.low_rank_optimizers.splitting import descents
from proofs_checks.low_rank_optimizers.splitting import settled_variances
from proofs_checks.low_rank_optimizers.splitting import kept_bytes
from proofs_checks.low_rank_optimizers.rounding import gaps
from proofs_checks.low_rank_optimizers.rounding import absorbed_steps
from proofs_checks.low_rank_optimizers.rounding import overlaps
from proofs_checks.low_rank_optimizers.rounding import ranks
from proofs_checks.low_rank_optimizers.rounding import merged_adapters

ABOUT = About(
    paper=(
        "B. Sarkar, M. Fellows, J. A. Duque et al., *Evolution Strategies at the Hyperscale*, arXiv 2511.16652; "
        "I.-V. Modoranu, M. Safaryan, E. Schultheis, D. Alistarh, *SVD-Free Low-Rank Adaptive Gradient Optimization "
        "for LLMs*, arXiv 2505.17967; M. Mozaffari et al., *MKOR*, NeurIPS 2023, arXiv 2306.01685; *AuON*, arXiv "
        "2509.24320; P. Zmushko, A. Beznosikov, M. Takac, S. Horvath, *FRUGAL*, ICML 2025, arXiv 2411.07837; "
        "S. Mukherjee, L. Yuan, D. Hakkani-Tur, H. Peng, *RL Finetunes Small Subnetworks in LLMs*, arXiv 2505.11711."
    ),
    claims="""\
The papers save memory: noise of low rank in place of full noise, moments of few columns (DCT-AdamW) or coordinates
(FRUGAL), one vector a step for curvature (MKOR), a scalar for orthogonalization (AuON). Abstracts and code were read,
EGGROLL's text, and MKOR's formula in its first author's thesis. It is proved here what each saving does to a step: low
rank is unbiased on quadratics with a known variance, and its bias on cubics is exactly proportional to 1/r; the formula
of MKOR's thesis is not an inverse; and rounding alone makes updates sparse and overlapping.""",
    pictures=("bias-of-rank", "rounding"),
    papers=(
        Reading(
            key="2511.16652",
            name="EGGROLL, B. Sarkar et al.",
            read="text without appendices, code",
            claims="Noise of low rank trains as full noise does, with a bias of order 1/r, and integers suffice.",
            found=(
                "Unbiased on quadratics, with a known variance; signs have less of it than full noise; on cubics "
                "the bias is exactly proportional to 1/r."
            ),
            ids=("EG-", "EI-"),
            call="LowRankES",
        ),
        Reading(
            key="2505.17967",
            name="DCT-AdamW, I.-V. Modoranu et al.",
            read="abstract, code",
            claims="Columns of a fixed cosine basis replace singular vectors.",
            found="The best columns leave a known share; released sums of absolute values are another choice.",
            ids=("DC-",),
            call="DCTAdamW",
        ),
        Reading(
            key="2306.01685",
            name="MKOR, M. Mozaffari et al.",
            read="abstract, code, a thesis",
            claims="Updates of rank one keep inverses of curvature at quadratic cost.",
            found="The formula of the thesis is no inverse, and amplifies what it has seen.",
            ids=("MK-",),
            call="MKOR",
        ),
        Reading(
            key="2509.24320",
            name="AuON",
            read="abstract, code",
            claims="A scalar replaces the orthogonalization of a step.",
            found="The released step is momentum times one number.",
            ids=("AU-",),
            call="AuON",
        ),
        Reading(
            key="2411.07837",
            name="FRUGAL, P. Zmushko et al.",
            read="abstract, code",
            claims="Adam on some coordinates and signs on the rest train as Adam does.",
            found="Coordinates settle at known variances, and every reset loses steps.",
            ids=("FR-",),
            call="Frugal",
        ),
        Reading(
            key="2505.11711",
            name="Small Subnetworks, S. Mukherjee et al.",
            read="abstract, code",
            claims="Reinforcement learning changes few weights, and much the same ones.",
            found="Rounding alone makes updates sparse and alike, by a share that is predicted.",
            ids=("RN-",),
            call="compare_checkpoints",
        ),
    ),
    errata=("EG-VS", "EI-4", "MK-1"),
)
