"""Where a statement comes from: the source that claims it, the place where it stands, what its evidence rests on."""
