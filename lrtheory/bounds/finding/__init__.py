"""Finding statements: the configuration of a folder, the registry of its places, and a file to start from."""
