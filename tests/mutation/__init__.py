"""How many random errors in the kernels do the tests see?

An error is a *mutant*: one operator, number, comparison or keyword of a kernel exchanged, by the operators of
cosmic-ray. The kernels run interpreted (`interpreted.py`), since compiling each mutant would take longer than its
tests. Each mutant meets only tests of its own system which call the mutated kernel and pass without it, the fastest
first, until one fails.

    make mutants                                   # all systems, into tests/mutation/RESULTS.md
    python -m tests.mutation alpha_rank --sample 20 --jobs 2

A sample and its fates are kept while the text of the system's kernels stays, wherever they stand. When tests or other
code of the system have changed, the mutants that had survived meet the tests of now; those that were killed, or are
equivalent, do not. So after removing or weakening tests, or changing what calls the kernels, take `--fresh`, which
draws and runs all anew.
"""
