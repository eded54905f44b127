"""The theorems of each system as statements, and the two tests that run over all of them."""
