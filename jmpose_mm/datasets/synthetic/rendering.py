"""Draws the people of a scene at one moment, and tells what hides which joint."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from jmpose_mm.datasets.synthetic.parts import (
    Layer,
    draw_capsule,
    draw_head,
    draw_shadow,
    draw_torso,
)
from jmpose_mm.datasets.synthetic.scene import Person, Scene
from jmpose_mm.datasets.synthetic.skeleton import KEYPOINT_NAMES, POINTS

__all__ = ['OCCLUDER', 'draw_moment', 'hidden_by']

OCCLUDER = -1
"""Label of whatever passes in front of the people."""

SPAN = 32
"""Labels per person; person p's part c has label (p + 1) * SPAN + c."""

# Name: (from, to, half-width at either end as fractions of stature).
LIMBS = {
    'upper_arm': ('shoulder', 'elbow', 0.033, 0.026),
    'forearm': ('elbow', 'wrist', 0.027, 0.019),
    'thigh': ('hip', 'knee', 0.054, 0.037),
    'shank': ('knee', 'ankle', 0.037, 0.022),
    'foot': ('ankle', 'toe', 0.025, 0.019),
}
PARTS = [f'{side}_{limb}' for side in ('left', 'right') for limb in (*LIMBS, 'hand')]
CODES = {name: code for code, name in enumerate((*PARTS, 'torso', 'neck', 'head'))}

# A joint is in view where one of these parts is; others of the same person hide it.
NEXT_TO = {'nose': {'head'}, 'head_top': {'head'}, 'head_bottom': {'head', 'neck', 'torso'}}
for _side in ('left', 'right'):
    NEXT_TO[f'{_side}_shoulder'] = {f'{_side}_upper_arm', 'torso'}
    NEXT_TO[f'{_side}_elbow'] = {f'{_side}_upper_arm', f'{_side}_forearm'}
    NEXT_TO[f'{_side}_wrist'] = {f'{_side}_forearm', f'{_side}_hand'}
    NEXT_TO[f'{_side}_hip'] = {f'{_side}_thigh', 'torso'}
    NEXT_TO[f'{_side}_knee'] = {f'{_side}_thigh', f'{_side}_shank'}
    NEXT_TO[f'{_side}_ankle'] = {f'{_side}_shank', f'{_side}_foot'}

BEHIND = 0.8
"""A shoulder or hip that lies by more than that share of the half-width farther than the spine,
as when the trunk is turned by some 53 degrees, is hidden by the trunk."""

AWAY = -0.3
"""A head whose forward axis has less of the direction to the camera hides its own nose."""

# Levels of the trunk: share of the spine, half-width and half-depth as fractions of stature.
TRUNK = (
    (-0.07, 0.088, 0.062),
    (0.4, 0.080, 0.058),
    (0.8, 0.104, 0.068),
    (0.98, 0.108, 0.05),
    (1.09, 0.05, 0.035),
)


def draw_moment(scene: Scene, moment: int, size: tuple[int, int]) -> Layer:
    """The scene at one moment.

    Args:
        scene: Scene to draw.
        moment: Index of the moment.
        size: Width and height in pixels.
    """
    matrix = scene.to_frame[moment].copy()
    matrix[:, 2] += matrix[:, :2] @ scene.origin
    canvas = cv2.warpAffine(
        scene.background, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    layer = Layer(canvas, scene.light)
    # Painter's order: who is nearer is drawn later, over the others.
    order = sorted(range(len(scene.persons)), key=lambda p: -scene.persons[p].depth(moment))
    for index in order:
        _draw_shadows(layer, scene.persons[index], moment)
    for index in order:
        _draw_person(layer, scene.persons[index], moment, (index + 1) * SPAN)
    return layer


def _draw_shadows(layer: Layer, person: Person, moment: int) -> None:
    points, image = person.frames.points[moment], person.image[moment]
    for side in ('left', 'right'):
        foot = [POINTS[f'{side}_ankle'], POINTS[f'{side}_toe']]
        lift = max(points[foot, 1].min() - 0.03, 0)
        center = image[foot].mean(0)
        center[1] += lift * person.scale[moment]
        width = 0.11 * person.height(moment) * (1 + lift)
        draw_shadow(layer, center, (width, 0.28 * width))


def _draw_person(layer: Layer, person: Person, moment: int, base: int) -> None:
    points, image = person.frames.points[moment], person.image[moment]
    height = person.height(moment) * person.body.girth
    jobs: list[tuple[float, Callable[[], None]]] = []

    def add(bias: float, names: tuple[str, str], job: Callable[[], None]) -> None:
        depth = np.mean([points[POINTS[name], 2] for name in names]) / person.body.stature
        jobs.append((float(depth) + bias, job))

    def limb(side: str, name: str) -> Callable[[], None]:
        start, end, r0, r1 = LIMBS[name]
        ends = image[POINTS[f'{side}_{start}']], image[POINTS[f'{side}_{end}']]
        part = f'{side}_{name}'
        texture = person.appearance.limbs[part]
        return lambda: draw_capsule(
            layer, ends, (r0 * height, r1 * height), texture, base + CODES[part]
        )

    def hand(side: str) -> Callable[[], None]:
        ends = image[POINTS[f'{side}_wrist']], image[POINTS[f'{side}_hand']]
        label, skin = base + CODES[f'{side}_hand'], person.appearance.skin
        return lambda: draw_capsule(layer, ends, (0.016 * height, 0.02 * height), skin, label)

    for side in ('left', 'right'):
        # Sleeves lie over the trunk and feet under the trouser legs when depths are about equal.
        for name, bias in (
            ('upper_arm', 0.02),
            ('forearm', 0.03),
            # From some 40 degrees of flexion on, a thigh lies before the shirt all the same.
            ('thigh', -0.08 if person.appearance.shirt_over_hips else -0.03),
            ('shank', 0.0),
        ):
            add(bias, (f'{side}_{LIMBS[name][0]}', f'{side}_{LIMBS[name][1]}'), limb(side, name))
        add(-0.03, (f'{side}_ankle', f'{side}_ankle'), limb(side, 'foot'))
        add(0.025, (f'{side}_wrist', f'{side}_hand'), hand(side))
    add(0.0, ('pelvis', 'neck'), lambda: _draw_trunk(layer, person, moment, base))
    add(-0.02, ('neck', 'head_bottom'), lambda: _draw_neck(layer, person, moment, base))
    add(0.03, ('head_center', 'head_center'), lambda: _draw_skull(layer, person, moment, base))
    for _, job in sorted(jobs, key=lambda item: item[0]):
        job()


def _draw_trunk(layer: Layer, person: Person, moment: int, base: int) -> None:
    torso, image = person.frames.torso[moment], person.image[moment]
    neck, pelvis = image[POINTS['neck']], image[POINTS['pelvis']]
    scale = person.scale[moment]
    stature, girth = person.body.stature, person.body.girth
    angles = np.linspace(0, 2 * np.pi, 10, endpoint=False)
    spine = image[POINTS['chest']] - pelvis
    rings = []
    for share, half_width, half_depth in TRUNK:
        ring = np.cos(angles)[:, None] * torso[0] * half_width * stature * girth
        ring = ring + np.sin(angles)[:, None] * torso[2] * half_depth * stature * girth
        rings.append(pelvis + share * spine + scale * ring[:, :2] * (1, -1))
    outline = np.concatenate(rings)
    axes = (neck, pelvis - 0.07 * spine, torso[0, :2] * (1, -1))
    cloth = (person.appearance.torso, float(torso[2, 2]))
    draw_torso(layer, outline, axes, cloth, base + CODES['torso'])


def _draw_neck(layer: Layer, person: Person, moment: int, base: int) -> None:
    image, radius = person.image[moment], 0.029 * person.height(moment) * person.body.girth
    ends = image[POINTS['neck']], image[POINTS['head_bottom']]
    skin = person.appearance.skin * 0.85
    draw_capsule(layer, ends, (radius, radius), skin, base + CODES['neck'])


def _draw_skull(layer: Layer, person: Person, moment: int, base: int) -> None:
    image, look = person.image[moment], person.appearance
    head = person.frames.head[moment]
    length = person.body.lengths['head'] * person.scale[moment]
    center = image[POINTS['head_center']]
    half = 0.45 * (image[POINTS['head_top']] - image[POINTS['head_bottom']])
    ends = (center - half, center + half, 0.34 * length)
    label = base + CODES['head']
    colors = (look.skin, look.hair, look.hair_line)
    ahead = head[2]
    nose = image[POINTS['nose']]
    if abs(ahead[2]) < 0.8:  # seen from the side a nose stands out
        root = nose - 0.12 * length * ahead[:2] * (1, -1)
        draw_capsule(layer, (root, nose), (0.08 * length, 0.04 * length), look.skin, label)
    draw_head(layer, ends, head, colors, label)


def hidden_by(layer: Layer, scene: Scene, moment: int, index: int) -> list[str]:
    """Name what hides each keypoint: '' (in view), 'self', 'person', 'occluder' or 'frame'.

    'frame' means that the point lies outside of the picture.
    """
    person = scene.persons[index]
    points, image = person.frames.points[moment], person.image[moment]
    height, width = layer.labels.shape
    answers = []
    for name in KEYPOINT_NAMES:
        x, y = image[POINTS[name]]
        if not (-0.5 <= x < width - 0.5 and -0.5 <= y < height - 0.5):
            answers.append('frame')
            continue
        # What was drawn last at the joint's pixel hides all that is behind it.
        label = int(layer.labels[round(float(y)), round(float(x))])
        owner, code = label // SPAN - 1, label % SPAN
        if label == OCCLUDER:
            answers.append('occluder')
        elif label and owner != index:
            answers.append('person')
        else:
            away = name == 'nose' and person.frames.head[moment, 2, 2] < AWAY
            own = away or _hides_itself(person, points, name, label, code)
            answers.append('self' if own else '')
    return answers


def _hides_itself(person: Person, points: np.ndarray, name: str, label: int, code: int) -> bool:
    if not label or name not in NEXT_TO:  # the edge of the person's own outline
        return False
    part = next(key for key, value in CODES.items() if value == code)
    if part not in NEXT_TO[name]:
        return True
    joint = name.split('_')[-1]
    if part != 'torso' or joint not in ('shoulder', 'hip'):
        return False
    spine = points[POINTS['chest' if joint == 'shoulder' else 'pelvis'], 2]
    behind = spine - points[POINTS[name], 2]
    return bool(behind > BEHIND * person.body.lengths[f'{joint}_half'])
