"""Points from files and data frames, and real points from files of installed packages."""
