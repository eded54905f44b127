"""The services of a maintained solution besides updates: answers, certificates, memory, invariants, saving."""
