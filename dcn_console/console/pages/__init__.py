"""Pages about the console itself, and the raw bodies of objects."""
