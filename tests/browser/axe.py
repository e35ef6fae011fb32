"""Checks a page's accessibility with axe-core, which runs in the page.

axe-core is one of the UI's development packages. The debugger evaluates its script, so the site's content security
policy need not allow it.
"""

from typing import Any

from playwright.sync_api import Page

from tests.local_stage import ROOT

AXE = ROOT / "ui" / "node_modules" / "axe-core" / "axe.min.js"

COLOURS = ("color-contrast", "link-in-text-block")
"""The rules whose results can differ between the light and the dark theme."""

RUN = """async (rules) => {
    // Wait for the end of animations: colours are checked at their final values.
    await new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const ends = animation => animation.effect.getComputedTiming().endTime < Infinity;
    await Promise.allSettled(document.getAnimations().filter(ends).map(animation => animation.finished));
    const options = {resultTypes: ["violations"]};
    if (rules) options.runOnly = {type: "rule", values: rules};
    const {violations} = await axe.run(document, options);
    return violations.map(({id, impact, help, nodes}) =>
        ({id, impact, help, nodes: nodes.map(({target, failureSummary}) => `${target}: ${failureSummary}`)}));
}"""


def violations(page: Page, *rules: str) -> list[str]:
    """A description of every violation of these rules; of all rules if none are given."""
    if not page.evaluate("typeof axe !== 'undefined'"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    results: list[dict[str, Any]] = page.evaluate(RUN, list(rules) or None)
    return [f"{result['id']} ({result['impact']}): {result['help']}: {result['nodes'][:3]}" for result in results]
