"""Which images are needed where they are not, judged again and again where something changed."""

from collections.abc import Iterable

from dcn_console.inventory.keeping import changes, same_tuple
from dcn_console.inventory.storage_findings import images_needed
from dcn_console.model.inventory import Inventory, Server, Volume
from dcn_console.model.rows import Finding


class NeededImages:
    """Keeps the findings of images that are needed at a site; those that stay are the same."""

    def __init__(self) -> None:
        self._inventory: Inventory | None = None
        self._found: tuple[Finding, ...] = ()

    def judged(self, inventory: Inventory) -> tuple[Finding, ...]:
        """Return the findings of this moment."""
        last, self._inventory = self._inventory, inventory
        if last is None or last.topology is not inventory.topology:
            self._found = images_needed(inventory)
            return self._found
        affected = {
            row.id for rows in changes(last.images.rows, inventory.images.rows) for row in rows
        }
        for rows in (
            *changes(last.volumes.rows, inventory.volumes.rows),
            *changes(last.servers.rows, inventory.servers.rows),
        ):
            affected |= _images_of(rows)
        if affected:
            self._found = self._with(affected, images_needed(inventory, affected))
        return self._found

    def _with(self, affected: set[str], found: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """Put the findings of the affected images in the place of those they had."""
        known = {_place(one): one for one in self._found if one.key in affected}
        new = (
            before if (before := known.get(_place(one))) is not None and before == one else one
            for one in found
        )
        others = (one for one in self._found if one.key not in affected)
        return same_tuple(self._found, tuple(sorted((*others, *new), key=_place)))


def _images_of(rows: Iterable[Volume | Server]) -> set[str]:
    return {row.image_id for row in rows if row.image_id is not None}


def _place(finding: Finding) -> tuple[str, str]:
    return finding.key, finding.site or ""
