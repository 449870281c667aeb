"""Plain frozen data and pure functions on it: no I/O, no clock, no network."""
