"""Finding clusters: the ceph.conf files of a folder, their fsid and the keyrings beside them.

The format is Ceph's (docs.ceph.com, "Configuring Ceph": sections, metavariables): names may be
written with spaces, underscores or hyphens, "#" and ";" begin comments, a backslash continues
a line, and ``$cluster``, ``$type``, ``$name`` and ``$id`` stand in values.
"""

import re
from pathlib import Path

import msgspec

Sections = dict[str, dict[str, str]]
"""The values by section and by option, with options written like ``mon_host``."""

_COMMENT = re.compile(r"(?<!\\)[#;].*")
_SEPARATORS = re.compile(r"[\s_-]+")
_METAVARIABLE = re.compile(r"\$(\{?)(cluster|type|name|id)\b\}?")
_USERS_OF_SERVICES = ("openstack", "glance", "cinder", "admin")
"""The users that OpenStack deployments have, the likeliest first; others follow by name."""
_MAXIMUM_BYTES = 1 << 20


class FoundKeyring(msgspec.Struct, frozen=True, kw_only=True):
    """A keyring with the key of a user ("client." left out).

    ``is_default`` tells that librados finds it by itself, from the conf or by its usual name, so
    that a configuration need not name it.
    """

    user: str
    path: str
    is_default: bool


class FoundCluster(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster that a ceph.conf describes; ``name`` is the file's without ".conf".

    ``problem`` says why it can't be used as it is, "" when nothing is wrong.
    """

    name: str
    conf: str
    fsid: str | None = None
    keyrings: tuple[FoundKeyring, ...] = ()
    problem: str = ""

    @property
    def users(self) -> tuple[str, ...]:
        """The users with a keyring, the likeliest for OpenStack first."""
        return tuple(dict.fromkeys(keyring.user for keyring in self.keyrings))

    def keyring_of(self, user: str) -> FoundKeyring | None:
        """Return the keyring for ``user``, one that librados finds by itself if there is one."""
        return next((keyring for keyring in self.keyrings if keyring.user == user), None)


def discover(folder: Path) -> tuple[FoundCluster, ...]:
    """Return the clusters of the ``*.conf`` files in ``folder``, by name.

    A file that names neither fsid nor monitors is some other program's and is left out; one that
    cannot be read is returned with its problem. Raises nothing: a missing folder has no clusters.
    """
    try:
        paths = sorted(folder.glob("*.conf"))
    except OSError:
        return ()
    return tuple(cluster for path in paths if (cluster := _cluster(path)) is not None)


def parse(text: str) -> Sections:
    """Return the options of a ceph.conf or keyring. Lines that are neither are passed over."""
    sections: Sections = {}
    options = sections.setdefault("global", {})
    for raw in text.replace("\\\n", " ").splitlines():
        line = _COMMENT.sub("", raw).strip()
        if line.startswith("[") and line.endswith("]"):
            options = sections.setdefault(line[1:-1].strip(), {})
        elif "=" in line:
            name, _, value = line.partition("=")
            options[_SEPARATORS.sub("_", name.strip())] = _unquoted(value.strip())
    return sections


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value.replace(r"\#", "#").replace(r"\;", ";")


def _cluster(path: Path) -> FoundCluster | None:
    try:
        sections = parse(_read(path))
    except OSError as error:
        problem = f"{path} cannot be read: {error.strerror}"
        return FoundCluster(name=path.stem, conf=str(path), problem=problem)
    common = sections["global"]
    fsid = common.get("fsid") or None
    if fsid is None and not common.get("mon_host"):
        return None
    keyrings = _keyrings(path, sections)
    problem = "" if keyrings else f"{path} has no keyring that can be found"
    return FoundCluster(
        name=path.stem, conf=str(path), fsid=fsid, keyrings=keyrings, problem=problem
    )


def _keyrings(conf: Path, sections: Sections) -> tuple[FoundKeyring, ...]:
    """Return the keyrings of all users, those that librados finds by itself first."""
    cluster = conf.stem
    found: dict[tuple[str, str], FoundKeyring] = {}

    def add(user: str, path: Path, *, is_default: bool) -> None:
        keyring = FoundKeyring(user=user, path=str(path), is_default=is_default)
        found.setdefault((user, str(path)), keyring)

    for user in _users_of_sections(sections):
        for path in _configured_paths(sections, cluster, user):
            if user in _users_in(path):
                add(user, path, is_default=True)
    for path in _files(conf.parent, cluster):
        for user in _users_in(path):
            configured = _configured_paths(sections, cluster, user)
            add(user, path, is_default=path in (configured or _usual_paths(cluster, user)))
    return tuple(sorted(found.values(), key=_likelihood))


def _users_of_sections(sections: Sections) -> tuple[str, ...]:
    named = [name.removeprefix("client.") for name in sections if name.startswith("client.")]
    return tuple(dict.fromkeys([*named, *_USERS_OF_SERVICES]))


def _configured_paths(sections: Sections, cluster: str, user: str) -> tuple[Path, ...]:
    """Return the paths of the option ``keyring`` that counts for ``user``."""
    for section in (f"client.{user}", "client", "global"):
        value = sections.get(section, {}).get("keyring")
        if value:
            parts = re.split(r"[,;\s]+", _expanded(value, cluster, user))
            return tuple(Path(part) for part in parts if part)
    return ()


def _expanded(value: str, cluster: str, user: str) -> str:
    """Return ``value`` with the metavariables of a client replaced."""
    names = {"cluster": cluster, "type": "client", "id": user, "name": f"client.{user}"}
    return _METAVARIABLE.sub(lambda match: names[match[2]], value)


def _usual_paths(cluster: str, user: str) -> tuple[Path, ...]:
    """Return where librados looks without being told (the option's default value)."""
    folder = Path("/etc/ceph")
    return (
        folder / f"{cluster}.client.{user}.keyring",
        folder / f"{cluster}.keyring",
        folder / "keyring",
        folder / "keyring.bin",
    )


def _files(folder: Path, cluster: str) -> tuple[Path, ...]:
    """Return the keyring files beside a conf that can belong to its cluster."""
    names = (f"{cluster}.keyring", "keyring", "keyring.bin")
    by_user = (
        path
        for path in folder.glob("*.keyring")
        if path.name.startswith(f"{cluster}.client.") or path.name in names
    )
    return tuple(dict.fromkeys([*sorted(by_user), *_existing(folder, names)]))


def _existing(folder: Path, names: tuple[str, ...]) -> list[Path]:
    return [folder / name for name in names if (folder / name).is_file()]


def _users_in(path: Path) -> tuple[str, ...]:
    """Return the users whose keys a keyring holds; of an unreadable one, the user in its name."""
    try:
        sections = parse(_read(path))
    except OSError:
        _, found, user = path.name.removesuffix(".keyring").partition(".client.")
        return (user,) if found and path.exists() else ()
    return tuple(
        name.removeprefix("client.")
        for name, options in sections.items()
        if name.startswith("client.") and options.get("key")
    )


def _likelihood(keyring: FoundKeyring) -> tuple[int, str, bool, str]:
    """Order by how likely an OpenStack deployment uses the key, mirror daemons last."""
    services = _USERS_OF_SERVICES
    if keyring.user in services:
        rank = services.index(keyring.user)
    else:
        rank = len(services) + ("mirror" in keyring.user)
    return rank, keyring.user, not keyring.is_default, keyring.path


def _read(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_MAXIMUM_BYTES).decode("utf-8", "replace")
