"""Search in a collection of texts: impacts of terms, kernels that read as few of them as they can, and BM25."""
