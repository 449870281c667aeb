"""The menu of volumes' servers and its actions: part of the one table of actions."""

from dcn_console.console.action import SERVERS, Action, Menu
from dcn_console.console.server_availability import (
    SERVED_PLACES,
    with_free_volume,
    with_one_server,
    with_running_servers,
    with_servers,
    with_stopped_servers,
)
from dcn_console.model.server_requests import (
    CreateServer,
    DeleteServers,
    ImageOfServer,
    StartServers,
    StopServers,
)

SERVER_MENU = Menu(key="N", title="Servers", group=SERVERS, places=SERVED_PLACES)

SERVER_ACTIONS: tuple[Action, ...] = (
    SERVER_MENU.action(
        "create_server",
        "c",
        "create",
        "Create a server that boots from the volume, at its site.",
        with_free_volume,
        CreateServer,
    ),
    SERVER_MENU.action(
        "stop_servers",
        "o",
        "stop",
        "Shut the servers down, or those that have the volumes attached.",
        with_running_servers,
        StopServers,
    ),
    SERVER_MENU.action(
        "start_servers",
        "s",
        "start",
        "Start the servers, or those that have the volumes attached.",
        with_stopped_servers,
        StartServers,
    ),
    SERVER_MENU.action(
        "image_of_server",
        "i",
        "image",
        "Make an image of the server's root disk, with its data.",
        with_one_server,
        ImageOfServer,
    ),
    SERVER_MENU.action(
        "delete_servers",
        "x",
        "delete",
        "Delete the servers; their volumes stay unless made to go too.",
        with_servers,
        DeleteServers,
    ),
)
