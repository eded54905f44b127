"""Tests of chains and response graphs."""
