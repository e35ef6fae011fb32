"""What axe finds on a page: accessibility rules, run in the page itself.

axe-core comes from the UI's development packages. The script is handed over by the browser's debugger, so the
site's content security policy need not be loosened for it.
"""

from typing import Any

from playwright.sync_api import Page

from tests.local_stage import ROOT

AXE = ROOT / "ui" / "node_modules" / "axe-core" / "axe.min.js"

COLOURS = ("color-contrast", "link-in-text-block")
"""The rules that a dark page may break and its light twin keep."""

RUN = """async (rules) => {
    // What a colour is on its way to, not what it passes through.
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
    """Every violation, in words; only of these rules if some are named."""
    if not page.evaluate("typeof axe !== 'undefined'"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate(RUN, list(rules) or None)
    return [f"{each['id']} ({each['impact']}): {each['help']}: {each['nodes'][:3]}" for each in found]
