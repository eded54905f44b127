"""Evolution strategies of low rank."""
