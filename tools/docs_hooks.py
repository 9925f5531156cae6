"""What mkdocs does besides: links that leave docs/ lead to copies of those files in the site."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "benchmarks/README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md")
"""Pages outside docs/ that the site holds too, under `project/`."""
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)#\s]+)(#[^)\s]*)?\)")


def on_config(config: Any) -> Any:
    """Put guides that the contents do not name behind those they do."""
    listed = set(re.findall(r"[\w/-]+\.md", repr(config.nav)))
    guides = next(part["Guides"] for part in config.nav if isinstance(part, dict) and "Guides" in part)
    guides += sorted(page.name for page in (ROOT / "docs").glob("*.md") if page.name not in listed)
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the pages outside docs/, and the notebooks and sources that pages link to, as they are."""
    for name in PAGES:
        text = (ROOT / name).read_text(encoding="utf-8")
        files.append(File.generated(config, f"project/{name}", content=text, inclusion=InclusionLevel.NOT_IN_NAV))
    for page in [*(ROOT / "docs").rglob("*.md"), *(ROOT / name for name in PAGES)]:
        for _, target, _ in LINK.findall(page.read_text(encoding="utf-8")):
            file = (page.parent / target).resolve()
            kept = f"project/{file.relative_to(ROOT)}" if file.is_relative_to(ROOT) else ""
            if file.is_file() and file.suffix in (".py", ".ipynb", ".yaml") and files.get_file_from_path(kept) is None:
                files.append(File.generated(config, kept, abs_src_path=str(file)))
    return files


def on_page_markdown(markdown: str, page: Page, config: Any, files: Files) -> str:
    """Point links at the copies; a link to a folder becomes its text."""
    outside = page.file.src_uri.removeprefix("project/") if page.file.src_uri.startswith("project/") else None
    here = ROOT / (outside or f"docs/{page.file.src_uri}")

    def pointed(match: re.Match[str]) -> str:
        text, target, anchor = match[1], match[2], match[3] or ""
        file = (here.parent / target).resolve()
        if "://" in target or target.startswith("mailto:") or not file.is_relative_to(ROOT):
            return match[0]
        if file.is_dir():
            return text
        inside = file.relative_to(ROOT).as_posix()
        kept = inside.removeprefix("docs/") if inside.startswith("docs/") else f"project/{inside}"
        if files.get_file_from_path(kept) is None:
            kept = f"project/{inside}"
        up = "../" * page.file.src_uri.count("/")
        return f"[{text}]({up}{kept}{anchor})"

    def pictured(match: re.Match[str]) -> str:
        file = (here.parent / match[2]).resolve()
        up = "../" * page.file.src_uri.count("/")
        return f"![{match[1]}]({up}{file.relative_to(ROOT / 'docs').as_posix()})"

    text = LINK.sub(pointed, markdown)
    return re.sub(r"!\[([^\]]*)\]\(([^)]*)\)", pictured, text) if outside else text
