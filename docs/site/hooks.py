"""Hooks of the documentation site: the model zoo comes from the metafiles.

mkdocs calls `on_page_markdown` for every page.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
ZOO = '<!-- zoo -->'


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Put the zoo in its place; a link to a file outside of docs/ becomes that file's path."""
    if ZOO in markdown:
        markdown = markdown.replace(ZOO, zoo())
    # The site is read without the repository beside it, so such a link would be dead.
    return re.sub(r'\[([^\]]+)\]\(\.\./([^)]+)\)', r'\1 (`\2`)', markdown)


def zoo() -> str:
    """A table of all models that the metafiles name, one for each method."""
    index = yaml.safe_load((ROOT / 'model-index.yml').read_text(encoding='utf-8'))
    parts = []
    for name in index['Import']:
        metafile = yaml.safe_load((ROOT / name).read_text(encoding='utf-8'))
        collection = metafile['Collections'][0]['Name']
        rows = '\n'.join(_row(model) for model in metafile['Models'])
        head = '| config | data | weights |\n| --- | --- | --- |'
        parts.append(f'### {collection}\n\n{head}\n{rows}')
    return '\n\n'.join(parts)


def _row(model: dict[str, Any]) -> str:
    weights = model['Weights']
    published = weights.startswith('http')
    said = f'[file]({weights})' if published else 'none published'
    return f'| `{model["Name"]}` | {model["Metadata"]["Training Data"]} | {said} |'
