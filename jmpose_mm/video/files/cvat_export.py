"""Skeleton tracks in CVAT's XML 1.1 for videos, to be imported into a task for correction.

The task needs a skeleton label ``person`` whose points are called like the joints. Frame numbers
are the film's. After CVAT's documentation of the format (docs.cvat.ai, XML annotation format).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from jmpose_mm.video.files.person_tracks import PersonTrack, person_tracks
from jmpose_mm.video.files.recordings import Recording
from jmpose_mm.whole_files import whole_file

__all__ = ['write_cvat']

PERSON = 'person'
OCCLUDED_BELOW = 0.2  # scores under which joints are not drawn either


def write_cvat(recording: Recording, path: Path) -> None:
    """Write the file: joints of a low score are occluded, those without a place outside."""
    indices = np.array([poses.index for poses in recording], dtype=np.int64)
    joints = recording.header.skeleton.joints
    with whole_file(path) as unfinished:
        with unfinished.open('w', encoding='utf-8', newline='\n') as file:
            file.writelines(_head(recording, indices))
            for number, track in enumerate(person_tracks(recording)):
                file.write(f'  <track id="{number}" label="{PERSON}" source="auto">\n')
                file.writelines(_skeletons(track, indices, joints))
                file.write('  </track>\n')
            file.write('</annotations>\n')


def _head(recording: Recording, indices: np.ndarray) -> Iterator[str]:
    width, height = next((poses.size for poses in recording), (0, 0))
    yield '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n'
    yield '  <meta>\n    <task>\n'
    yield f'      <name>{escape(Path(recording.header.source).stem)}</name>\n'
    # CVAT counts all frames of the film, those without poses too.
    yield f'      <size>{int(indices[-1]) + 1 if len(indices) else 0}</size>\n'
    yield '      <mode>interpolation</mode>\n      <labels>\n'
    yield f'        <label><name>{PERSON}</name><type>skeleton</type><attributes/></label>\n'
    for joint in recording.header.skeleton.joints:
        named = f'<name>{escape(joint)}</name><type>points</type><attributes/>'
        yield f'        <label>{named}<parent>{PERSON}</parent></label>\n'
    yield '      </labels>\n'
    yield f'      <original_size><width>{width}</width><height>{height}</height></original_size>\n'
    yield '    </task>\n  </meta>\n'


def _skeletons(track: PersonTrack, indices: np.ndarray, joints: tuple[str, ...]) -> Iterator[str]:
    """Every frame, and one in which the person is gone, since CVAT goes on with the last one."""
    last = len(indices) - 1
    for t, row in enumerate(track.rows.tolist()):
        hidden = track.scores[t] < OCCLUDED_BELOW
        present = np.isfinite(track.keypoints[t]).all(axis=-1)
        yield from _skeleton(int(indices[row]), track.keypoints[t], present, hidden, joints)
        stays = t + 1 < len(track.rows) and track.rows[t + 1] == row + 1
        if row < last and not stays:
            gone = np.zeros_like(present)
            after = int(indices[row + 1])
            yield from _skeleton(after, track.keypoints[t], gone, hidden, joints)


def _skeleton(
    index: int, points: np.ndarray, present: np.ndarray, hidden: np.ndarray, joints: tuple[str, ...]
) -> Iterator[str]:
    yield f'    <skeleton frame="{index}" keyframe="1" z_order="0">\n'
    places = np.where(np.isfinite(points), points, 0.0)
    for joint, (x, y), there, dim in zip(joints, places, present, hidden, strict=True):
        yield (
            f'      <points label={quoteattr(joint)} keyframe="1" outside="{int(not there)}" '
            f'occluded="{int(dim)}" points="{x:.2f},{y:.2f}"/>\n'
        )
    yield '    </skeleton>\n'
