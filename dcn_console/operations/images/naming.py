"""What Glance takes as an image's name: told before hours of work end in its refusal."""

from dcn_console.model.plans import Check
from dcn_console.operations.mirror_subject import refused
from dcn_console.operations.volumes.scene import NAME_LIMIT

LAST_CHARACTER = "\uffff"
"""Glance answers 400 to characters of four bytes (glance/common/utils.py, no_4byte_params)."""


def name_checks(name: str) -> list[Check]:
    """Refuse a name that Glance would refuse."""
    if len(name) > NAME_LIMIT:
        text = f"An image's name has {NAME_LIMIT} characters at most, not {len(name)}."
        return [refused(text, "Give it a shorter one.", option="--name NAME")]
    if any(character > LAST_CHARACTER for character in name):
        text = "Glance takes no emoji and other characters beyond U+FFFF in a name."
        return [refused(text, "Give it another name.", option="--name NAME")]
    return []
