"""The mirroring menu and its actions: part of the one table of actions."""

from dcn_console.console.action import MIRRORING, PEERS, Action, Menu
from dcn_console.console.mirror_availability import (
    with_clusters,
    with_mirrored,
    with_pair,
    with_peers,
    with_schedules,
    with_snapshot_mode,
    with_unmirrored,
)
from dcn_console.console.situation import MIRROR_PLACES, Situation
from dcn_console.model.requests import (
    AddSchedule,
    ChangePoolMode,
    ConnectPeers,
    DisableMirroring,
    EnableMirroring,
    FailBack,
    FailOver,
    NameMirrorSite,
    Rehearse,
    Relocate,
    RemovePeer,
    RemoveSchedule,
    Resync,
    TakeMirrorSnapshot,
    VerifyMirror,
)


def _pair(situation: Situation) -> str:
    pair = situation.pair
    return f"{pair.direction}, pool {pair.pool}" if pair is not None else "sites"


MIRROR_MENU = Menu(
    key="M", title="Mirroring", group=MIRRORING, places=MIRROR_PLACES, headings=((PEERS, _pair),)
)

MIRROR_ACTIONS: tuple[Action, ...] = (
    MIRROR_MENU.action(
        "enable_mirroring",
        "e",
        "enable",
        "Mirror the volumes to another site.",
        with_unmirrored,
        EnableMirroring,
    ),
    MIRROR_MENU.action(
        "disable_mirroring",
        "d",
        "disable",
        "Stop mirroring; the copy at the other site is removed.",
        with_mirrored,
        DisableMirroring,
    ),
    MIRROR_MENU.action(
        "mirror_snapshot",
        "n",
        "snapshot now",
        "Take a mirror snapshot now and wait until it has arrived.",
        with_snapshot_mode,
        TakeMirrorSnapshot,
    ),
    MIRROR_MENU.action(
        "mirror_schedule",
        "s",
        "schedule",
        "Add or remove a schedule of mirror snapshots.",
        with_schedules,
        AddSchedule,
        RemoveSchedule,
    ),
    MIRROR_MENU.action(
        "relocate",
        "r",
        "relocate",
        "Make the other site primary in an orderly way; nothing is lost.",
        with_mirrored,
        Relocate,
    ),
    MIRROR_MENU.action(
        "fail_over",
        "f",
        "fail over",
        "Make the other site primary although the primary is lost.",
        with_mirrored,
        FailOver,
    ),
    MIRROR_MENU.action(
        "fail_back",
        "b",
        "fail back",
        "After a failover: resync the old primary and make it primary again.",
        with_mirrored,
        FailBack,
    ),
    MIRROR_MENU.action(
        "resync",
        "y",
        "resync",
        "Throw away one side's data and copy it anew from the primary.",
        with_mirrored,
        Resync,
    ),
    MIRROR_MENU.action(
        "verify_mirror",
        "v",
        "verify",
        "Compare both sides at the same consistent point.",
        with_mirrored,
        VerifyMirror,
    ),
    MIRROR_MENU.action(
        "rehearse",
        "t",
        "rehearse",
        "Prove on a scratch copy that it would work at the other site.",
        with_mirrored,
        Rehearse,
    ),
    MIRROR_MENU.action(
        "connect_peers",
        "c",
        "connect sites",
        "Make a pool of two sites each other's peer.",
        with_clusters,
        ConnectPeers,
        group=PEERS,
    ),
    MIRROR_MENU.action(
        "pool_mode",
        "m",
        "pool mode",
        "Choose which RBD images of the pool are mirrored.",
        with_pair,
        ChangePoolMode,
        group=PEERS,
    ),
    MIRROR_MENU.action(
        "mirror_site_name",
        "a",
        "site name",
        "Change the name by which a cluster's peers know it.",
        with_pair,
        NameMirrorSite,
        group=PEERS,
    ),
    MIRROR_MENU.action(
        "remove_peer",
        "x",
        "remove peer",
        "Take the other site off a pool's peers.",
        with_peers,
        RemovePeer,
        group=PEERS,
    ),
)
