"""A changed pixel or annotation needs a new version of the generator; other edits need none.

``python tests/datasets/synthetic/test_generator_version.py`` renews what is kept, after a new
`GENERATOR_VERSION`.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from jmpose_mm.datasets.synthetic import video, writing
from jmpose_mm.datasets.synthetic.settings import PRESETS, settings_from

KEPT = Path(__file__).parent / 'kept_frames.json'
PICTURE = KEPT.with_suffix('.png')
SHOWN = (4, 12)  # frames that are kept as pixels
# Rounding of another processor or library may move a value by one, seldom.
ROUNDED_SHARE = 1e-4


def render(preset: str) -> tuple[list[np.ndarray], str]:
    """Frames (H, W, 3) uint8 before they are compressed, and the digest of the annotations."""
    sizes = dict(videos_train=0, videos_val=1, frames=24, size=(128, 96))
    settings = settings_from(preset, **sizes, burst_gap=(2, 2))
    frames: list[np.ndarray] = []
    with tempfile.TemporaryDirectory() as root, pytest.MonkeyPatch.context() as patch:
        patch.setattr(video, '_write', lambda file, frame, quality: frames.append(frame))
        made = video.render_video(video.VideoJob(settings, 2, 'val', 0, root))
    text = json.dumps(rounded(made), sort_keys=True)
    return frames, hashlib.sha256(text.encode()).hexdigest()


def rounded(tree: Any) -> Any:
    """Numbers to a hundredth of a pixel."""
    if isinstance(tree, dict):
        return {key: rounded(value) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [rounded(value) for value in tree]
    return round(tree, 2) if isinstance(tree, float) else tree


def digest_of(frames: list[np.ndarray]) -> str:
    return hashlib.sha256(np.stack(frames).tobytes()).hexdigest()


def keep() -> None:
    """Write what the generator makes today."""
    made = {preset: render(preset) for preset in PRESETS}
    sheet = [np.hstack([frames[i] for i in SHOWN]) for frames, _ in made.values()]
    cv2.imwrite(str(PICTURE), np.vstack(sheet), [cv2.IMWRITE_PNG_COMPRESSION, 9])
    content = {
        'version': writing.GENERATOR_VERSION,
        'presets': {
            preset: {'pixels': digest_of(frames), 'annotations': annotations}
            for preset, (frames, annotations) in made.items()
        },
    }
    KEPT.write_text(json.dumps(content, indent=1) + '\n')


def is_rounding(made: np.ndarray, kept: np.ndarray) -> bool:
    """Whether two pictures differ by no more than what another library rounds otherwise."""
    difference = np.abs(made.astype(int) - kept)
    return difference.max() <= 1 and (difference > 0).mean() <= ROUNDED_SHARE


@pytest.mark.parametrize('preset', PRESETS)
def test_generator__changed_data_need_a_new_version(preset: str) -> None:
    kept = json.loads(KEPT.read_text())
    what = 'give GENERATOR_VERSION a new number and renew the kept frames'
    assert kept['version'] == writing.GENERATOR_VERSION, what
    frames, annotations = render(preset)
    assert annotations == kept['presets'][preset]['annotations'], what
    if digest_of(frames) != kept['presets'][preset]['pixels']:
        row = list(PRESETS).index(preset)
        rows = cv2.imread(str(PICTURE))[96 * row : 96 * (row + 1)]
        assert is_rounding(np.hstack([frames[i] for i in SHOWN]), rows), what


def test_rounding__is_all_that_may_differ() -> None:
    picture = cv2.imread(str(PICTURE))
    assert is_rounding(picture, picture)
    one, patch = picture.copy(), picture.copy()
    one[5, 5, 0] ^= 1
    assert is_rounding(one, picture)
    one[5, 5, 0] ^= 4
    assert not is_rounding(one, picture)
    patch[:20, :20] ^= 1
    assert not is_rounding(patch, picture)


@pytest.mark.parametrize('change', ['pixels', 'annotations'])
def test_generator__a_change_is_noticed(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    develop, document = video._develop, video._document

    def brighter(*args: Any) -> np.ndarray:
        return np.clip(develop(*args).astype(int) + 2, 0, 255).astype(np.uint8)

    def shifted(*args: Any) -> Any:
        made, detections = document(*args)
        made['annotations'][0]['keypoints'][0] += 0.5
        return made, detections

    if change == 'pixels':
        monkeypatch.setattr(video, '_develop', brighter)
    else:
        monkeypatch.setattr(video, '_document', shifted)
    with pytest.raises(AssertionError, match='give GENERATOR_VERSION a new number'):
        test_generator__changed_data_need_a_new_version('demo')


if __name__ == '__main__':
    keep()
