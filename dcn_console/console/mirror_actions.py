"""The mirroring menu and its actions: part of the one table of actions."""

from collections.abc import Callable

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
    Request,
    Resync,
    TakeMirrorSnapshot,
    VerifyMirror,
)


def _pair(situation: Situation) -> str:
    pair = situation.pair
    return f"{pair.direction}, pool {pair.pool}" if pair is not None else "sites"


MIRROR_MENU = Menu(key="M", title="Mirroring", headings=((PEERS, _pair),))


def _action(
    name: str,
    letter: str,
    title: str,
    description: str,
    available: Callable[[Situation], str],
    *requests: type[Request],
    group: str = MIRRORING,
) -> Action:
    return Action(
        id=name,
        menu=MIRROR_MENU,
        letter=letter,
        title=title,
        description=description,
        group=group,
        places=MIRROR_PLACES,
        changes=True,
        available=available,
        requests=requests,
    )


MIRROR_ACTIONS: tuple[Action, ...] = (
    _action(
        "enable_mirroring",
        "e",
        "enable",
        "Mirror the volumes to another site.",
        with_unmirrored,
        EnableMirroring,
    ),
    _action(
        "disable_mirroring",
        "d",
        "disable",
        "Stop mirroring; the copy at the other site is removed.",
        with_mirrored,
        DisableMirroring,
    ),
    _action(
        "mirror_snapshot",
        "n",
        "snapshot now",
        "Take a mirror snapshot now and wait until it has arrived.",
        with_snapshot_mode,
        TakeMirrorSnapshot,
    ),
    _action(
        "mirror_schedule",
        "s",
        "schedule",
        "Add or remove a schedule of mirror snapshots.",
        with_schedules,
        AddSchedule,
        RemoveSchedule,
    ),
    _action(
        "relocate",
        "r",
        "relocate",
        "Make the other site primary in an orderly way; nothing is lost.",
        with_mirrored,
        Relocate,
    ),
    _action(
        "fail_over",
        "f",
        "fail over",
        "Make the other site primary although the primary is lost.",
        with_mirrored,
        FailOver,
    ),
    _action(
        "fail_back",
        "b",
        "fail back",
        "After a failover: resync the old primary and make it primary again.",
        with_mirrored,
        FailBack,
    ),
    _action(
        "resync",
        "y",
        "resync",
        "Throw away one side's data and copy it anew from the primary.",
        with_mirrored,
        Resync,
    ),
    _action(
        "verify_mirror",
        "v",
        "verify",
        "Compare both sides at the same consistent point.",
        with_mirrored,
        VerifyMirror,
    ),
    _action(
        "rehearse",
        "t",
        "rehearse",
        "Prove on a scratch copy that it would work at the other site.",
        with_mirrored,
        Rehearse,
    ),
    _action(
        "connect_peers",
        "c",
        "connect sites",
        "Make a pool of two sites each other's peer.",
        with_clusters,
        ConnectPeers,
        group=PEERS,
    ),
    _action(
        "pool_mode",
        "m",
        "pool mode",
        "Choose which RBD images of the pool are mirrored.",
        with_pair,
        ChangePoolMode,
        group=PEERS,
    ),
    _action(
        "mirror_site_name",
        "a",
        "site name",
        "Change the name by which a cluster's peers know it.",
        with_pair,
        NameMirrorSite,
        group=PEERS,
    ),
    _action(
        "remove_peer",
        "x",
        "remove peer",
        "Take the other site off a pool's peers.",
        with_peers,
        RemovePeer,
        group=PEERS,
    ),
)
