"""The backup plans of the config file, checked as a whole."""

from dcn_console.config.document import Document
from dcn_console.model.backup_plans import BackupPlan
from dcn_console.model.sites import Topology
from dcn_console.model.text import printable

BACKUP_PLANS = "backup_plans"


def check_backup_plans(
    document: Document, plans: tuple[BackupPlan, ...], topology: Topology
) -> None:
    """Raise ConfigError for plans of one name, without a selector, or for an unknown site."""
    key = (BACKUP_PLANS,)
    names: set[str] = set()
    for plan in plans:
        shown = printable(plan.name, 60)
        if plan.name in names:
            raise document.error(key, f"two plans are called “{shown}”")
        names.add(plan.name)
        if not plan.selects_something:
            raise document.error(
                key,
                f"plan “{shown}” selects no volumes",
                way_out="Give it volumes = “PATTERN”, metadata = { KEY = “VALUE” } or site.",
            )
        if plan.site and plan.site not in topology.names:
            known = ", ".join(topology.names) or "none"
            reason = f"plan “{shown}” names the site “{printable(plan.site, 60)}”"
            raise document.error(key, reason, way_out=f"Known sites: {known}.")
