"""Statements about evolution strategies of low rank."""
