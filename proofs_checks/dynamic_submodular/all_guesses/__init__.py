"""All guesses together: the answer, its certificate, and where one half is all."""
