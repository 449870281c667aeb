"""Finding one cloud's credentials with openstacksdk: clouds.yaml, secure.yaml, environment.

clouds.yaml is the only place for OpenStack credentials. Everything here blocks and belongs on a
pool thread; openstacksdk is imported inside the functions, because importing it takes most of
a second.
"""

import os
from typing import TYPE_CHECKING

from dcn_console.model.errors import ConfigError
from dcn_console.model.text import printable

if TYPE_CHECKING:
    from openstack.config import OpenStackConfig
    from openstack.config.cloud_region import CloudRegion

_ENVIRONMENT_CLOUD = "envvars"


def load_region(name: str, clouds_file: str, timeout: float) -> "CloudRegion":
    """Return the configuration of the cloud called ``name``, checked but not yet used.

    An empty name means OS_CLOUD, else the credentials in OS_* variables, else the only cloud of
    clouds.yaml. An empty ``clouds_file`` means OS_CLIENT_CONFIG_FILE, else openstacksdk's own
    search. With a named cloud the other OS_* variables are left aside: openstacksdk would
    let them win over the file and mix two clouds. ``timeout`` (seconds) bounds every request.
    Raises ConfigError.
    """
    from keystoneauth1.exceptions import ClientException
    from openstack.exceptions import SDKException
    from yaml import YAMLError  # type: ignore[import-untyped]

    clouds_path = clouds_file or os.environ.get("OS_CLIENT_CONFIG_FILE", "")
    named = name or os.environ.get("OS_CLOUD", "")
    try:
        config = _read(clouds_path, use_environment=not named)
        chosen = _choose(config, named, clouds_path)
        return config.get_one(cloud=chosen, api_timeout=timeout)
    except YAMLError as error:
        raise ConfigError(
            f"{clouds_path or 'clouds.yaml'} is not valid YAML: {printable(str(error), 300)}"
        ) from error
    except (SDKException, ClientException, OSError, TypeError, ValueError) as error:
        raise ConfigError(
            f"The entry of cloud “{printable(named or 'default')}” in clouds.yaml cannot be used: "
            f"{printable(str(error), 300)}",
            way_out="Try it with: openstack --os-cloud NAME token issue.",
        ) from error


def _read(clouds_path: str, *, use_environment: bool) -> "OpenStackConfig":
    from openstack.config import OpenStackConfig

    from dcn_console import __version__

    if clouds_path and not os.path.isfile(clouds_path):  # noqa: PTH113 - a plain string
        raise ConfigError(f"There is no clouds file {printable(clouds_path)}.")
    secure_path = os.environ.get("OS_CLIENT_SECURE_FILE", "")
    return OpenStackConfig(
        config_files=[clouds_path] if clouds_path else None,
        secure_files=[secure_path] if secure_path else None,
        load_envvars=use_environment,
        app_name="dcn-console",
        app_version=__version__,
    )


def _choose(config: "OpenStackConfig", named: str, clouds_path: str) -> str:
    names = _names(config)
    where = printable(clouds_path or str(config.config_filename or "clouds.yaml"))
    known = f"Known clouds: {', '.join(map(printable, names))}." if names else ""
    if named:
        if named not in names:
            raise ConfigError(
                f"There is no cloud “{printable(named)}” in {where}.",
                way_out=known or "Write a clouds.yaml with your credentials.",
            )
        if not isinstance(config.cloud_config["clouds"][named], dict):
            raise ConfigError(f"{where}: clouds.{printable(named)} is no mapping.")
        return named
    if _ENVIRONMENT_CLOUD in config.cloud_config["clouds"]:
        return _ENVIRONMENT_CLOUD
    if len(names) == 1:
        return names[0]
    if not names:
        raise ConfigError(
            "No OpenStack credentials were found: neither clouds.yaml nor OS_* variables.",
            way_out="Put a clouds.yaml into ~/.config/openstack or name it with "
            "OS_CLIENT_CONFIG_FILE.",
        )
    raise ConfigError(
        f"{where} has several clouds and none was chosen.",
        way_out=f"Choose one with --cloud or OS_CLOUD. {known}",
    )


def _names(config: "OpenStackConfig") -> tuple[str, ...]:
    if config.config_filename is None and not config.cloud_config.get("clouds"):
        return ()
    names = {str(name) for name in config.cloud_config["clouds"]}
    if config.config_filename is None:
        names.discard("defaults")
    return tuple(sorted(names))
