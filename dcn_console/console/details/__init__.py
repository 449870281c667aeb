"""Pages about one object: what it is, where it is, what is wrong with it and what to type."""
