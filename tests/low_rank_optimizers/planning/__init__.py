"""Plans for populations against all alternatives, and bounds of biases against cubics."""
