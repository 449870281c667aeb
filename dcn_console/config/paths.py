"""Every path dcn-console reads or writes, and why it is that one.

The folders follow the XDG base directory specification (through platformdirs); each may be
moved by an environment variable of ours.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

APPLICATION = "dcn-console"
CONFIG_VARIABLE = "DCN_CONSOLE_CONFIG"
STATE_VARIABLE = "DCN_CONSOLE_STATE"
CACHE_VARIABLE = "DCN_CONSOLE_CACHE"
CONFIG_FLAG = "--config"


@dataclass(frozen=True)
class Paths:
    """The files and folders of one installation, all absolute.

    ``config_file`` is the TOML file, ``state_folder`` holds the task stores and the logs,
    ``cache_folder`` what may be thrown away at any time.
    """

    config_file: Path
    state_folder: Path
    cache_folder: Path
    config_origin: str = "default"
    state_origin: str = "default"
    cache_origin: str = "default"

    @classmethod
    def resolve(cls, config: Path | None = None) -> "Paths":
        """Return the paths of this environment.

        ``config`` is the file of the --config option and comes before DCN_CONSOLE_CONFIG,
        which comes before the XDG folder. Nothing is read or created.
        """
        config_file, config_origin = _choose(
            CONFIG_VARIABLE, "XDG_CONFIG_HOME", platformdirs.user_config_path(APPLICATION)
        )
        if config is not None:
            config_file, config_origin = config, f"option {CONFIG_FLAG}"
        elif config_origin != f"environment {CONFIG_VARIABLE}":
            config_file = config_file / "config.toml"
        state_folder, state_origin = _choose(
            STATE_VARIABLE, "XDG_STATE_HOME", platformdirs.user_state_path(APPLICATION)
        )
        cache_folder, cache_origin = _choose(
            CACHE_VARIABLE, "XDG_CACHE_HOME", platformdirs.user_cache_path(APPLICATION)
        )
        return cls(
            config_file=_absolute(config_file),
            state_folder=_absolute(state_folder),
            cache_folder=_absolute(cache_folder),
            config_origin=config_origin,
            state_origin=state_origin,
            cache_origin=cache_origin,
        )

    @property
    def log_folder(self) -> Path:
        """Where the log file of the faces is."""
        return self.state_folder / "log"

    @property
    def config_is_chosen(self) -> bool:
        """Whether somebody named the config file, so that it has to exist."""
        return CONFIG_FLAG in self.config_origin or CONFIG_VARIABLE in self.config_origin

    def origins(self) -> dict[str, str]:
        """Return where each path comes from: default, an environment variable or an option."""
        return {
            "config_file": self.config_origin,
            "state_folder": self.state_origin,
            "cache_folder": self.cache_origin,
            "log_folder": self.state_origin,
        }


def _choose(variable: str, xdg_variable: str, standard: Path) -> tuple[Path, str]:
    value = os.environ.get(variable, "")
    if value:
        return Path(value), f"environment {variable}"
    if os.environ.get(xdg_variable, "").strip():
        return standard, f"environment {xdg_variable}"
    return standard, "default"


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 (keeps symbolic links)
