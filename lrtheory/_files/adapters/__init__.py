"""Folders with an adapter, as peft writes and reads them: their factors, their scalings, and nothing that is run."""
