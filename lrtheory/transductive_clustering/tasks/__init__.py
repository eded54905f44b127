"""Few-shot tasks: how they are drawn and read, the methods, and their compiled loops for many tasks."""
