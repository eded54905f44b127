"""Tests of what stands beside the library: command line, figures, notebooks, demos, benchmarks, wheel, documents."""
