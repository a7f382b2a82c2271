"""Reports: a question each, its SQL beside it, its columns with units, the smallest group it may show.

May touch nothing: no disk but its own SQL, no network, no database; a command or a page runs what stands here. One file
per report, which never imports another; adding one is a file, its SQL, and a line in the table below.
"""

from __future__ import annotations

from gateway.reports import attribution, consent, funnel, micro, overview, quality, sellers, weekly
from gateway.reports.report import Report

#: Every report, by name, in the order in which they are listed.
REPORTS: dict[str, Report] = {
    module.REPORT.name: module.REPORT
    for module in (overview, weekly, funnel, micro, attribution, sellers, consent, quality)
}
