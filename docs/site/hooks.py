"""Hooks of the documentation site.

The zoo comes from the metafiles, the reference from the package. mkdocs calls every `on_…`
function for each page.
"""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import yaml

import jmpose_mm
from jmpose_mm import apis, functional
from jmpose_mm.engine.model_zoo import published_models

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / 'docs' / 'notebooks' / 'look_inside.ipynb'
PUBLISHED = '<!-- published -->'
ZOO, REFERENCE, MATHEMATICS = '<!-- zoo -->', '<!-- reference -->', '<!-- mathematics -->'
# A heading of the reference, and the packages whose public names stand below it.
ROOMS = {
    'Commands and video': ('apis', 'video', 'engine.configs'),
    'Contracts of a method': ('structures',),
    'Models': ('models', 'codecs'),
    'Data sets and transforms': ('datasets',),
    'Metrics': ('evaluation',),
    'Training': ('engine',),
    'Drawing': ('visualization',),
    'Errors': ('errors', 'host', 'jmpose_mm'),
}


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Put the lists in their places; a link to a file outside of docs/ becomes its path."""
    made = {
        PUBLISHED: published,
        ZOO: zoo,
        REFERENCE: reference,
        MATHEMATICS: mathematics,
        '<!-- notebook -->': notebook,
    }
    for place, text in made.items():
        if place in markdown:
            markdown = markdown.replace(place, text())
    # The site is read without the repository beside it, so such a link would be dead.
    return re.sub(r'\[([^\]]+)\]\(\.\./([^)]+)\)', r'\1 (`\2`)', markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Leave out the roles of docstrings, such as ``:class:``, which Markdown does not know."""
    return re.sub(r':(?:class|func|meth|mod|attr|obj|data):(?=<code>)', '', html)


def on_post_page(output: str, **_: Any) -> str:
    """Let search work from a folder without the network: our script instead of an address."""
    own = (ROOT / 'docs/site/search_worker.js').read_text(encoding='utf-8')
    output = output.replace(
        '<script src="https://unpkg.com/iframe-worker/shim"></script>', f'<script>{own}</script>'
    )
    if 'unpkg.com' in output:
        raise ValueError('a page asks unpkg.com for a script: does the theme write its tag anew?')
    return output


def published() -> str:
    """A table of the models that ``--model`` names."""
    rows = [
        f'| `{m.name}` | {m.method} | {m.frames} | {m.input} | {m.joints} | '
        f'{", ".join(f"{ap} ({boxes})" for boxes, ap in m.results.items())} | {m.parameters:g} | '
        f'{m.cpu_time:g} | [file]({m.weights}) |'
        for m in published_models()
    ]
    head = '| name | method | frames | input | joints | AP | M weights | ms | |'
    return '\n'.join([head, '| --- ' * 9 + '|', *rows])


def zoo() -> str:
    """A table of all models that the metafiles name, one for each method."""
    index = yaml.safe_load((ROOT / 'model-index.yml').read_text(encoding='utf-8'))
    parts = []
    for name in index['Import']:
        metafile = yaml.safe_load((ROOT / name).read_text(encoding='utf-8'))
        collection = metafile['Collections'][0]['Name']
        rows = '\n'.join(_row(model) for model in metafile['Models'])
        head = '| config | data | input | ours | published | weights |\n' + '| --- ' * 6 + '|'
        parts.append(f'### {collection}\n\n{head}\n{rows}')
    return '\n\n'.join(parts)


def _row(model: dict[str, Any]) -> str:
    name, weights = model['Name'], model['Weights']
    size = re.search(r'-(\d+)x(\d+)$', name)
    said = f'[file]({weights})' if weights.startswith('http') else 'none published'
    metrics = {k: v for result in model.get('Results', []) for k, v in result['Metrics'].items()}
    # A model with an alias was trained by others: its figures are theirs.
    theirs = ', '.join(f'{v} ({k})' for k, v in metrics.items()) if 'Alias' in model else '–'
    measured = '' if 'Alias' in model else ', '.join(map(str, metrics.values()))
    cells = (
        f'`{name}`',
        model['Metadata']['Training Data'],
        f'{size[1]}×{size[2]}' if size else '128×96',
        measured or 'not run',
        theirs,
        said,
    )
    return f'| {" | ".join(cells)} |'


def public_names() -> dict[str, str]:
    """What users import, and the module that defines each."""
    found = {
        name: getattr(package, name) for package in (jmpose_mm, apis) for name in package.__all__
    }
    return {name: value.__module__ for name, value in found.items() if hasattr(value, '__module__')}


def reference() -> str:
    """All public names with their documentation, room by room."""
    left, parts = public_names(), []
    for title, packages in ROOMS.items():
        prefixes = tuple(f'jmpose_mm.{package}' for package in packages)
        names = [
            name
            for name, module in sorted(left.items())
            if module.startswith(prefixes) or module in packages
        ]
        entries = '\n\n'.join(f'::: {left.pop(name)}.{name}' for name in names)
        parts.append(f'## {title}\n\n{entries}')
    if left:
        raise ValueError(f'docs/site/hooks.py: no room of the reference has {sorted(left)}')
    return '\n\n'.join(parts)


def mathematics() -> str:
    """The functions on arrays and tensors, module by module."""
    parts = []
    for module in walk_packages(functional.__path__, 'jmpose_mm.functional.'):
        names = getattr(import_module(module.name), '__all__', ())
        entries = '\n\n'.join(f'::: {module.name}.{name}' for name in names)
        if entries:
            parts.append(f'## `{module.name.removeprefix("jmpose_mm.")}`\n\n{entries}')
    return '\n\n'.join(parts)


def notebook() -> str:
    """The cells of the notebook with their stored outputs."""
    parts = []
    for cell in json.loads(NOTEBOOK.read_text(encoding='utf-8'))['cells']:
        source = ''.join(cell['source'])
        if cell['cell_type'] == 'markdown':
            parts.append(source)
            continue
        parts.append(f'```python\n{source}\n```')
        parts += [_output(output['data']) for output in cell['outputs'] if 'data' in output]
    return '\n\n'.join(parts)


def _output(data: dict[str, Any]) -> str:
    if 'image/png' in data:
        picture = ''.join(data['image/png']).replace('\n', '')
        return f'![output](data:image/png;base64,{picture})'
    return f'```\n{"".join(data["text/plain"])}\n```'
