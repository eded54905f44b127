"""Upper bounds on every allocation: weak duality at any prices, and the linear and whole programs in hindsight."""
