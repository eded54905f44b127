"""Where training comes to rest: divergences to a reference, stationary points, and clipped inner loops."""
