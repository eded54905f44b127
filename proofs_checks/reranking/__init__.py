"""Reranking: its statements, from the metrics of a ranking to the calls that make its head certain."""

# ruff: noqa: F401, I001
from lrtheory.bounds.reporting import About, Reading
from proofs_checks.reranking.metrics import swaps
from proofs_checks.reranking.metrics import ties
from proofs_checks.reranking.metrics import holes
from proofs_checks.reranking.metrics import ideals
from proofs_checks.reranking.judges import windows
from proofs_checks.reranking.judges import tournaments
from proofs_checks.reranking.judges import heaps
from proofs_checks.reranking.judges import checks
from proofs_checks.reranking.noise import votes
from proofs_checks.reranking.noise import fixed_errors
from proofs_checks.reranking.groups import captures
from proofs_checks.reranking.groups import partitions
from proofs_checks.reranking.groups import rewards
from proofs_checks.reranking.fusion import unanimous
from proofs_checks.reranking.fusion import ranks
from proofs_checks.reranking.comparison import sign_flips
from proofs_checks.reranking.retrieval import postings

ABOUT = About(
    paper=(
        "A. Abdallah et al., *Rankify: A Comprehensive Python Toolkit for Retrieval, Re-Ranking, and "
        "Retrieval-Augmented Generation*, arXiv 2502.02464; D. Sun et al., *GroupRank: A Groupwise Reranking Paradigm "
        "Driven by Reinforcement Learning*, arXiv 2511.11653."
    ),
    claims="""\
The papers are a toolkit and a way to train a judge of groups; of the first the code was read, of the second the
abstract, and neither states a theorem. It is proved here how long a prefix is certain after how many calls of a judge
that is consistent, how many votes one needs that errs, which part of a metric rests on documents that nobody judged,
and what fusion, tests of differences and pruning keep. As released, windows lose documents.""",
    pictures=("one-slip", "calls"),
    papers=(
        Reading(
            key="2502.02464",
            name="Rankify, A. Abdallah et al.",
            read="abstract, code",
            claims="A toolkit with retrievers, rerankers and evaluation behind one interface.",
            found=(
                "One pass of windows makes ten of 100 documents certain in nine calls, merging in seven. As released, "
                "windows are cut from the input list, and documents are lost."
            ),
            ids=("RK-",),
            call="rerank",
        ),
        Reading(
            key="2511.11653",
            name="GroupRank, D. Sun et al.",
            read="abstract",
            claims="A judge that scores groups is trained by a reward of ranking metrics and a term on scores.",
            found=(
                "Random partitions recombine without bias, at a number that is proved. Where metrics tie, the other "
                "term is the whole advantage, however small its weight is."
            ),
            ids=("GK-",),
            call="plan",
        ),
    ),
    errata=("RK-W1", "RK-F6"),
)
