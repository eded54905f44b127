"""Certificates: theorems as files that programs of others check, with instances on which our code agrees with them."""
