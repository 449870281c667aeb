"""Steering a running simulator from Python: faults, clock, contents."""

import http.client
from typing import Any

import msgspec

from dcn_console.simulator.api.orders import (
    BackupOrder,
    FaultOrder,
    RbdImageOrder,
    ServerOrder,
    VolumeOrder,
    WriteOrder,
)
from dcn_console.simulator.faults import AgentFault, ApiFault, Faults
from dcn_console.simulator.records import DEFAULT_FEATURES, MIB

_TIMEOUT_SECONDS = 60.0


class Control:
    """A client of the simulator's own API; every call raises RuntimeError when it is refused."""

    def __init__(self, port: int) -> None:
        self._port = port

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Send one request and return the decoded answer, None without one."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT_SECONDS)
        try:
            content = b"" if body is None else msgspec.json.encode(body)
            connection.request(method, f"/simulator{path}", content)
            reply = connection.getresponse()
            answer = reply.read()
        finally:
            connection.close()
        if reply.status >= http.client.BAD_REQUEST:
            raise RuntimeError(f"{method} {path}: {reply.status} {answer.decode()}")
        return msgspec.json.decode(answer) if answer else None

    def state(self) -> dict[str, Any]:
        """Return what runs: clock, sites, counts, active tasks, faults."""
        found: dict[str, Any] = self.call("GET", "/")
        return found

    def faults(self) -> Faults:
        """Return the faults that are on."""
        return msgspec.convert(self.call("GET", "/faults"), Faults)

    def set_faults(
        self,
        *,
        osd_down: tuple[str, ...] = (),
        mon_down: tuple[str, ...] = (),
        mgr_down: tuple[str, ...] = (),
        mirror_down: tuple[str, ...] = (),
        volume_down: tuple[str, ...] = (),
        backup_down: tuple[str, ...] = (),
        keyrings_missing: tuple[str, ...] = (),
        backup_failures: tuple[str, ...] = (),
        full: tuple[str, ...] = (),
        failing_stores: tuple[str, ...] = (),
        api: tuple[ApiFault, ...] = (),
        agents: tuple[AgentFault, ...] = (),
    ) -> None:
        """Switch exactly these faults on and all others off."""
        order = FaultOrder(
            osd_down=osd_down,
            mon_down=mon_down,
            mgr_down=mgr_down,
            mirror_down=mirror_down,
            volume_down=volume_down,
            backup_down=backup_down,
            keyrings_missing=keyrings_missing,
            backup_failures=backup_failures,
            full=full,
            failing_stores=failing_stores,
            api=api,
            agents=agents,
        )
        self.call("PUT", "/faults", order)

    def clear_faults(self) -> None:
        """Switch all faults off."""
        self.call("DELETE", "/faults")

    def advance(self, seconds: float) -> None:
        """Let the clock jump ahead."""
        self.call("PUT", "/clock", {"advance": seconds})

    def set_time_scale(self, scale: float) -> None:
        """Let the clock run at another speed; 0 stops it."""
        self.call("PUT", "/clock", {"time_scale": scale})

    def set_latency(self, seconds: float, service: str = "") -> None:
        """Delay every answer of a service, or of all."""
        self.call("PUT", "/latency", {"seconds": {service: seconds}})

    def add_image(
        self,
        name: str | None,
        stores: tuple[str, ...],
        size: int = 8 * MIB,
        disk_format: str = "raw",
        visibility: str = "public",
    ) -> str:
        """Add an active image and return its id."""
        body = {
            "name": name,
            "stores": stores,
            "size": size,
            "disk_format": disk_format,
            "visibility": visibility,
        }
        return str(self.call("POST", "/images", body)["id"])

    def add_volume(
        self,
        name: str | None,
        site: str,
        size: int = 1,
        *,
        used: int = 0,
        clone_of: str | None = None,
        encrypted: bool = False,
        bootable: bool = False,
        metadata: dict[str, str] | None = None,
    ) -> str:
        """Add an available volume of ``size`` GiB with ``used`` bytes; return its id.

        ``clone_of`` is the image that it is a copy-on-write clone of.
        """
        order = VolumeOrder(
            name=name,
            site=site,
            size=size,
            used=used,
            clone_of=clone_of,
            encrypted=encrypted,
            bootable=bootable,
            metadata=metadata or {},
        )
        return str(self.call("POST", "/volumes", order)["id"])

    def add_backup(
        self,
        volume_id: str,
        name: str | None = None,
        *,
        age: float = 0.0,
        parent: str = "",
        fail_reason: str = "",
        metadata: dict[str, str] | None = None,
    ) -> str:
        """Add a backup of a volume, ``age`` seconds old; return its id.

        With ``parent`` it is an increment of that backup, with ``fail_reason`` in error.
        """
        order = BackupOrder(
            volume_id=volume_id,
            name=name,
            age=age,
            parent=parent,
            fail_reason=fail_reason,
            metadata=metadata or {},
        )
        return str(self.call("POST", "/backups", order)["id"])

    def set_quota(self, project: str, **quota: int) -> None:
        """Set the quotas of a project by name, in Cinder's words; others are unlimited."""
        self.call("PUT", "/quotas", {"project": project, "quota": quota})

    def add_server(
        self,
        name: str,
        site: str,
        volumes: tuple[str, ...] = (),
        *,
        root: str = "",
        image: str = "",
        status: str = "ACTIVE",
        metadata: dict[str, str] | None = None,
    ) -> str:
        """Add a running server with these volumes attached; return its id.

        ``root`` is the volume that it booted from, ``image`` what its own disk was made of.
        """
        order = ServerOrder(
            name=name,
            site=site,
            volumes=volumes,
            root=root,
            image=image,
            status=status,
            metadata=metadata or {},
        )
        return str(self.call("POST", "/servers", order)["id"])

    def add_rbd(
        self,
        site: str,
        name: str,
        size: int,
        objects: int,
        *,
        parent: str = "",
        features: int = DEFAULT_FEATURES,
    ) -> None:
        """Add an RBD image of no volume whose first ``objects`` hold data; ``size`` in bytes.

        ``parent`` is the RBD image that it is a clone of.
        """
        order = RbdImageOrder(
            site=site, name=name, size=size, objects=objects, parent=parent, features=features
        )
        self.call("POST", "/rbd/new", order)

    def write(
        self,
        site: str,
        name: str,
        objects: tuple[int, ...],
        seed: str,
        *,
        entries: int = 4,
        every: float = 0.0,
        server_id: str = "",
        pool: str = "",
    ) -> None:
        """Write objects of an RBD image of the volumes' pool; the seed makes the data.

        With ``every`` a client goes on writing one object every so many seconds.
        """
        order = WriteOrder(
            site=site,
            name=name,
            pool=pool,
            objects=objects,
            seed=seed,
            entries=entries,
            every=every,
            server_id=server_id,
        )
        self.call("POST", "/rbd/write", order)

    def change_rbd(self, site: str, name: str, action: str = "remove", pool: str = "") -> None:
        """Harm an RBD image: remove, trash, remove-snap or corrupt."""
        body = {"site": site, "name": name, "action": action, "pool": pool}
        self.call("POST", "/rbd", body)

    def kill_image_service(self) -> int:
        """Let Glance die and come back; return how many tasks nobody works on any more."""
        return int(self.call("POST", "/image-service/kill")["abandoned"])

    def kill_volume_services(self) -> int:
        """Let every cinder-volume die and come back; return how many uploads broke off."""
        return int(self.call("POST", "/volume-services/kill")["broken"])

    def forget_task(self, task_id: str) -> None:
        """Remove a Glance task's record."""
        self.call("DELETE", f"/tasks/{task_id}")
