"""When a new encoder is compatible with an old one in expectation, and what that says of nearest templates."""
