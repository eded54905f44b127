"""Few-shot tasks: each method against its definition in loops, and the compiled path against array code."""
