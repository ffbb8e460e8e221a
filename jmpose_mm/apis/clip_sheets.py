"""Contact sheets of clips as the network sees them: crop, augmentation, window, targets.

Axes: T frames, K joints. Images are uint8 BGR.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from jmpose_mm.engine.configs import config_errors, load_config, type_name
from jmpose_mm.engine.consistency import check_consistency
from jmpose_mm.errors import UsageError
from jmpose_mm.visualization.drawing import OUTLINE, draw_disc, draw_line, draw_poses, write_text
from jmpose_mm.visualization.marks import identity_colour, overlay
from jmpose_mm.visualization.skeleton import Skeleton, skeleton_of
from jmpose_mm.whole_files import check_output, whole_file

if TYPE_CHECKING:
    from mmengine.config import Config

__all__ = ['draw_clip_sheets']

SPLITS = ('train', 'val', 'test')
TILE, GAP, LINE = 176, 4, 18  # pixels: height of a tile, between tiles, of a line of text
BACKGROUND, TEXT, KEY = (24, 24, 24), (235, 235, 235), (80, 220, 255)
ROWS = 6  # of a sheet
QUALITY = 90


class Clip(NamedTuple):
    """A sample as the network gets it.

    Attributes:
        frames: (T, H, W, 3) crops in time order.
        offsets: (T,) distance of each from the key frame.
        joints: (K, 2) pixels of the crop.
        present: (K,) whether a joint is trained on.
        targets: (K, h, w) heatmaps; None where the pipeline makes none.
        title: Name of the frame.
    """

    frames: np.ndarray
    offsets: tuple[int, ...]
    joints: np.ndarray
    present: np.ndarray
    targets: np.ndarray | None
    title: str


def draw_clip_sheets(
    config: str | Path | Config,
    out: str | Path,
    count: int = 12,
    split: str = 'train',
    overrides: Sequence[str] = (),
    seed: int = 0,
) -> list[Path]:
    """Draw clips of a config's data set, as its pipeline makes them, evenly spread over it.

    A row has the window's frames, the key frame with the skeleton and numbers of joints, the
    targets, and the pairs of joints that change places in a mirrored picture.

    Args:
        config: Path or packaged name.
        out: Folder of the sheets, ``clips_1.jpg`` and on.
        count: Number of clips.
        split: ``'train'``, ``'val'`` or ``'test'``.
        overrides: Changes of the config, as ``key=value``.
        seed: Random seed of the augmentation.

    Returns:
        The sheets.

    Raises:
        UsageError: The config has no such data set, or the data cannot be read.
    """
    from mmengine.registry import init_default_scope

    from jmpose_mm.registry import DATASETS

    if split not in SPLITS or count < 1:
        raise UsageError(
            f'split and count: expected one of {SPLITS} and 1 or more, got {split} and {count}'
        )
    cfg = load_config(str(config), overrides) if isinstance(config, str | Path) else config
    loader = cfg.get(f'{split}_dataloader')
    if not loader:
        raise UsageError(f'split: expected a config with {split}_dataloader, got none')
    check_consistency(cfg)
    described = copy.deepcopy(loader.dataset)
    for step in described.get('pipeline') or ():
        if type_name(step) == 'PackPoseInputs':
            step['pack_transformed'] = True  # joints in the crop
    with config_errors(cfg):
        init_default_scope(cfg.get('default_scope', 'mmpose'))
        dataset = DATASETS.build(described)
    # mmpose's transforms draw from NumPy's global state.
    np.random.seed(seed)
    places = np.unique(
        np.linspace(0, len(dataset) - 1, min(count, len(dataset))).round().astype(int)
    )
    meta = dataset.metainfo
    skeleton = skeleton_of(meta)
    rows = [_row(_clip(dataset[int(place)]), skeleton, meta['flip_indices']) for place in places]
    files = []
    for number, first in enumerate(range(0, len(rows), ROWS), 1):
        file = Path(out, f'clips_{number}.jpg')
        check_output(file, [loader.dataset.get('data_root') or ''])
        _write(file, _sheet(rows[first : first + ROWS], skeleton, meta['flip_indices']))
        files.append(file)
    return files


def _clip(packed: dict[str, Any]) -> Clip:
    sample = packed['data_samples']
    inputs = packed['inputs']
    inputs = np.stack([np.asarray(one) for one in inputs])
    frames = np.ascontiguousarray(
        (inputs if inputs.ndim == 4 else inputs[None]).transpose(0, 2, 3, 1)
    )
    truth = sample.gt_instances
    # Pixels of the crop; `keypoints` are those of the image.
    joints = np.asarray(truth.get('transformed_keypoints', truth.keypoints))[0]
    visible = np.asarray(truth.keypoints_visible)[0]
    labels = sample.get('gt_instance_labels')
    if labels is not None and 'keypoint_weights' in labels:
        visible = np.asarray(labels.keypoint_weights)[0]
    targets = sample.get('gt_fields')
    heatmaps = None if targets is None or 'heatmaps' not in targets else targets.heatmaps
    path = PurePosixPath(sample.get('img_path', ''))
    return Clip(
        frames,
        tuple(sample.get('frame_offsets', (0,))),
        joints.astype(float),
        (visible if visible.ndim == 1 else visible[:, 0]) > 0,
        None if heatmaps is None else np.asarray(heatmaps),
        f'{path.parent.name}/{path.name}' + ' mirrored' * bool(sample.get('flip')),
    )


def _row(clip: Clip, skeleton: Skeleton, partner: Sequence[int]) -> np.ndarray:
    """The tiles of one clip beside each other, under its title."""
    key = clip.frames[clip.offsets.index(0) if 0 in clip.offsets else 0]
    scale = TILE / key.shape[0]
    size = (round(key.shape[1] * scale), TILE)
    joints = clip.joints * scale
    tiles = [cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in clip.frames]
    large = cv2.resize(key, size, interpolation=cv2.INTER_LINEAR)
    tiles.append(_numbered(large, joints, clip.present, skeleton))
    maps = clip.targets
    tiles.append(large if maps is None else overlay(large // 2, maps))
    tiles.append(_paired(large // 2, joints, clip.present, partner))
    heads = [f'{offset:+d}' if offset else 'key frame' for offset in clip.offsets]
    heads += ['joints', 'targets', 'flip pairs']
    wide = len(tiles) * (size[0] + GAP) + GAP
    row = np.full((2 * LINE + TILE + GAP, wide, 3), BACKGROUND, np.uint8)
    write_text(row, clip.title, GAP, 0, LINE, wide - 2 * GAP, TEXT)
    for column, (tile, head) in enumerate(zip(tiles, heads, strict=True)):
        left = GAP + column * (size[0] + GAP)
        write_text(row, head, left, LINE, LINE, size[0], KEY if head == 'key frame' else TEXT)
        row[2 * LINE : 2 * LINE + TILE, left : left + size[0]] = tile
    return row


def _numbered(
    image: np.ndarray, joints: np.ndarray, present: np.ndarray, skeleton: Skeleton
) -> np.ndarray:
    drawn = draw_poses(image, joints[None], present[None].astype(float), 0.5, None, skeleton)
    for index in np.flatnonzero(present):
        x, y = np.rint(joints[index]).astype(int).tolist()
        left = min(max(x + 4, 0), image.shape[1] - 2 * LINE)
        top = min(max(y - LINE, 0), image.shape[0] - LINE)
        write_text(drawn, str(index), left, top, LINE - 4, 2 * LINE, TEXT)
    return drawn


def _paired(
    image: np.ndarray, joints: np.ndarray, present: np.ndarray, partner: Sequence[int]
) -> np.ndarray:
    """A line from each joint to the one that it becomes in a mirrored picture."""
    drawn = image.copy()
    for index in np.flatnonzero(present):
        other = partner[index]
        if other > index and present[other]:
            colour = identity_colour(int(index) + 1)
            draw_line(drawn, joints[index], joints[other], OUTLINE, 4)
            draw_line(drawn, joints[index], joints[other], colour, 2)
        draw_disc(drawn, joints[index], 3, identity_colour(1 + int(min(index, other))))
    return drawn


def _sheet(rows: list[np.ndarray], skeleton: Skeleton, partner: Sequence[int]) -> np.ndarray:
    """Rows below each other, under the names of the joints and their partners."""
    wide = max(row.shape[1] for row in rows)
    names = [
        f'{index} {name}' + (f' <> {partner[index]}' if partner[index] != index else '')
        for index, name in enumerate(skeleton.joints)
    ]
    lines = [names[first : first + 8] for first in range(0, len(names), 8)]
    head = np.full((len(lines) * LINE + GAP, wide, 3), BACKGROUND, np.uint8)
    for number, line in enumerate(lines):
        text = '   '.join(line).encode('ascii', 'replace').decode()
        write_text(head, text, GAP, number * LINE, LINE, wide - 2 * GAP, TEXT)
    rows = [np.pad(row, ((0, 0), (0, wide - row.shape[1]), (0, 0))) for row in rows]
    return np.concatenate([head, *rows])


def _write(file: Path, image: np.ndarray) -> None:
    encoded = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    with whole_file(file) as unfinished:
        unfinished.write_bytes(encoded.tobytes())
