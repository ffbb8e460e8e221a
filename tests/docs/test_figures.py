"""The figures of the methods' pages are what their program draws."""

from __future__ import annotations

import runpy
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

SITE = Path(__file__).resolve().parents[2] / 'docs' / 'site'
DRAWN = runpy.run_path(str(SITE / 'figures.py'))
BOX_WIDTH, FIGURES, FOLDER, draw = (DRAWN[n] for n in ('BOX_WIDTH', 'FIGURES', 'FOLDER', 'draw'))
LETTER_WIDTH = 6.6  # pixels of a wide sans-serif letter at 13 pixels, on average


@pytest.mark.parametrize('name', FIGURES)
def test_figure__is_drawn_by_its_program(name: str) -> None:
    assert (FOLDER / f'{name}.svg').read_text(encoding='utf-8') == draw(FIGURES[name])


@pytest.mark.parametrize('name', FIGURES)
def test_figure__is_a_picture_whose_texts_fit(name: str) -> None:
    ElementTree.fromstring(draw(FIGURES[name]))
    for box in FIGURES[name].boxes.values():
        assert max(map(len, box.text.split('\n'))) * LETTER_WIDTH <= BOX_WIDTH


@pytest.mark.parametrize('name', FIGURES)
def test_figure__leads_from_its_first_box_to_its_result(name: str) -> None:
    boxes, arrows = FIGURES[name].boxes, FIGURES[name].arrows
    reached = {next(iter(boxes))}
    for _ in boxes:
        reached |= {end for start, end in arrows if start in reached}
    assert reached == set(boxes)


@pytest.mark.parametrize('name', FIGURES)
def test_page__shows_its_figure(name: str) -> None:
    page = SITE.parent / f'{name}.md'
    assert f'(figures/{name}.svg)' in page.read_text(encoding='utf-8')
