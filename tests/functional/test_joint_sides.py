"""Left and right in names, as people and programs write them."""

from __future__ import annotations

import pytest

from jmpose_mm.functional.joint_sides import mirror_pairs, mirrored_name, side_of_name


@pytest.mark.parametrize(
    ('left', 'right'),
    [
        ('left_ear', 'right_ear'),
        ('LEFT-EAR', 'RIGHT-EAR'),
        ('earLeft', 'earRight'),
        ('EarL', 'EarR'),
        ('l paw', 'r paw'),
        ('leftpaw', 'rightpaw'),
        ('paw2_L', 'paw2_R'),
    ],
)
def test_names__mirror_each_other(left: str, right: str) -> None:
    assert (mirrored_name(left), mirrored_name(right)) == (right, left)
    assert (side_of_name(left), side_of_name(right)) == ('left', 'right')


@pytest.mark.parametrize('name', ['tail', 'brightness', 'left_of_right_ear', 'rail'])
def test_names__without_one_side_have_no_mirror(name: str) -> None:
    assert mirrored_name(name) is None


def test_mirror_pairs__by_name_in_the_order_of_the_joints() -> None:
    assert mirror_pairs(('right_wrist', 'tail', 'left_wrist', 'left_ear')) == [(0, 2)]
