"""What a maintained solution offers besides updates: answers, certificates, invariants, and its tables, also saved."""
