"""What several rooms use: rankings with their metrics, and judges with a hidden order."""
