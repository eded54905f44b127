"""The cube of sign vectors."""
