"""The manual holds together: links, pages in the contents, a reference that is the code's."""

import re
import sys

import pytest
import yaml

from tests.docs.pages import PAGES, ROOT, anchors, name, prose

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page):
    for target in LINK.findall(prose(page)):
        if "://" in target or target.startswith("mailto:"):
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        assert there.exists(), target
        if anchor and there.suffix == ".md":
            assert anchor in anchors(there), target


def test_contents_lead_to_pages():
    text = re.sub(r"!!python\S*", "", (ROOT / "mkdocs.yml").read_text())
    listed = re.findall(r"[\w/-]+\.md", yaml.safe_dump(yaml.safe_load(text)["nav"]))
    assert len(listed) == len(set(listed)) > 20
    assert set(listed) <= {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
    start = (ROOT / "docs/index.md").read_text()
    for page in listed:
        assert page == "index.md" or f"({page})" in start


def test_the_reference_is_what_the_code_says(monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import reference

    assert reference.undocumented() == []
    monkeypatch.setattr(sys, "argv", ["reference.py", "--check"])
    assert reference.main() == 0, capsys.readouterr().err
