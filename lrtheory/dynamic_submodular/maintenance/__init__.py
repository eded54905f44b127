"""The parts of a maintained solver: updates, tables and saved states, answers, certificates, checks of invariants."""
