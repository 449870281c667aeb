"""Findings: what is wrong and shows by itself."""

from enum import StrEnum

import msgspec


class Severity(StrEnum):
    """How much a finding matters."""

    NOTICE = "notice"
    WARNING = "warning"
    ERROR = "error"


class Finding(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Something wrong that the inventory shows by itself.

    ``kind`` is one of FINDING_KINDS, ``key`` the object it is about (an id, a site's name, or
    the key of a mirrored RBD image's row or of a mirrored pool's), ``text`` one sentence naming
    object and site, ``way_out`` what to do.
    """

    kind: str
    severity: Severity
    key: str
    site: str | None = None
    text: str
    way_out: str = ""


NO_CENTRAL_COPY = "no-central-copy"
NOT_RAW = "not-raw"
COPY_GONE = "copy-gone"
IMPORT_STALLED = "import-stalled"
ZONE_MISMATCH = "zone-mismatch"
SITE_UNREACHABLE = "site-unreachable"
CLUSTER_UNHEALTHY = "cluster-unhealthy"
SERVICE_DOWN = "service-down"
NEARLY_FULL = "nearly-full"
SERVICE_MISSING = "service-missing"
IMAGE_NEEDED = "image-needed"
BACKUP_FAILED = "backup-failed"
BACKUP_BROKEN = "backup-broken"
BACKUP_OVERDUE = "backup-overdue"
SPLIT_BRAIN = "split-brain"
BOTH_PRIMARY = "both-primary"
BOTH_SECONDARY = "both-secondary"
MIRROR_DAEMON_DEAD = "mirror-daemon-dead"
MIRROR_LAG = "mirror-lag"
MIRROR_ORPHAN = "mirror-orphan"
MIRROR_ERROR = "mirror-error"
NO_PEER_COPY = "no-peer-copy"
MIRROR_KINDS = (
    SPLIT_BRAIN,
    BOTH_PRIMARY,
    BOTH_SECONDARY,
    MIRROR_DAEMON_DEAD,
    MIRROR_LAG,
    MIRROR_ORPHAN,
    MIRROR_ERROR,
    NO_PEER_COPY,
)
FINDING_KINDS = (
    NO_CENTRAL_COPY,
    NOT_RAW,
    COPY_GONE,
    IMPORT_STALLED,
    ZONE_MISMATCH,
    SITE_UNREACHABLE,
    CLUSTER_UNHEALTHY,
    SERVICE_DOWN,
    NEARLY_FULL,
    SERVICE_MISSING,
    IMAGE_NEEDED,
    BACKUP_FAILED,
    BACKUP_BROKEN,
    BACKUP_OVERDUE,
    *MIRROR_KINDS,
)
