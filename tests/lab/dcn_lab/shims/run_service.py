"""Run an OpenStack program by its entry point: `run_service.py MODULE:FUNCTION ARGUMENTS`.

Debian's own wrappers want systemd and many more packages. Five things are mended on the way:
the scheduler of Cinder 21.3 looks for a cinder-backup in the volume's zone and ignores the zone
that was asked for (Launchpad 1949061), so that no edge volume could be backed up at the hub;
a starting cinder-backup calls itself unusable, for a minute and more;
os-brick looks for keyrings in /etc/ceph only, where a lab has none; Nova's fake driver forgets its
servers when it ends, and can't stop or start them any more; and Neutron can't list ports until it
has been asked for something else.
"""

import importlib
import os
import sys
import threading
from pathlib import Path
from typing import Any

SCHEDULER = "cinder.cmd.scheduler"
BACKUP = "cinder.cmd.backup"
USERS_OF_KEYRINGS = {"cinder.cmd.backup", "cinder.cmd.volume"}
COMPUTE = "nova.cmd.compute"
NETWORK = "neutron.cmd.eventlet.server"
KEYRING_FOLDER_VARIABLE = "DCN_LAB_KEYRINGS"


def mend_backup_scheduling() -> None:
    """Let the scheduler honour the zone of the backup (cinder/scheduler/manager.py)."""
    from cinder import objects  # type: ignore[import-not-found]

    objects.register_all()
    from cinder.scheduler import host_manager, manager  # type: ignore[import-not-found]
    from cinder.volume import volume_utils  # type: ignore[import-not-found]

    asked = threading.local()
    original = manager.SchedulerManager.create_backup

    def create_backup(self: Any, context: Any, backup: Any) -> Any:
        asked.zone = backup.availability_zone
        return original(self, context, backup)

    def get_backup_host(self: Any, volume: Any, driver: Any = None) -> Any:
        host = volume_utils.extract_host(volume.host, "host") if volume else None
        own_zone = volume.availability_zone if volume else None
        zone = getattr(asked, "zone", None) or own_zone
        return self._get_available_backup_service_host(host, zone, driver)

    manager.SchedulerManager.create_backup = create_backup
    host_manager.HostManager.get_backup_host = get_backup_host


def mend_backup_announcement() -> None:
    """Tell the scheduler that cinder-backup works as soon as it does (cinder/backup/manager.py).

    It announces itself before its driver is set up, as unusable, and takes that back with its
    periodic tasks, which begin up to a minute later; a backup asked for in between fails.
    """
    import eventlet  # type: ignore[import-not-found]
    from cinder import context, objects

    objects.register_all()
    from cinder.backup import manager  # type: ignore[import-not-found]

    original = manager.BackupManager.init_host_with_rpc

    def init_host_with_rpc(self: Any) -> None:
        original(self)
        eventlet.spawn(announce, self)

    def announce(self: Any) -> None:
        while not self.is_working():
            eventlet.sleep(0.1)
        self.publish_service_capabilities(context.get_admin_context())

    manager.BackupManager.init_host_with_rpc = init_host_with_rpc


def mend_keyring_folder(folder: Path) -> None:
    """Let os-brick read keyrings from `folder` (os_brick/initiator/connectors/rbd.py)."""
    from os_brick.initiator.connectors import rbd  # type: ignore[import-not-found]

    def read_keyring(keyring: str | None, cluster_name: str, user: str) -> str:
        if keyring is not None:
            return keyring
        return (folder / f"{cluster_name}.client.{user}.keyring").read_text(encoding="utf-8")

    rbd.RBDConnector._check_or_get_keyring_contents = staticmethod(read_keyring)


def mend_fake_driver() -> None:
    """Let the fake driver know the servers that its host had (nova/virt/fake.py)."""
    from nova import context, objects  # type: ignore[import-not-found]
    from nova.virt import fake  # type: ignore[import-not-found]

    original = fake.FakeDriver.init_host

    def init_host(self: Any, host: str) -> None:
        original(self, host)
        administrator = context.get_admin_context()
        for server in objects.InstanceList.get_by_host(administrator, host):
            self.instances[server.uuid] = fake.FakeInstance(
                server.name, server.power_state, server.uuid
            )

    fake.FakeDriver.init_host = init_host


def mend_port_list() -> None:
    """Give Port the attributes that other models add to it (neutron/db/db_base_plugin_v2.py).

    They appear with the first query only, and listing ports needs them before that.
    """
    from neutron.db.models import port_forwarding  # type: ignore[import-not-found]  # noqa: F401
    from neutron.plugins.ml2 import models  # type: ignore[import-not-found]  # noqa: F401
    from sqlalchemy import orm

    orm.configure_mappers()


def main() -> None:
    """Run the entry point that the first argument names, with the others as its arguments."""
    module, _, function = sys.argv[1].partition(":")
    sys.argv = [module, *sys.argv[2:]]
    sys.path.pop(0)  # this script's own folder must not shadow a module of the service
    entry_point = getattr(importlib.import_module(module), function)
    if module == SCHEDULER:
        mend_backup_scheduling()
    if module == BACKUP:
        mend_backup_announcement()
    if module == COMPUTE:
        mend_fake_driver()
    if module == NETWORK:
        mend_port_list()
    if module in USERS_OF_KEYRINGS:
        mend_keyring_folder(Path(os.environ[KEYRING_FOLDER_VARIABLE]))
    sys.exit(entry_point())


if __name__ == "__main__":
    main()
