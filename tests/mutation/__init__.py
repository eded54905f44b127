"""How many random errors in the code of the systems do the tests see?

An error is a *mutant*: one operator, number, comparison or keyword of a function, a method, a kernel or a constant
exchanged, by the operators of cosmic-ray; `places.py` says where one may stand. A system is imported, and its kernels
compiled, in one process, which surveys which test calls what. Each mutant then takes the place of its code in a fork of
that process (`exchange.py`), and meets the tests of its own system that call the changed function, the fastest first,
until one fails (`forked.py`). A changed kernel runs interpreted, since compiling it would take longer than its tests.

    make mutants                                   # all systems, into tests/mutation/RESULTS.md
    python -m tests.mutation alpha_rank --sample 20 --jobs 2

The fate of a mutant is kept while the code of its function stays, wherever that stands; where it changes another mutant
is drawn. When tests or other code of the system have changed, mutants that had survived meet the tests of now; those
that were killed, or are equivalent, do not. So after removing or weakening tests take `--fresh`, which draws and runs
all anew.
"""
