"""The choice of k items against enumeration and integer programs."""
