"""AP by subset and video of predictions that are right or wrong on purpose; sizes by hand."""

from __future__ import annotations

import json

import pytest
import torch
from mmengine.structures import InstanceData
from torch import nn

from experiments.study.evaluation import SUBSETS, average_precision, cost
from experiments.study.plan import RUNS
from experiments.study.set_up import run_config, train_indices, write_test_truth
from jmpose_mm.formats.frame_names import frame_name
from jmpose_mm.registry import DATASETS

(JM_POSE,) = (run for run in RUNS if run.name == 'jm_pose')


@pytest.fixture
def perfect(study):
    """Every tested person found where it is, and the data set."""
    dataset = DATASETS.build(run_config(study, JM_POSE, 0).test_dataloader.dataset)
    samples = []
    for item in (dataset[i] for i in range(len(dataset))):
        sample = item['data_samples']
        keypoints = sample.gt_instances.keypoints
        sample.pred_instances = InstanceData(
            keypoints=keypoints.copy(), keypoint_scores=keypoints[..., 0] * 0 + 0.9
        )
        samples.append(sample)
    return samples, dataset.metainfo


LABEL = {'boxes': 'ground truth', 'protocol': 'no flip test'}


def test_average_precision__of_the_truth_is_100(study, perfect):
    found = average_precision(*perfect, study.truth, LABEL)
    assert set(found['ap']) >= {'all', *SUBSETS, 'Head', 'Ankle'}
    assert found['label'] == LABEL
    assert {v for v in found['ap'].values() if v is not None} == {100.0}
    assert set(found['videos']['all'].values()) == {100.0}
    document = json.loads(study.truth.read_text())
    assert found['frames']['all'] == len(document['images'])
    degraded = sum(image['degraded'] for image in document['images'])
    assert found['frames']['degraded'] == degraded
    assert found['frames']['not_degraded'] == len(document['images']) - degraded


def test_average_precision__of_one_spoilt_video(study, perfect):
    samples, metainfo = perfect
    names = sorted({sample.img_path.split('/')[-2] for sample in samples})
    for sample in samples:
        if names[1] in sample.img_path:
            sample.pred_instances.keypoints += 1000
    found = average_precision(samples, metainfo, study.truth, LABEL)
    assert found['videos']['all'] == {names[0]: 100.0, names[1]: 0.0, names[2]: 100.0}
    assert 0 < found['ap']['all'] < 100


def test_write_test_truth__keeps_every_fourth_frame(study):
    write_test_truth(study)
    document = json.loads(study.truth.read_text())
    assert len(document['images']) == 3 * 3
    assert {frame_name(image['file_name']).number for image in document['images']} == {0, 4, 8}
    ids = {image['id'] for image in document['images']}
    assert {person['image_id'] for person in document['annotations']} <= ids


def test_train_indices__are_drawn_once_for_a_seed(study):
    first = train_indices(study, 0, 40)
    assert first == train_indices(study, 0, 40) != train_indices(study, 1, 40)
    assert len(set(first)) == study.scale.samples
    with pytest.raises(ValueError, match=r'samples: expected at most 5 \(all\), got 8'):
        train_indices(study, 0, 5)


def test_cost__of_one_convolution():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Conv2d(3, 4, 3, padding=1, bias=False)
            self.frozen = nn.Linear(2, 5).requires_grad_(False)

        def forward(self, clip, samples, mode):
            assert mode == 'tensor'
            return self.layer(clip.flatten(0, 1))

    found = cost(Model(), 5, (1000, 1000), 'cpu')
    assert found['trainable'] == 4 * 3 * 9
    assert found['total'] == 4 * 3 * 9 + 15
    assert found['gigaflops'] == pytest.approx(2 * 5 * 1e6 * 4 * 3 * 9 / 1e9, rel=1e-3)
    assert torch.is_grad_enabled()
