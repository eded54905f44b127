"""Evolution strategies against perturbations that are written out, plain loops and Fractions."""
