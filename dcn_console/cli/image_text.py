"""``image show`` in words."""

from datetime import datetime

from dcn_console.cli.columns import placement_text
from dcn_console.model.rows import ImageRow
from dcn_console.model.text import format_age, format_bytes, printable


def image_text(row: ImageRow, now: datetime) -> str:
    """Return an image with its state at each site and what is wrong with it."""
    image = row.image
    fields = {
        "id": image.id,
        "name": image.name,
        "status": image.status,
        "size": format_bytes(image.size),
        "virtual size": format_bytes(image.virtual_size),
        "format": f"{image.disk_format or '–'} in {image.container_format or '–'}",
        "visibility": image.visibility,
        "owner": image.owner,
        "protected": "yes" if image.protected else "no",
        "created": format_age(image.created_at, now) + " ago" if image.created_at else None,
        "changed": format_age(image.updated_at, now) + " ago" if image.updated_at else None,
        "hash": f"{image.hash_algorithm}:{image.hash_value}" if image.hash_value else None,
        "tags": ", ".join(image.tags),
        "stores": ", ".join(image.stores),
    }
    lines = [f"{name:<12}  {printable(value or '–')}" for name, value in fields.items()]
    if row.cells:
        lines.append("sites")
    width = max((len(cell.site) for cell in row.cells), default=0)
    for cell in row.cells:
        text = f"  {printable(cell.text)}" if cell.text else ""
        lines.append(f"  {printable(cell.site):<{width}}  {placement_text(cell)}{text}")
    if row.findings:
        lines.append("findings")
    for finding in row.findings:
        lines.append(f"  {finding.severity.value}: {printable(finding.text)}")
        if finding.way_out:
            lines.append(f"    {printable(finding.way_out)}")
    return "\n".join(lines)
