"""Known causes in what Cinder says of a failed backup or restore, and the way out of each.

The texts are those of ``fail_reason``, which is cut at 255 characters: seen on Cinder 21.3,
and read in cinder/backup/drivers/ceph.py and cinder/backup/manager.py.
"""

import re

from dcn_console.model.text import printable

_TEXT_LIMIT = 260
_KNOWN: tuple[tuple[str, str], ...] = (
    (
        r"Service not found",
        "No cinder-backup is up and enabled for the availability zone that was asked for, or this "
        "Cinder forgets the zone (Launchpad 1949061): see “openstack volume service list "
        "--service cinder-backup”.",
    ),
    (
        r"already exists",
        "Cinder's Ceph driver keeps one backup of a volume's snapshots: leave this failed one "
        "alone, for deleting it removes the data of the good one, and back up the volume itself.",
    ),
    (
        r"RADOS permission denied",
        "cinder-backup lacks the keyring of a cluster or has a wrong one, mostly of the hub's own "
        "cluster: put it into /etc/ceph of its container, restart it, and try again.",
    ),
    (
        r"conf_read_file|Driver initialize connection failed|ceph mon dump"
        r"|error connecting to the cluster|ObjectNotFound|keyring",
        "The site's ceph.conf and keyring must be readable where cinder-backup and cinder-volume "
        "run: copy them into /etc/ceph of their containers, restart cinder-backup, and try again. "
        "If they are there, the site's monitors do not answer.",
    ),
    (
        r"Permission denied|PermissionError|errno 13\b|errno 1\]",
        "The cephx user of cinder-backup may not do this: give it “profile rbd” on the backup "
        "pool and on the site's volumes pool.",
    ),
    (
        r"No space left|errno 28\b|quota exceeded|errno 122\b",
        "The cluster or its pool is full: free or add space there, and try again.",
    ),
    (
        r"waiting for a reply to message ID",
        "cinder-volume at the volume's site did not answer cinder-backup: see that it is up, and "
        "try again.",
    ),
    (
        r"timed out|Timeout|errno 110\b",
        "A cluster did not answer in time: see that the site is up, and try again.",
    ),
    (
        r"reset on manager restart",
        "cinder-backup was restarted in the middle: try again.",
    ),
    (
        r"Can't find snapshot from parent|from snapshot|RBD diff op failed",
        "The increment and what it builds on do not fit together any more: make a full backup.",
    ),
)


def explained(said: str | None, what: str) -> str:
    """Return in words why ``what`` failed, with the way out where the cause is known."""
    if not said:
        return f"{what} failed, and Cinder does not say why. See cinder-backup's log."
    text = f"{what} failed: {printable(' '.join(said.split()), _TEXT_LIMIT).rstrip('.')}."
    way_out = next((way for pattern, way in _KNOWN if re.search(pattern, said, re.I)), "")
    return f"{text} {way_out or 'See the log of cinder-backup.'}"
