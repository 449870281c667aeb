"""The words that creating a volume is decided by."""

NAME = "volume-create"

ASK_STEP = "ask"
WATCH_STEP = "watch"
VERIFY_STEP = "verify"

PART = "volume"
"""What the mark of the volume says it is."""
GLANCE_SNAP = "snap"
"""The snapshot of a copy that volumes are clones of (glance_store/_drivers/rbd.py)."""
