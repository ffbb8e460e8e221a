"""Settings of a rendered data set: counts, picture size, distributions of difficulty."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

__all__ = ['DEGRADATIONS', 'FACTORS', 'OCCLUSIONS', 'PRESETS', 'Settings', 'settings_from']

DEGRADATIONS = ('motion_blur', 'defocus', 'occluder', 'low_light', 'compression')
"""Names of the strong degradations that a burst can have."""

OCCLUSIONS = {'self_occlusion': 'self', 'crossing_person': 'person'}
"""What the motion of the people themselves hides: factor to reason in `keypoints_occluded_by`."""

FACTORS = (*DEGRADATIONS, *OCCLUSIONS)
"""All labelled difficulties."""

SEVERITIES = {
    'motion_blur': ('blur_travel', 'travel of the camera during the exposure in person heights'),
    'defocus': ('defocus_radius', 'radius of the disc in person heights'),
    'occluder': ('occluder_cover', 'how much of the person is behind it in person heights'),
    'low_light': ('low_light_gain', 'factor on the light'),
    'compression': ('compression_height', 'pixels of a person in the reduced picture'),
}
"""The setting that each degradation's strength is drawn from, evenly, and what it measures."""

MINIMUM_SIDE = 64
MAXIMUM_COUNT = 9999


def _check_integer(name: str, value: Any, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f'{name}: expected an integer from {low} to {high}, got {value!r}')


def _check_size(size: Any) -> None:
    good = isinstance(size, tuple) and len(size) == 2
    if not good or any(isinstance(side, bool) or not isinstance(side, int) for side in size):
        raise ValueError(f'size: expected (width, height) in whole pixels, got {size!r}')
    if min(size) < MINIMUM_SIDE:
        raise ValueError(f'size: expected sides of at least {MINIMUM_SIDE} pixels, got {size!r}')


def _check_range(name: str, value: Any, low: float, high: float) -> None:
    good = isinstance(value, tuple) and len(value) == 2
    if not good or any(isinstance(v, bool) or not isinstance(v, (int, float)) for v in value):
        raise ValueError(f'{name}: expected numbers (least, largest), got {value!r}')
    if not low <= value[0] <= value[1] <= high:
        raise ValueError(f'{name}: expected {low} <= least <= largest <= {high}, got {value!r}')


def _check_weights(name: str, value: Any, count: int | None) -> None:
    if not isinstance(value, tuple) or not value or (count is not None and len(value) != count):
        raise ValueError(f'{name}: expected {count or "some"} weights, got {value!r}')
    if min(value) < 0 or sum(value) <= 0:
        raise ValueError(f'{name}: expected weights >= 0 with a positive sum, got {value!r}')


@dataclass(frozen=True)
class Settings:
    """Everything, besides the code itself, that decides the pixels.

    Attributes:
        videos_train: Number of training videos, >= 0.
        videos_val: Number of validation videos, >= 0.
        frames: Frames per video, 1 to 9999.
        size: Width and height of the frames in pixels.
        frame_rate: Frames per second that motions are sampled at.
        persons: Least and largest number of persons per video.
        person_height: Least and largest height of a person as a fraction of the frame's height.
        crossing: Probability that a person is placed to cross the one before it.
        burst_gap: Least and largest number of frames between two bursts; at least 2, so that every
            degraded frame of a burst of 3 has an undegraded frame within 2 frames.
        burst_lengths: Probabilities of a burst of 1, 2, 3, ... frames.
        burst_kinds: Probability weights of `DEGRADATIONS`, in their order.
        second_kind: Probability that a burst has a second degradation on top.
        blur_travel: Range of the camera's travel during a blurred exposure, in person heights.
        blur_exposure: Range of the exposure time of a blurred frame, in frame intervals.
        defocus_radius: Range of the defocus disc's radius in person heights.
        occluder_cover: Range of an occluder's height in person heights; of a lifelike one's, over
            the feet or, hanging, under the crown.
        low_light_gain: Range of the gain of a dark frame.
        compression_height: Range of a person's height in pixels in the reduced picture that is
            compressed.
        camera_shake: Amplitude of the ordinary camera shake in fractions of the frame's width.
        jpeg_quality: Quality of the files written.
        lifelike: Occluders stand on the ground or hang from above and look like things, standing
            feet stay in place in all motions but jumping jacks, and shirts lie over the hips.
            `demo` stays without, so that results measured on it hold.
    """

    videos_train: int = 48
    videos_val: int = 8
    frames: int = 20
    size: tuple[int, int] = (320, 240)
    frame_rate: float = 25.0
    persons: tuple[int, int] = (1, 3)
    person_height: tuple[float, float] = (0.42, 0.8)
    crossing: float = 0.3
    burst_gap: tuple[int, int] = (2, 4)
    burst_lengths: tuple[float, ...] = (0.4, 0.35, 0.25)
    burst_kinds: tuple[float, ...] = (0.3, 0.25, 0.25, 0.1, 0.1)
    second_kind: float = 0.2
    blur_travel: tuple[float, float] = (0.16, 0.3)
    blur_exposure: tuple[float, float] = (0.8, 1.6)
    defocus_radius: tuple[float, float] = (0.045, 0.085)
    occluder_cover: tuple[float, float] = (0.6, 1.2)
    low_light_gain: tuple[float, float] = (0.1, 0.22)
    compression_height: tuple[float, float] = (17, 26)
    camera_shake: float = 0.004
    jpeg_quality: int = 92
    lifelike: bool = False

    def __post_init__(self) -> None:
        for name in ('videos_train', 'videos_val'):
            _check_integer(name, getattr(self, name), 0, MAXIMUM_COUNT)
        if self.videos_train + self.videos_val == 0:
            raise ValueError(
                'videos_train and videos_val: expected at least one video, got 0 and 0'
            )
        _check_integer('frames', self.frames, 1, MAXIMUM_COUNT)
        _check_integer('jpeg_quality', self.jpeg_quality, 1, 100)
        _check_size(self.size)
        _check_range('persons', self.persons, 1, 12)
        _check_range('person_height', self.person_height, 0.1, 1.5)
        _check_range('burst_gap', self.burst_gap, 2, MAXIMUM_COUNT)
        _check_range('blur_travel', self.blur_travel, 0, 2)
        _check_range('blur_exposure', self.blur_exposure, 0, 4)
        _check_range('defocus_radius', self.defocus_radius, 0, 1)
        _check_range('occluder_cover', self.occluder_cover, 0, 3)
        _check_range('low_light_gain', self.low_light_gain, 0, 1)
        _check_range('compression_height', self.compression_height, 2, 1000)
        _check_weights('burst_lengths', self.burst_lengths, None)
        _check_weights('burst_kinds', self.burst_kinds, len(DEGRADATIONS))
        for name, low, high in (
            ('crossing', 0, 1),
            ('second_kind', 0, 1),
            ('camera_shake', 0, 0.2),
            ('frame_rate', 1, 240),
        ):
            _check_range(name, (getattr(self, name), high), low, high)
        if not isinstance(self.lifelike, bool):
            raise ValueError(f'lifelike: expected True or False, got {self.lifelike!r}')

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; tuples become lists."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


PRESETS: dict[str, Settings] = {
    'demo': Settings(),
    'study': Settings(
        videos_train=120,
        videos_val=40,
        frames=40,
        crossing=0.6,
        # An occluder leaves most joints in view on some of its frames.
        burst_kinds=(0.18, 0.18, 0.28, 0.18, 0.18),
        occluder_cover=(0.8, 1.3),
        lifelike=True,
    ),
    'hard': Settings(
        videos_train=120,
        videos_val=40,
        frames=40,
        persons=(2, 4),
        crossing=0.6,
        burst_gap=(2, 3),
        burst_lengths=(0.25, 0.35, 0.4),
        second_kind=0.5,
        blur_travel=(0.2, 0.4),
        blur_exposure=(1.0, 2.0),
        defocus_radius=(0.06, 0.12),
        occluder_cover=(0.8, 1.4),
        low_light_gain=(0.06, 0.14),
        compression_height=(12, 20),
        camera_shake=0.008,
        lifelike=True,
    ),
}
"""`demo` trains in minutes, `study` has every factor often enough for an AP of its own, `hard` has
more people, more meetings and worse bursts."""


def settings_from(preset: str = 'demo', **overrides: Any) -> Settings:
    """The settings of a preset with some of its fields replaced.

    Raises:
        ValueError: If the preset or a field is unknown, or a value is out of range.
    """
    if preset not in PRESETS:
        raise ValueError(f'preset: expected one of {sorted(PRESETS)}, got {preset!r}')
    known = {field.name for field in fields(Settings)}
    for name in overrides:
        if name not in known:
            raise ValueError(f'{name}: expected a setting out of {sorted(known)}, got {name!r}')
    plain = {name: _plain(value) for name, value in overrides.items()}
    return replace(PRESETS[preset], **plain)


def _plain(value: Any) -> Any:
    """Python's own numbers and tuples, whatever kind of list or array they came in."""
    value = value.tolist() if hasattr(value, 'tolist') else value
    return tuple(map(_plain, value)) if isinstance(value, (list, tuple)) else value
