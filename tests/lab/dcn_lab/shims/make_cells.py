"""Fill Nova's databases: `make_cells.py NOVA_CONF CELL0_URL`. Safe to run again.

The same as nova-manage's `api_db sync`, `cell_v2 map_cell0`, `db sync` and `cell_v2 create_cell`,
each of which spends most of its time on loading Nova (nova/cmd/manage.py).
"""

import sys
from functools import partial

CELL = "cell1"


def main() -> None:
    """Run the four commands one after the other; end with the status of one that fails."""
    sys.path.pop(0)  # this script's own folder must not shadow a module of Nova
    configuration, cell0_url = sys.argv[1:]
    from nova import config, context, objects  # type: ignore[import-not-found]
    from nova.cmd import manage  # type: ignore[import-not-found]

    config.parse_args(["nova-manage", "--config-file", configuration])
    objects.register_all()
    cells = manage.CellV2Commands()
    for command in (
        manage.ApiDbCommands().sync,
        partial(cells.map_cell0, database_connection=cell0_url),
        manage.DbCommands().sync,
    ):
        status = command()
        if status:
            sys.exit(status)
    known = objects.CellMappingList.get_all(context.get_admin_context())
    if not any(cell.name == CELL for cell in known):
        sys.exit(cells.create_cell(name=CELL))


if __name__ == "__main__":
    main()
