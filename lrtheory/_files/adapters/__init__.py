"""Folders with an adapter, as peft writes and reads them: their factors, their scalings, and nothing that is run."""

from lrtheory._files.adapters.adapter_file import AdapterFile, AdapterModule

__all__ = ["AdapterFile", "AdapterModule"]
