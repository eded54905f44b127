"""Tests of what stands beside the library: figures, notebooks, demos, benchmarks, wheel, documents, folders."""
