"""Problems with a finite number of answers, and what a group of samples does to them by definition."""
