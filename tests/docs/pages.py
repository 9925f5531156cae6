"""The pages of the manual, the commands in them, and where their links lead."""

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    ROOT / "benchmarks/README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]


def name(page):
    return str(page.relative_to(ROOT))


def prose(page):
    """The text outside blocks of code."""
    return re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def blocks(page, language):
    text = page.read_text()
    return [
        re.sub(rf"^{indent}", "", code, flags=re.MULTILINE)
        for indent, code in re.findall(rf"^( *)```{language}\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    ]


def commands(page):
    """The words of each `plotart ...` that the page says, in blocks or in the text; placeholders are no commands."""
    lines = [line for block in blocks(page, "sh") for line in block.replace("\\\n", " ").splitlines()]
    lines += [re.sub(r"\s+", " ", said) for said in re.findall(r"`(plotart [^`]*)`", prose(page))]
    for line in lines:
        if line.startswith("plotart ") and not re.search(r"\||\.\.\.|\[|COMMAND|TOPIC", line):
            yield shlex.split(line, comments=True)[1:]


def anchors(page):
    """What the headings of a page can be linked by, as GitHub makes them."""
    found = set()
    for heading in re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL), re.MULTILINE):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
        found.add(re.sub(r"[^\w\- ]", "", text).replace(" ", "-"))
    return found
