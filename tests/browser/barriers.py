"""axe-core, run inside a page."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

AXE = (Path(__file__).parent / "vendor/axe.min.js").read_text()
VIOLATIONS = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations.flatMap(
    violation => violation.nodes.map(node => `${violation.id}: ${node.html.slice(0, 160)}`))"""


def barriers(page: Page) -> list[str]:
    """What axe-core finds on the page as it is now: its rule and the element, a line each."""
    page.evaluate(AXE)
    found: list[str] = page.evaluate(VIOLATIONS)
    return found
