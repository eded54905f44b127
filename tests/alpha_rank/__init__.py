"""alpha-Rank against enumeration, Gauss elimination on Fractions and plain loops."""
