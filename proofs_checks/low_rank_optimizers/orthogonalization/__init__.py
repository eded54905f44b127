"""Steps that are orthogonalized, or nearly."""
