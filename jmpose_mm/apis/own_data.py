"""Own labels to a data set with its skeleton and ready configs, in one call."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from jmpose_mm.datasets.conversion.own_data.config_facts import ConfigFacts
from jmpose_mm.datasets.conversion.own_data.configs import config_texts
from jmpose_mm.datasets.conversion.own_data.options import OwnOptions
from jmpose_mm.datasets.conversion.own_data.own_format import OwnFormat
from jmpose_mm.datasets.conversion.own_data.skeletons import metainfo_text
from jmpose_mm.datasets.conversion.resumable_conversion import LEDGER, REPORT, run_conversion
from jmpose_mm.errors import UsageError, listed
from jmpose_mm.formats.json_files import read_json
from jmpose_mm.video.frames.sources import open_source
from jmpose_mm.whole_files import whole_file, write_json

__all__ = ['convert_own_data']

MODEL = ('backbone', 'method', 'input_size', 'weights')


def convert_own_data(
    source: str | Path,
    out: str | Path,
    options: Mapping[str, Any] | None = None,
    model: Mapping[str, Any] | None = None,
    copy: bool = False,
    progress: bool = True,
) -> dict[str, Any]:
    """Make own labels into a data set, ``metainfo.py`` and configs.

    Args:
        source: A label file, or a folder of them, and of images.
        out: Folder to write, new or made by an earlier call with the same options.
        options: Rules by which labels are understood: fields of `OwnOptions`, where paths, numbers
            and lists of names or pairs stand for their text.
        model: ``backbone``, ``method``, ``input_size`` (``'256x192'`` or two numbers, W and H) and
            ``weights`` of the configs, as far as they are not the usual ones.
        copy: Copy images where links cannot be made.
        progress: Show a progress bar.

    Returns:
        The report, which is stored in ``OUT/conversion.json``.

    Raises:
        UsageError: Something cannot be used, or would be overwritten; nothing is written then.
    """
    out, facts = Path(out), _facts(options or {})
    _check_names('model', model or {}, MODEL)
    dataset = OwnFormat(Path(source), out, facts, _read_film)
    dataset.copies_images = copy
    # All checks come before the conversion, which writes.
    earlier = _earlier(out, facts)
    texts = _texts(dataset, model or {})
    _check_edited(out, texts, earlier)
    report = run_conversion(dataset, progress)
    report['understood'] += _advice(dataset, out, model or {})
    for name, text in texts.items():
        with whole_file(out / name) as unfinished:
            unfinished.write_text(text, encoding='utf-8')
    report['files'] = {**earlier, **{name: _digest(text) for name, text in texts.items()}}
    write_json(out / REPORT, report)
    return report


def _facts(options: Mapping[str, Any]) -> OwnOptions:
    """The options with the texts that a command line would have."""
    _check_names('options', options, [field.name for field in fields(OwnOptions)])
    plain = {
        name: value if value is None or isinstance(value, int) else _text(value)
        for name, value in options.items()
    }
    if 'also' in plain:
        also = options['also']
        plain['also'] = tuple(map(str, [also] if isinstance(also, str | Path) else also))
    return OwnOptions(**plain)


def _text(value: Any, between: str = ',') -> str:
    """Lists with commas between, their pairs with equal signs."""
    if isinstance(value, list | tuple):
        return between.join(_text(one, '=') for one in value)
    return str(value)


def _check_names(what: str, given: Mapping[str, Any], known: Sequence[str]) -> None:
    unknown = [name for name in given if name not in known]
    if unknown:
        raise UsageError(f'{what}: expected some of {listed(known, 40)}, got {listed(unknown)}')


def _read_film(film: Path) -> Iterator[tuple[int, np.ndarray]]:
    with closing(iter(open_source(str(film)))) as frames:
        for frame in frames:
            yield frame.index, frame.image


def _texts(dataset: OwnFormat, model: Mapping[str, Any]) -> dict[str, str]:
    skeleton = dataset.survey.skeleton
    facts = ConfigFacts(
        category=skeleton.category,
        joints=len(skeleton.joints),
        samples=dataset.samples(),
        held_out=bool(dataset.held_out),
        milliseconds=dataset.survey.spacing,
        backbone=model.get('backbone', 'resnet18'),
        method=model.get('method', 'jm_pose'),
        input_size=_size(model.get('input_size')),
        weights=None if model.get('weights') is None else str(model['weights']),
    )
    facts.check()
    texts = {f'configs/{name}': text for name, text in config_texts(facts).items()}
    source = f'{len(skeleton.joints)} joints of {skeleton.category}'
    return {'metainfo.py': metainfo_text(skeleton, source), **texts}


def _size(given: str | Sequence[int] | None) -> tuple[int, int] | None:
    """Width and height of a text like 256x192, or of two numbers."""
    if given is None:
        return None
    text = given if isinstance(given, str) else 'x'.join(map(str, given))
    sides = text.lower().split('x')
    if not all(side.isdecimal() for side in sides) or len(sides) > 2:
        raise UsageError(f'input_size: expected width and height such as 256x192, got {text!r}')
    # One number stands for both sides.
    return int(sides[0]), int(sides[-1])


def _earlier(out: Path, options: OwnOptions) -> dict[str, str]:
    """Digests of the files that an earlier conversion into this folder has made."""
    if not (out / REPORT).is_file():
        # With a ledger it is a conversion that was interrupted.
        if (out / LEDGER).is_file():
            return {}
        if (out / 'annotations').exists() or (out / 'metainfo.py').exists():
            raise UsageError(
                f'{out}: expected a new folder OUT, found annotations or a metainfo.py that no '
                'conversion has made'
            )
        return {}
    report = read_json(out / REPORT)
    given = report.get('options') if isinstance(report, dict) else None
    wanted = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(options).items()}
    if given != wanted:
        names = sorted(
            k for k in wanted if not isinstance(given, dict) or given.get(k) != wanted[k]
        )
        raise UsageError(
            f'{out}: expected a new folder OUT, found a conversion with other options '
            f'({", ".join(names)}); choose another, or remove it'
        )
    files = report.get('files')
    return files if isinstance(files, dict) else {}


def _check_edited(out: Path, texts: dict[str, str], earlier: dict[str, str]) -> None:
    """Files that were edited since they were made are kept, and the command stops."""
    for name, text in texts.items():
        file = out / name
        if not file.is_file():
            continue
        digest = _digest(file.read_text(encoding='utf-8'))
        if digest not in (_digest(text), earlier.get(name)):
            raise UsageError(
                f'{file}: expected the file that an earlier conversion made, found one that was '
                'edited, which is not overwritten; move it, or choose another OUT'
            )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _advice(dataset: OwnFormat, out: Path, model: Mapping[str, Any]) -> list[str]:
    """What to run next, and what would stop it."""
    method = model.get('method', 'jm_pose')
    lines = [
        f'configs: {out / "configs/single_frame.py"}, then {out / "configs" / method}.py',
    ]
    alone, total = dataset.survey.copies()
    if 2 * alone > total:
        lines.append(
            f'note: {alone} of {total} labelled frames have no other frame near them, so that a '
            'video model would see copies: extract neighbours from the films (--films DIR), or '
            'keep the frames around labelled ones; the single frame trains without'
        )
    return lines
