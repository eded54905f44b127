"""For each system the solvers whose data carry units, as functions of a factor on these units; see `test_units.py`."""
