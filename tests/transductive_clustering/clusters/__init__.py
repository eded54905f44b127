"""Tests of clusters without labels."""
