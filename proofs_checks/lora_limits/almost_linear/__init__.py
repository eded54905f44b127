"""The almost linear gradient."""
