"""An edge volume is backed up at the hub, fully and by increment, and restored at another edge."""

import hashlib
from functools import partial
from pathlib import Path
from typing import Any

from dcn_lab.lab import Lab, LabSite
from lab_clients import connect, wait_for

BACKUP_MICROVERSION = "3.51"
"""The first in which a backup's zone is asked for (Block Storage API ref)."""
RESTORE_MICROVERSION = "3.47"
"""The first with which a volume is created from a backup."""


def test_an_increment_of_an_edge_volume_is_restored_at_another_edge(
    lab: Lab, tmp_path: Path
) -> None:
    admin = connect(lab, lab.cloud)
    source_site, target_site = lab.edges[:2]
    made: list[str] = []
    try:
        source = _made_volume(lab, admin, source_site, made)
        _write(source_site, source, "4M")
        full = _backup(lab, admin, source, made, incremental=False)
        _write(source_site, source, "8M")
        increment = _backup(lab, admin, source, made, incremental=True)
        assert _shown(admin, f"/backups/{full}")["is_incremental"] is False
        assert _shown(admin, f"/backups/{increment}")["is_incremental"] is True
        # Cinder counts the increment after it has called it available (cinder/backup/manager.py)
        parent = f"/backups/{full}"
        wait_for(lab, "a dependent", lambda: _shown(admin, parent)["has_dependent_backups"] is True)

        restored = _made_volume(lab, admin, target_site, made, backup_id=increment)

        assert _digest(target_site, restored, tmp_path) == _digest(source_site, source, tmp_path)
        assert _shown(admin, f"/volumes/{restored}")["metadata"] == {"src_backup_id": increment}
    finally:
        # a backup goes only after its increments
        backups = [path for path in reversed(made) if path.startswith("/backups")]
        for path in (*backups, *(path for path in made if path not in backups)):
            wait_for(lab, f"end of {path}", partial(_is_gone, admin, path))


def _made_volume(lab: Lab, admin: Any, site: LabSite, made: list[str], **source: str) -> str:
    """Create a volume of 1 GiB at `site` and wait for it."""
    wanted = {"name": "lab-test", "size": 1, "availability_zone": site.availability_zone, **source}
    answer = admin.block_storage.post(
        "/volumes", json={"volume": wanted}, microversion=RESTORE_MICROVERSION
    )
    assert answer.status_code == 202, answer.text
    return _awaited(lab, admin, "/volumes", answer.json()["volume"]["id"], made)


def _backup(lab: Lab, admin: Any, volume: str, made: list[str], *, incremental: bool) -> str:
    """Back a volume up at the hub and wait for it."""
    wanted = {
        "volume_id": volume,
        "name": "lab-test",
        "incremental": incremental,
        "availability_zone": lab.hub.availability_zone,
    }
    answer = admin.block_storage.post(
        "/backups", json={"backup": wanted}, microversion=BACKUP_MICROVERSION
    )
    assert answer.status_code == 202, answer.text
    return _awaited(lab, admin, "/backups", answer.json()["backup"]["id"], made)


def _awaited(lab: Lab, admin: Any, collection: str, identity: str, made: list[str]) -> str:
    path = f"{collection}/{identity}"
    made.append(path)
    wait_for(lab, path, lambda: _is_available(admin, path))
    return identity


def _is_available(admin: Any, path: str) -> bool:
    shown = _shown(admin, path)
    assert not shown["status"].startswith("error"), shown
    return bool(shown["status"] == "available")


def _is_gone(admin: Any, path: str) -> bool:
    """Ask for the end again and again: a backup has its increments a moment longer than they are.

    Cinder counts them down after it has removed them (cinder/backup/manager.py, delete_backup).
    """
    admin.block_storage.delete(path)
    return bool(admin.block_storage.get(path).status_code == 404)


def _shown(admin: Any, path: str) -> dict[str, Any]:
    (shown,) = admin.block_storage.get(path).json().values()
    assert isinstance(shown, dict)
    return shown


def _write(site: LabSite, volume: str, amount: str) -> None:
    """Write `amount` of rbd's pattern into a volume of `site`."""
    site.rbd(
        "bench", "--io-type", "write", "--io-size", "1M", "--io-total", amount,
        f"{site.pools.volumes}/volume-{volume}",
    )  # fmt: skip


def _digest(site: LabSite, volume: str, folder: Path) -> str:
    path = folder / f"{site.name}.raw"
    site.rbd("export", "--no-progress", f"{site.pools.volumes}/volume-{volume}", str(path))
    return hashlib.sha256(path.read_bytes()).hexdigest()
