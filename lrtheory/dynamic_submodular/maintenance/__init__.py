"""What a maintained solution offers besides updates: answers, certificates, memory, invariants, saving."""
