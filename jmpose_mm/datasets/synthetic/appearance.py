"""Appearance of a person: widths, colours and textures.

Everybody wears the same convention, as a team wears its kit: the left sleeve, trouser leg and shoe
are warm coloured and striped, the right ones cool and plain. Trunk, skin, hair and all shades vary
from person to person. Colours are BGR, 0 to 255; textures are (along, across, 3) float32.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

__all__ = ['Appearance']

ALONG, ACROSS = 48, 24
SKIN_TONES = (
    (196, 218, 245),
    (160, 190, 232),
    (120, 160, 210),
    (85, 120, 175),
    (55, 80, 125),
    (38, 52, 82),
)
HAIR_TONES = (
    (20, 20, 24),
    (30, 40, 62),
    (45, 75, 118),
    (90, 150, 200),
    (140, 140, 145),
    (35, 60, 140),
)


def hsv(hue: float, saturation: float, value: float) -> np.ndarray:
    """(3,) BGR float32 of a hue in degrees and saturation and value in [0, 1]."""
    pixel = np.array([[[hue % 360, saturation, value]]], np.float32)
    return cv2.cvtColor(pixel, cv2.COLOR_HSV2BGR)[0, 0] * 255


@dataclass(frozen=True)
class Appearance:
    """Textures and colours of one person.

    Attributes:
        limbs: Texture by segment name, e.g. 'left_upper_arm'.
        torso: Texture of the trunk's front and back, (2, ALONG, ACROSS, 3).
        skin: Colour of face, neck and hands.
        hair: Colour of the hair.
        hair_line: Cosine above which the crown of the head is hair.
        shirt_over_hips: True if the shirt covers the upper ends of thighs that are not raised.
    """

    limbs: dict[str, np.ndarray]
    torso: np.ndarray
    skin: np.ndarray
    hair: np.ndarray
    hair_line: float
    shirt_over_hips: bool = False

    @classmethod
    def draw(cls, rng: np.random.Generator, shirt_over_hips: bool = False) -> Appearance:
        """A random person in the kit."""
        tone = rng.uniform(0, len(SKIN_TONES) - 1.001)
        low = int(tone)
        skin = np.array(SKIN_TONES[low]) * (1 - tone + low) + np.array(SKIN_TONES[low + 1]) * (
            tone - low
        )
        skin = np.clip(skin * rng.uniform(0.92, 1.05), 0, 255)
        hair = np.array(HAIR_TONES[rng.integers(len(HAIR_TONES))]) * rng.uniform(0.7, 1.2)
        limbs = {}
        for side in ('left', 'right'):
            limbs.update(_side_textures(side, rng))
        return cls(
            limbs=limbs,
            torso=_torso_textures(rng),
            skin=skin.astype(np.float32),
            hair=np.clip(hair, 0, 255).astype(np.float32),
            hair_line=float(rng.uniform(0.3, 0.5)),
            shirt_over_hips=shirt_over_hips,
        )


def _side_textures(side: str, rng: np.random.Generator) -> dict[str, np.ndarray]:
    left = side == 'left'
    # Sleeves run from red to yellow or from cyan to violet, trousers keep to their half as well,
    # but darker.
    hue = rng.uniform(2, 48) if left else rng.uniform(185, 262)
    leg_hue = rng.uniform(0, 42) if left else rng.uniform(195, 250)
    sleeve = hsv(hue, rng.uniform(0.6, 0.95), rng.uniform(0.7, 0.98))
    trousers = hsv(leg_hue, rng.uniform(0.5, 0.85), rng.uniform(0.4, 0.72))
    shoe = hsv(rng.uniform(5, 50) if left else rng.uniform(180, 230), 0.75, rng.uniform(0.75, 1))
    stripes = float(rng.uniform(0.25, 0.45)) if left else 0.0
    repeats = int(rng.integers(3, 6))
    patch = sleeve * 0.35 if left else sleeve * 0.3 + 20
    knee = trousers * 0.4 if left else np.clip(trousers * 0.45 + 8, 0, 255)
    upper = _cloth(sleeve, stripes, repeats, rng)
    lower = _cloth(sleeve, stripes, repeats, rng)
    thigh = _cloth(trousers, stripes, repeats + 1, rng)
    shank = _cloth(trousers, stripes, repeats + 1, rng)
    # Patches at elbows and knees: where a limb bends, its texture says so.
    _band(upper, 0.84, 1.0, patch)
    _band(lower, 0.0, 0.14, patch)
    _band(lower, 0.9, 1.0, np.clip(sleeve * 0.4 + 140, 0, 255))  # the cuff
    _band(thigh, 0.88, 1.0, knee)
    _band(shank, 0.0, 0.12, knee)
    _band(shank, 0.9, 1.0, trousers * 0.5)
    foot = _cloth(shoe, 0.0, 1, rng)
    _band(foot, 0.72, 1.0, np.clip(shoe * 0.3 + 170, 0, 255))  # the toe cap
    textures = (upper, lower, thigh, shank, foot)
    names = ('upper_arm', 'forearm', 'thigh', 'shank', 'foot')
    return {f'{side}_{n}': t for n, t in zip(names, textures, strict=True)}


def _cloth(color: np.ndarray, stripes: float, repeats: int, rng: np.random.Generator) -> np.ndarray:
    """Plain or striped cloth with folds; `stripes` is how much darker a stripe is, 0 to 1."""
    folds = rng.normal(0, 1, (ALONG // 6, 3)).astype(np.float32)
    folds = cv2.resize(folds, (ACROSS, ALONG), interpolation=cv2.INTER_CUBIC)
    factor = 1 + 0.07 * folds
    rows = np.arange(ALONG) / ALONG * repeats
    factor *= 1 - stripes * ((rows % 1) > 0.6)[:, None]
    return np.clip(color * factor[..., None], 0, 255).astype(np.float32)


def _band(texture: np.ndarray, start: float, end: float, color: np.ndarray) -> None:
    texture[round(start * ALONG) : round(end * ALONG)] = color


def _torso_textures(rng: np.random.Generator) -> np.ndarray:
    """Front and back of a shirt: plain, hooped, with a sash or yoke; the front has a mark."""
    base = hsv(rng.uniform(0, 360), rng.uniform(0.0, 0.7), rng.uniform(0.35, 0.95))
    other = hsv(rng.uniform(0, 360), rng.uniform(0.0, 0.7), rng.uniform(0.25, 0.95))
    style = rng.integers(0, 4)
    row = np.arange(ALONG)[:, None] / ALONG
    column = np.arange(ACROSS)[None] / ACROSS
    masks = (
        np.zeros((ALONG, ACROSS), bool),
        ((row * rng.integers(3, 7)) % 1 > 0.55) & (column >= 0),
        np.abs(row - column) < 0.16,
        (row < 0.4) & (column >= 0),
    )
    sides = []
    for front in (True, False):
        cloth = _cloth(base, 0.0, 1, rng)
        cloth[masks[style]] = other
        if front:
            cv2.rectangle(cloth, (9, 12), (15, 19), (255 - base).tolist(), -1)
            cv2.line(cloth, (12, 0), (12, ALONG), (base * 0.6).tolist(), 1)
        _band(cloth, 0.92, 1.0, np.array([30, 35, 40]))  # the belt
        sides.append(cloth)
    return np.stack(sides).astype(np.float32)
