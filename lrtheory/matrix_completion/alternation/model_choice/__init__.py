"""The choice of rank and ridge by observations that are held out, and the error on others that choose nothing."""
