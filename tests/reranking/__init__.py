"""Tests of reranking: theorems on all small orders."""
