"""Which page a row of the home page opens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcn_console.console.details.mirror_screens import MirrorScreen, PairScreen
from dcn_console.console.details.screen import DetailScreen
from dcn_console.console.details.screens import ImageScreen, SiteScreen, TaskScreen, VolumeScreen
from dcn_console.console.details.stored_screens import BackupScreen, ServerScreen, SnapshotScreen
from dcn_console.console.navigation import home_of
from dcn_console.console.situation import Place

if TYPE_CHECKING:
    from dcn_console.console.host import ConsoleHost


def detail_screen(app: ConsoleHost, place: Place, key: str) -> DetailScreen | None:
    """Return the page of the row with that key, None when it has none.

    A finding opens the page of its object, a store that of its site.
    """
    if place in (Place.MIRRORS, Place.PAIRS):
        return mirror_screen(app, place, key)
    if place in (Place.BACKUPS, Place.SNAPSHOTS, Place.SERVERS):
        return stored_screen(app, place, key)
    tables = home_of(app).tables
    row = tables[place].state.row(key)
    if row is None:
        return None
    if place is Place.FINDINGS:
        for other in (Place.IMAGES, Place.VOLUMES, Place.SITES):
            if tables[other].state.row(row.finding.key) is not None:
                return detail_screen(app, other, row.finding.key)
        for other in (Place.BACKUPS, Place.MIRRORS, Place.PAIRS):
            screen = detail_screen(app, other, row.finding.key)
            if screen is not None:
                return screen
        return None
    if place is Place.STORES:
        return detail_screen(app, Place.SITES, row.site) if row.site else None
    makers = {
        Place.SITES: SiteScreen,
        Place.IMAGES: ImageScreen,
        Place.VOLUMES: VolumeScreen,
        Place.TASKS: TaskScreen,
    }
    made: DetailScreen = makers[place](row)
    return made


def stored_screen(app: ConsoleHost, place: Place, key: str) -> DetailScreen | None:
    """Return the page of a backup, a snapshot or a server, None without one."""
    if place is Place.BACKUPS:
        backup = next((item for item in app.rows.backups if item.key == key), None)
        return BackupScreen(backup) if backup is not None else None
    if place is Place.SNAPSHOTS:
        snapshot = next((item for item in app.rows.snapshots if item.key == key), None)
        return SnapshotScreen(snapshot) if snapshot is not None else None
    server = next((item for item in app.rows.servers if item.key == key), None)
    return ServerScreen(server) if server is not None else None


def mirror_screen(app: ConsoleHost, place: Place, key: str) -> DetailScreen | None:
    """Return the page of a mirrored RBD image or of a pair of sites, None without one."""
    if place is Place.MIRRORS:
        row = next((item for item in app.rows.mirrors if item.key == key), None)
        return MirrorScreen(row) if row is not None else None
    pair = next((item for item in app.rows.pairs if item.key == key), None)
    return PairScreen(pair) if pair is not None else None
