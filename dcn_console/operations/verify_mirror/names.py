"""The words that comparing two sides is decided by."""

NAME = "mirror-verify"

SAME = "same"
DIFFERENT = "different"
"""The two sides differ although nothing was on its way."""
UNSETTLED = "unsettled"
"""No point in time was found at which both sides could be read."""
CANCELLED = "cancelled"

READY = "ready"
"""The temporary snapshot is at both sides."""
REMOVED = "removed"

SNAPSHOT_STEP = "snapshot"
COMPARE_STEP = "compare"
REMOVE_STEP = "remove snapshot"
