"""The words that the steps of operations on volumes are decided by, besides those of patience."""

ASKED = "asked"
"""Cinder was asked, now or before a kill; the data names what it makes."""
THERE = "there"
WRONG = "wrong"
"""It failed, and something of ours may be left."""
CLEARED = "cleared"
