"""What each mirroring action on pairs of sites and schedules asks, and the requests it makes."""

from datetime import datetime

from dcn_console.console.dialogs.checks import interval, something
from dcn_console.console.dialogs.forms import Answers, Field, Form, Option
from dcn_console.console.dialogs.mirror_forms import FormMaker
from dcn_console.console.dialogs.subjects import what
from dcn_console.console.mirror_words import POOL_MODE_WORDS
from dcn_console.console.situation import Situation
from dcn_console.model.mirror_rows import MirrorPair
from dcn_console.model.mirroring import PeerDirection, PoolMode, SnapshotSchedule
from dcn_console.model.requests import (
    AddSchedule,
    ChangePoolMode,
    ConnectPeers,
    NameMirrorSite,
    RemovePeer,
    RemoveSchedule,
    Request,
)
from dcn_console.model.rows import Rows

_ADD = "add"
_BETWEEN = "\x1f"
"""Parts the pieces of an option's value; no name of Ceph's holds it."""

_MODES = (
    Option(
        value=PoolMode.IMAGE.value,
        words=POOL_MODE_WORDS[PoolMode.IMAGE],
        hint="RBD images are mirrored when that is enabled for each.",
    ),
    Option(
        value=PoolMode.POOL.value,
        words=POOL_MODE_WORDS[PoolMode.POOL],
        hint="Every RBD image with the journaling feature is mirrored.",
    ),
)
_OFF = Option(
    value=PoolMode.DISABLED.value,
    words=POOL_MODE_WORDS[PoolMode.DISABLED],
    hint="Nothing of the pool is mirrored; refused while something is.",
)


def schedule(situation: Situation, _rows: Rows, _now: datetime) -> Form:
    """Ask for an interval to add, or which schedule to remove; for RBD images or their pool."""
    places = _schedule_places(situation)
    existing = {
        _BETWEEN.join((site, pool, item.image or "", item.interval)): (
            f"{item.interval} of {'the pool' if item.image is None else 'this RBD image'} at {site}"
        )
        for site, pool, item in _schedules(situation)
    }
    removals = tuple(
        Option(value=value, words=f"remove {words}", hint="It ends; snapshots taken stay.")
        for value, words in existing.items()
    )
    whole = Field(
        id="whose",
        label="for",
        options=(
            Option(value="image", words=what(situation), hint="Only for what was chosen."),
            Option(value="pool", words="the whole pool", hint="For every RBD image of the pool."),
        ),
        shown=lambda answers: answers["do"] == _ADD,
    )

    def requests(answers: Answers) -> tuple[Request, ...]:
        if answers["do"] != _ADD:
            site, pool, image, every = answers["do"].split(_BETWEEN)
            return (RemoveSchedule(site=site, pool=pool, interval=every, image=image or None),)
        every = answers["every"]
        pool_wide = answers.get("whose", "pool") == "pool"
        wanted = {(site, pool, None if pool_wide else image) for site, pool, image in places}
        return tuple(
            AddSchedule(site=site, pool=pool, interval=every, image=image)
            for site, pool, image in sorted(wanted, key=str)
        )

    return Form(
        title=f"Schedule of mirror snapshots: {what(situation)}",
        verb="Schedule",
        fields=(
            Field(
                id="do",
                label="do",
                options=(Option(value=_ADD, words="add one"), *removals),
            ),
            *((whole,) if situation.mirrors else ()),
            Field(
                id="every",
                label="every",
                start="15m",
                hint="How often a mirror snapshot is taken: 15m, 1h, 1d.",
                complaint=interval,
                shown=lambda answers: answers["do"] == _ADD,
            ),
        ),
        requests=requests,
    )


def connect(situation: Situation, rows: Rows, _now: datetime) -> Form:
    """Ask for pool, sites, direction and mode."""
    sites = [site for site in situation.topology if site.cluster is not None]
    pair = situation.pair
    first = pair.sides[0].site if pair else sites[0].name
    others = [site.name for site in sites if site.name != first]
    known = {
        pool
        for site in sites
        if site.cluster is not None
        for pool in (site.cluster.volumes_pool, site.cluster.images_pool)
    }
    pools = sorted(known | {item.pool for item in rows.pairs}, reverse=True)
    options = tuple(Option(value=site.name, words=site.name) for site in sites)

    def requests(answers: Answers) -> tuple[Request, ...]:
        return (
            ConnectPeers(
                pool=answers["pool"],
                source=answers["source"],
                destination=answers["destination"],
                direction=PeerDirection(answers["direction"]),
                mode=PoolMode(answers["mode"]),
            ),
        )

    return Form(
        title="Connect two sites for mirroring",
        verb="Connect",
        fields=(
            Field(
                id="pool",
                label="pool",
                options=tuple(Option(value=pool, words=pool) for pool in pools),
                start=pair.pool if pair else "",
            ),
            Field(id="source", label="from", options=options, start=first),
            Field(id="destination", label="to", options=options, start=others[0]),
            Field(
                id="direction",
                label="direction",
                options=(
                    Option(
                        value=PeerDirection.RECEIVE.value,
                        words="one way",
                        hint="Only the second site receives.",
                    ),
                    Option(
                        value=PeerDirection.BOTH.value,
                        words="both ways",
                        hint="Each receives from the other: relocating there and back needs it.",
                    ),
                ),
                start=PeerDirection.BOTH.value,
            ),
            Field(id="mode", label="mirror", options=_MODES),
        ),
        requests=requests,
    )


def pool_mode(situation: Situation, _rows: Rows, _now: datetime) -> Form:
    """Ask for the site and the mode."""
    pair = _pair(situation)
    return Form(
        title=f"Mode of the pool {pair.pool}",
        verb="Change",
        fields=(
            _site_field(pair),
            Field(id="mode", label="mirror", options=(*_MODES, _OFF), start=_mode(pair)),
        ),
        requests=lambda answers: (
            ChangePoolMode(site=answers["site"], pool=pair.pool, mode=PoolMode(answers["mode"])),
        ),
    )


def name_site(situation: Situation, _rows: Rows, _now: datetime) -> Form:
    """Ask for the site and its name."""
    pair = _pair(situation)
    return Form(
        title="Name of a cluster for its peers",
        verb="Change",
        fields=(
            _site_field(pair),
            Field(
                id="name",
                label="name",
                start=pair.sides[0].site_name or pair.sides[0].site,
                hint="Its peers know the cluster by this name; it must differ from theirs.",
                complaint=something,
            ),
        ),
        requests=lambda answers: (NameMirrorSite(site=answers["site"], site_name=answers["name"]),),
    )


def remove_peer(situation: Situation, _rows: Rows, _now: datetime) -> Form:
    """Ask which peer of which site."""
    pair = _pair(situation)
    options = tuple(
        Option(
            value=f"{side.site}{_BETWEEN}{side.peer.uuid}",
            words=f"{side.peer.site_name or side.peer.uuid} at {side.site}",
            hint=f"{side.site} forgets its peer; what it received stays.",
        )
        for side in pair.sides
        if side.peer is not None
    )

    def requests(answers: Answers) -> tuple[Request, ...]:
        site, uuid = answers["peer"].split(_BETWEEN)
        return (RemovePeer(site=site, pool=pair.pool, uuid=uuid),)

    return Form(
        title=f"Remove a peer of the pool {pair.pool}",
        verb="Remove",
        fields=(Field(id="peer", label="peer", options=options),),
        requests=requests,
    )


def _pair(situation: Situation) -> MirrorPair:
    assert situation.pair is not None  # noqa: S101  # asked before by availability
    return situation.pair


def _site_field(pair: MirrorPair) -> Field:
    options = tuple(Option(value=side.site, words=side.site) for side in pair.sides)
    return Field(id="site", label="at", options=options)


def _mode(pair: MirrorPair) -> str:
    mode = pair.sides[0].mode
    return mode.value if mode is not None else PoolMode.IMAGE.value


def _schedule_places(situation: Situation) -> tuple[tuple[str, str, str | None], ...]:
    """Return site, pool and RBD image of what is scheduled: snapshots are taken at a primary."""
    if situation.mirrors:
        return tuple((row.source.site, row.pool, row.image) for row in situation.mirrors)
    pair = _pair(situation)
    receiving = {side.site for side in pair.sides if side.peer and side.peer.direction.receives}
    sending = [side.site for side in pair.sides if side.site not in receiving]
    return tuple((site, pair.pool, None) for site in sending or [pair.sides[0].site])


def _schedules(situation: Situation) -> tuple[tuple[str, str, SnapshotSchedule], ...]:
    if situation.mirrors:
        return tuple(
            (row.source.site, row.pool, item) for row in situation.mirrors for item in row.schedules
        )
    pair = _pair(situation)
    return tuple((side.site, pair.pool, item) for side in pair.sides for item in side.schedules)


PAIR_FORMS: dict[str, FormMaker] = {
    "mirror_schedule": schedule,
    "connect_peers": connect,
    "pool_mode": pool_mode,
    "mirror_site_name": name_site,
    "remove_peer": remove_peer,
}
