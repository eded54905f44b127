"""Rankings with their metrics, lists with their fusion, and judges with a hidden order, for several rooms."""
