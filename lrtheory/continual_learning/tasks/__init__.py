"""Tasks that are learned one after another, and the learners that try."""
