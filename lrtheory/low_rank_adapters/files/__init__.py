"""Adapters in the folders of peft, read and written without torch and without pickle."""

from lrtheory.low_rank_adapters.files.load import load_peft
from lrtheory.low_rank_adapters.files.save import save_peft

__all__ = ["load_peft", "save_peft"]
