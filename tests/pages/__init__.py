"""Tests of the pages that `docs` makes: what is made, and what Sphinx is taught."""
