"""The generated tables of docs/settings.md: complete, and without rows that say nothing."""

from docs.generate import settings as page
from stacks.stage import Stage
from stacks.stage_settings import SECTIONS


def test_every_setting_is_in_one_section_and_has_a_meaning() -> None:
    """A setting of the class Stage itself would be missing on the page."""
    fields = [name for section in SECTIONS for name in section.model_fields]
    assert sorted(fields) == sorted(set(Stage.model_fields) - {"name"})
    for section in SECTIONS:
        for name, field in section.model_fields.items():
            assert field.description, name
            assert field.description.endswith("."), name


def test_the_values_of_prod_are_those_of_cdk_json() -> None:
    """The row of a setting that prod changes, and of one without a value."""
    rows = page.tables().splitlines()
    (mode,) = (row for row in rows if row.startswith("| `authMode` "))
    assert mode.startswith("| `authMode` | `demo`, `verified`, `mfa` | `verified` | `mfa` |")
    (origin,) = (row for row in rows if row.startswith("| `siteDomain` "))
    assert origin.startswith("| `siteDomain` | text | none | none |")
