"""Finding statements: places, the plugin of pytest, and what somebody else writes."""
