"""Where elements and their updates come from: files, frames, the shell, and data sets."""
