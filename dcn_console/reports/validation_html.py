"""The report of a site's validation as one HTML file: no scripts, nothing from elsewhere.

Every text is escaped, and a Content-Security-Policy forbids everything but the style inside.
"""

from html import escape
from importlib import resources

from dcn_console.model.text import format_bytes, format_duration, format_rate, printable
from dcn_console.model.validation import Report, Stage, StageOutcome
from dcn_console.reports.validation_text import GLYPHS, facts_of, moment_text

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_VERDICTS = {
    "passed": "passed",
    "passed with gaps": "gaps",
    "failed": "failed",
    "cancelled": "gaps",
    "running": "running",
}
_CLASSES = {
    StageOutcome.PASSED: "passed",
    StageOutcome.FAILED: "failed",
    StageOutcome.SKIPPED: "skipped",
    StageOutcome.CANCELLED: "skipped",
    StageOutcome.RUNNING: "running",
    StageOutcome.TO_COME: "skipped",
}


def report_html(report: Report) -> str:
    """Return the report as an HTML document that prints well."""
    site = _text(report.site)
    rows = "\n".join(_row(number, stage, report) for number, stage in enumerate(report.stages, 1))
    facts = "\n".join(
        f"<div><dt>{_text(name)}</dt><dd>{_text(value)}</dd></div>"
        for name, value in facts_of(report).items()
    )
    verdict = _VERDICTS.get(report.verdict, "running")
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Validation of site {site}: {_text(report.verdict)}</title>
<style>
{_style()}</style>
</head>
<body>
<main>
<header>
<p class="what">Validation of a site</p>
<h1>{site}</h1>
<p class="where">{_text(_where(report))}</p>
<p class="verdict {verdict}"><strong>{_text(report.verdict)}</strong> {_text(report.words)}.</p>
{_counts(report)}
</header>
<section>
<h2>Steps</h2>
<table>
<thead><tr><th>#</th><th>Step</th><th>Outcome</th><th class="figure">Time</th>\
<th class="figure">Moved</th><th class="figure">Rate</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</section>
<section>
<h2>Made with</h2>
<dl>
{facts}
</dl>
</section>
{_findings(report)}<footer>dcn-console, {_text(moment_text(report.ended_at) or "under way")}. \
The rate of a step counts all its time, asking and waiting included.</footer>
</main>
</body>
</html>
"""


def _text(text: str) -> str:
    return escape(printable(text), quote=True)


def _style() -> str:
    return resources.files("dcn_console.reports").joinpath("report.css").read_text("utf-8")


def _where(report: Report) -> str:
    parts = [f"cloud {report.cloud}" if report.cloud else "", moment_text(report.began_at)]
    if report.second_site:
        parts.insert(1, f"restored at {report.second_site}")
    return " · ".join(part for part in parts if part)


def _counts(report: Report) -> str:
    cells = "".join(
        f'<li class="{_CLASSES[outcome]}"><b>{report.count(outcome)}</b> {outcome.value}</li>'
        for outcome in StageOutcome
        if report.count(outcome)
    )
    return f'<ul class="counts">{cells}</ul>'


def _row(number: int, stage: Stage, report: Report) -> str:
    outcome = _CLASSES[stage.outcome]
    place = f' <span class="site">{_text(stage.site)}</span>' if stage.site else ""
    said = f"<p>{_text(stage.text)}</p>" if stage.text else ""
    seconds = format_duration(stage.seconds) if stage.seconds is not None else ""
    moved = format_bytes(stage.moved) if stage.moved else ""
    rate = format_rate(stage.rate) if stage.rate is not None else ""
    return (
        f'<tr class="{outcome}"><td class="number">{number}</td>'
        f'<td><span class="name">{_text(stage.name)}</span>{place}'
        f'<p class="does">{_text(stage.does)}</p>{said}</td>'
        f'<td><span class="mark">{GLYPHS[stage.outcome]} {stage.outcome.value}</span></td>'
        f'<td class="figure">{seconds}{_bar(stage, report)}</td><td class="figure">{moved}</td>'
        f'<td class="figure">{rate}</td></tr>'
    )


def _bar(stage: Stage, report: Report) -> str:
    """Return a bar as long as the step took of the whole."""
    longest = max((one.seconds or 0.0 for one in report.stages), default=0.0)
    if not stage.seconds or not longest:
        return ""
    percent = max(1, round(100 * stage.seconds / longest))
    return f'<span class="bar"><span style="width:{percent}%"></span></span>'


def _findings(report: Report) -> str:
    if not report.findings:
        return ""
    items = "\n".join(f"<li>{_text(finding)}</li>" for finding in report.findings)
    return f"<section>\n<h2>What the plan warned of</h2>\n<ul>\n{items}\n</ul>\n</section>\n"
