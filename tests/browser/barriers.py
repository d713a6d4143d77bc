"""axe-core, run inside a page."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

AXE = (Path(__file__).parent / "vendor/axe.min.js").read_text()
LOOKS = 3  # a transition may begin while axe looks
# Colours on their way from one state to the next have no contrast to be judged; what turns for ever is left out.
AT_REST = """async () => {
    const passing = document.getAnimations().filter(animation => Number.isFinite(animation.effect.getComputedTiming().endTime));
    await Promise.allSettled(passing.map(animation => animation.finished));
}"""
VIOLATIONS = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations.flatMap(
    violation => violation.nodes.map(node => `${violation.id}: ${node.html.slice(0, 160)}`))"""


def barriers(page: Page) -> list[str]:
    """What axe-core finds on the page as it is now: its rule and the element, a line each; what is there stays when it looks again."""
    page.evaluate(AXE)
    found: list[str] = []
    for _ in range(LOOKS):
        page.evaluate(AT_REST)
        found = page.evaluate(VIOLATIONS)
        if not found:
            break
    return found
