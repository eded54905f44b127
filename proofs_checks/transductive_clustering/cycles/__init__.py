"""The limits of the guarantee."""
