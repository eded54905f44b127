"""Stationary distributions and their limits against Fractions, spanning trees and elimination on leading terms."""
