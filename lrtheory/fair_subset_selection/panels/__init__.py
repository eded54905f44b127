"""Where rankings come from: models that draw them, bias that moves a group down, and data that people left."""
