"""Maps from the features of a new encoder to those of an old one."""
