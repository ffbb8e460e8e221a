"""Weights of the joints of an annotation in training."""

from __future__ import annotations

import numpy as np
from mmcv.transforms import BaseTransform

from jmpose_mm.datasets.transforms.required_keys import check_keys
from jmpose_mm.registry import TRANSFORMS

__all__ = ['WeighKeypoints']


@TRANSFORMS.register_module()
class WeighKeypoints(BaseTransform):
    """Multiply the weights of the targets by those of the annotation, e.g. a teacher's certainty.

    An annotation says them as ``keypoint_weights``, one number of at least 0 for each joint in the
    data set's order; one without counts 1. It comes behind ``GenerateTarget``.

    Required and modified key: ``keypoint_weights`` (1, K). Read: ``raw_ann_info``, ``flip``.

    Raises:
        ValueError: An annotation has another number of weights than of joints, or a negative one.

    Example:
        >>> sample = {'keypoint_weights': np.ones((1, 2), np.float32)}
        >>> entry = {'keypoint_weights': [0.5, 1.0]}
        >>> WeighKeypoints()({**sample, 'raw_ann_info': entry})['keypoint_weights']
        array([[0.5, 1. ]], dtype=float32)
    """

    def transform(self, results: dict) -> dict:
        """Weigh."""
        check_keys(results, self, keypoint_weights='GenerateTarget')
        given = (results.get('raw_ann_info') or {}).get('keypoint_weights')
        if given is None:
            return results
        weights, targets = np.asarray(given, np.float32), results['keypoint_weights']
        if weights.shape != targets.shape[1:] or not (weights >= 0).all():
            raise ValueError(
                f'keypoint_weights: expected {targets.shape[1]} numbers of at least 0, got {given}'
            )
        if results.get('flip'):
            weights = weights[list(results['flip_indices'])]
        results['keypoint_weights'] = targets * weights
        return results
