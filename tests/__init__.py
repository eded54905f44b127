"""Tests: of the core, of each system, of the engine, of the rules that all share, and of the project around."""
