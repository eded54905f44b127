"""The words of the public API: what each means, of which kind it is, and where alone it may stand.

This table is the only place where a word is decided. `NEVER` has words that are not written, with what is written in
their place; `VOTING` functions keep the letter of their field.
"""

from __future__ import annotations

from typing import NamedTuple

VOTING = {"sample_rankings", "rankings_needed"}  # the field's own packages write m for the number of candidates

NEVER = {  # never -> instead
    "seed": "rng",
    "eps": "epsilon, or tol where it stops an iteration",
    "T": "horizon, max_iter or temperature",
    "cap": "max_samples",
    "iters": "max_iter",
    "lambda_": "ridge, weight_decay or lam",
    "reg": "ridge, weight_decay or lam",
    "m": "k or population_size",
    "r": "rank",
    "n_components": "n_clusters or rank",
    "solver": "method",
    "warm_start": "init",
    "track": "record",
    "history": "record",
    "rho": "rate",
    "level": "delta",
}


class Word(NamedTuple):
    """What a word means, how the kinds of its values begin, and a pattern of the names among which alone it stands."""

    meaning: str
    kinds: str
    only: str = ""


FLOAT, NUMBER, INTEGER = r"(float|number|as in)", r"(float|number|numbers)\b", r"int\b"
WORDS = {
    "delta": Word("probability that a guarantee fails, in (0, 1)", NUMBER),
    "epsilon": Word("relative error that an answer may have, in (0, 1)", NUMBER),
    "perturbation": Word("chance of a deviation that loses, in (0, 1/2)", NUMBER, r"alpha_rank\."),
    "dead_share": Word("share of a batch that may die before it is drawn anew", "float", r"dynamic_submodular\."),
    "max_error": Word("absolute error that every entry may have", "float"),
    "max_errors": Word("absolute errors that were measured", "float64 array"),
    "error": Word("error relative to the norm of what was given", r"(float|method)"),
    "errors": Word("errors relative to the norms of what was given", r"(float64 array|array|mapping|method)"),
    "residual": Word("what is left, relative to the norm of what was given", "(float|array)"),
    "residual_norm": Word("norm of what is left, in its own unit", "(float|array)"),
    "tol": Word("relative change or residual at which an iteration stops", FLOAT),
    "rounding": Word(
        "relative error that counts as rounding; how a plan becomes whole for `resolve`", r'(float|number|\{"half")'
    ),
    "keep_energy": Word("share of the squared norm to keep, in (0, 1]", "float"),
    "captured": Word("share of the squared norm that an answer keeps", NUMBER),
    "energy": Word("objective of a clustering", "float", r"transductive_clustering\."),
    "squared_norm": Word("squared Frobenius norm", "number"),
    "missed": Word("squared norm that an answer lacks, of a unit vector or of all", NUMBER, r"(continual|low_rank)_"),
    "ridge": Word("weight of a squared penalty, at least 0", NUMBER),
    "lam": Word(
        "lambda of a paper's objective",
        FLOAT,
        r"(transductive_clustering|matrix_completion|lora_limits|policy_gradients)\.",
    ),
    "weight_decay": Word("share of the weights that a step of size 1 takes off", "float", r"low_rank_\w+\."),
    "decay": Word("factor that older data keep", NUMBER, r"(continual_learning|low_rank_optimizers)\."),
    "cooling": Word("rate at which the level of a test falls", "float", r"low_rank_optimizers\."),
    "names": Word("names of things", r"(tuple|sequence|iterable|pair|list|Names|mapping|dict)"),
    "labels": Word(
        "numbers or names of classes or clusters",
        r"(int|int64|array|tuple)\b",
        r"(transductive_clustering\.|matrix_compression\.(BlockClusters|ClusterCertificate))",
    ),
    "label": Word("column that holds labels", "str", r"transductive_clustering\."),
    "budget": Word(
        "resources that costs spend",
        r"(array|float|number|int|mapping|RequestStream)",
        r"(dual_mirror_descent|matrix_compression)\.",
    ),
    "max_parameters": Word("numbers that an adapter may train", INTEGER, r"low_rank_adapters\."),
    "n_evaluations": Word("evaluations of a member that can be paid for", "float", r"low_rank_optimizers\."),
    "strength_std": Word("standard deviation of strengths", "float", r"alpha_rank\."),
    "value_range": Word("least and largest value that there can be", "pair", r"matrix_completion\."),
    "rank": Word("number kept of an ordered list", r"(int|numbers|as given)"),
    "k": Word(
        "size of a chosen set",
        r"(int|array)",
        r"(constrained_dec|dynamic_sub|fair_subset|policy_grad|rerank|transductive_cl)\w+\.",
    ),
    "n_neighbors": Word("number of nearest points", r"(int|as in)"),
    "record": Word("whether what happens on the way is kept", "bool"),
    "rng": Word("source of randomness", r"(Generator|int|None)"),
    "n_jobs": Word("threads or processes, None for one and -1 for all", INTEGER),
    "max_iter": Word("most iterations", r"(int|as in)"),
    "counts": Word("what was counted on the way", r"(mapping|array)"),
    "step_size": Word("size of a step", r'(float|number|"theory"|as given)'),
}
