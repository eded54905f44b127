"""Claims that were once judged wrongly, and mistakes of authors that must get a clear sentence."""
