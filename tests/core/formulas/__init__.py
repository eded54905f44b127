"""Every formula of `theory` at integers of all types, and at doubles beside exact numbers."""
