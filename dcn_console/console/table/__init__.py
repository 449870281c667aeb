"""A table for a hundred thousand rows: columns, state by key, and the widget that paints it."""
