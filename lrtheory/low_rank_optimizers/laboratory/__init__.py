"""Objectives on which what an evolution strategy does is known exactly."""
