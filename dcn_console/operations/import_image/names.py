"""The words that an import is decided by."""

NAME = "image-import"

CONVERT_STEP = "convert"
SEND_STEP = "send"
FETCH_STEP = "fetch"
VERIFY_STEP = "verify"
CLEAR_STEP = "clean up"

PART = "image"
"""What the mark of the image says it is."""
