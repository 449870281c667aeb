"""Writing the config file: TOML that a person can carry on, never over an old one unasked."""

from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from dcn_console.config.files import write_file
from dcn_console.config.settings import SITE_TABLE, Settings, declarations
from dcn_console.config.topology import site_tables
from dcn_console.model.errors import ConfigError

_HEADER = """\
# dcn-console: the cloud and its sites. “dcn-console info” prints every setting.
# OpenStack credentials stay in clouds.yaml, Ceph's in the keyrings.
"""
_SITES_HEADER = """\
# One table a site: its Glance store, its availability zone, its Ceph cluster.
# Any of the three may be left out. read_only = true refuses every change there.
"""


def render(settings: Settings) -> str:
    """Return ``settings`` as TOML with short comments; settings at their default are left out."""
    parts = [_HEADER]
    for declared in declarations():
        value = getattr(settings, declared.name)
        if declared.name == "topology" or value == declared.default:
            continue
        plain: Any = msgspec.to_builtins(value)
        parts.append(f"\n# {declared.description}\n{tomli_w.dumps({declared.name: plain})}")
    tables = site_tables(settings.topology)
    if tables:
        parts.append(f"\n{_SITES_HEADER}")
    for name, table in tables.items():
        parts.append("\n" + tomli_w.dumps({SITE_TABLE: {name: table}}))
    return "".join(parts)


def write(path: Path, text: str, overwrite: bool = False) -> None:
    """Write ``text`` to ``path`` atomically with mode 0600.

    Raises ConfigError when the file exists and ``overwrite`` is false, or cannot be written.
    """
    try:
        write_file(path, text.encode("utf-8"), overwrite=overwrite)
    except FileExistsError as error:
        raise ConfigError(
            f"{path} exists already.", way_out="It is left as it is; --force replaces it."
        ) from error
    except (OSError, UnicodeEncodeError) as error:
        raise ConfigError(f"{path} cannot be written: {error}.") from error
