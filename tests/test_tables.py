"""Tables say what their cells say, whatever is in them."""

from __future__ import annotations

from jmpose_mm.tables import markdown_table, plain_table

ROWS = [['name', 'AP', 'note'], ['[red]a[/]', '7.00', ':smile:'], ['  b', '10.25', '']]


def test_plain__numbers_on_the_right_and_no_markup() -> None:
    assert plain_table(ROWS, left=(0, 2)).splitlines() == [
        'name          AP  note',
        '[red]a[/]   7.00  :smile:',
        '  b        10.25',
    ]


def test_plain__nothing_is_cut() -> None:
    long = 'x' * 5000
    assert plain_table([['', 'a'], [long, '1']]).splitlines()[1] == f'{long}  1'


def test_markdown__says_sides_and_keeps_bars_inside_cells() -> None:
    assert markdown_table(['a|b', 'AP'], [['c', '1.5'], ['long name', '100.0']]).splitlines() == [
        r'| a\|b      |    AP |',
        '|-----------|------:|',
        '| c         |   1.5 |',
        '| long name | 100.0 |',
    ]
