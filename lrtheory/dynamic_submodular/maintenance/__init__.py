"""The services of a maintained solution besides updates: answers, certificates, invariants, tables and saved states."""
