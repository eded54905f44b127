"""From a meta-game to its Markov chain: who deviates where, at which rate, in one population or in several."""
