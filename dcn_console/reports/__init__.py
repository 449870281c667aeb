"""Reports to keep: pure functions from frozen data to text, JSON and HTML."""
