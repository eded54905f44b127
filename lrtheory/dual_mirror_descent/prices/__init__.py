"""The compiled steps of the prices of resources, one request after the other."""
