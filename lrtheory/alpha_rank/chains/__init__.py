"""The Markov chain of a meta-game: who deviates where, at which rate, in one population or in several."""
