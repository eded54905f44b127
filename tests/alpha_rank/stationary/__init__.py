"""Tests of stationary laws."""
