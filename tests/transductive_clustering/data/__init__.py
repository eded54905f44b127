"""Points from files, data frames and loaders."""
