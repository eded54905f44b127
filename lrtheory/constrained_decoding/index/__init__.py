"""The prefix tree of a catalogue as arrays: built from sequences or strings, asked step by step, and kept in a file."""
