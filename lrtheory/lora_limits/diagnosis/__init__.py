"""Say before any gradient what a layer needs: one head, or all heads of a model on disk."""
