"""The embedded data set as a clip data set."""

from __future__ import annotations

from mmengine.dist import barrier, is_main_process

from jmpose_mm.datasets.body.posetrack_clip_dataset import PoseTrackClipDataset
from jmpose_mm.datasets.synthetic import make_synthetic
from jmpose_mm.registry import DATASETS

__all__ = ['SyntheticClipDataset']


@DATASETS.register_module()
class SyntheticClipDataset(PoseTrackClipDataset):
    """The parent on data that is rendered into ``data_root`` when it is not there yet.

    Args:
        data_root: Folder of the data, which is rendered if it is missing. Data of other settings
            or another seed is never touched: choose another folder for it.
        preset: ``'demo'``, ``'study'`` or ``'hard'``, see docs/synthetic_data.md.
        seed: Random seed of the data.
        settings: Fields of the preset to change, e.g. ``dict(videos_train=2, frames=5)``.
        **kwargs: The parent's.

    Raises:
        FileExistsError: ``data_root`` holds something else, e.g. data of another seed.

    Example:
        >>> tiny = {'videos_train': 0, 'videos_val': 1, 'frames': 3, 'size': (96, 72)}
        >>> file = 'annotations/posetrack18_val.json'
        >>> data = SyntheticClipDataset(data_root='data', ann_file=file, settings=tiny)
        >>> data[0]['keypoints'].shape
        (1, 17, 2)
    """

    def __init__(
        self,
        *args,
        data_root: str,
        preset: str = 'demo',
        seed: int = 0,
        settings: dict | None = None,
        **kwargs,
    ) -> None:
        if is_main_process():
            make_synthetic(data_root, preset, seed, **(settings or {}))
        barrier()
        super().__init__(*args, data_root=data_root, **kwargs)
