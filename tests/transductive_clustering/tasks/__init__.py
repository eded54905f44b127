"""Tests of few-shot tasks."""
