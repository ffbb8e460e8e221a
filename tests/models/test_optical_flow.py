"""Motion from a flow network: its input range, its units, its weights, its place in the neck."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torchvision.models.optical_flow import raft_small

from jmpose_mm.models.layers.optical_flow import FlowMotion
from jmpose_mm.registry import MODELS
from jmpose_mm.structures import ClipFeatures


@pytest.fixture(scope='module')
def weights(tmp_path_factory) -> str:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp('raft') / 'raft_small.pth'
    torch.save(raft_small(weights=None).state_dict(), path)
    return str(path)


class RecordedFlow(nn.Module):
    """Stands for RAFT: notes what it gets and says that everything moved by (8, 4) pixels."""

    def forward(self, first, second, num_flow_updates):
        self.first, self.second = first, second
        flow = first.new_tensor([8.0, 4.0]).view(1, 2, 1, 1)
        return [flow.expand(len(first), 2, *first.shape[-2:])]


def _clip(frames: torch.Tensor) -> ClipFeatures:
    height, width = frames.shape[-2:]
    stage = torch.zeros(*frames.shape[:2], 4, height // 4, width // 4)
    return ClipFeatures(frames, (stage,))


def test_flow_motion__images_are_in_the_range_of_raft_and_flow_in_feature_pixels(weights):
    motion = FlowMotion(weights, num_frames=3, key_index=1, channels=8)
    motion.network, motion.sides = RecordedFlow(), nn.Identity()
    white = torch.full((1, 1, 3, 128, 160), 255.0)
    pixels = torch.cat((white, torch.zeros_like(white), white / 2), dim=1)
    flow = motion(_clip((pixels - motion.mean) / motion.std))
    expected = torch.tensor([1.0, -1.0, 0.0])
    seen = torch.stack((motion.network.first[0], *motion.network.second))
    torch.testing.assert_close(seen.mean(dim=(1, 2, 3)), expected, atol=1e-5, rtol=0)
    assert flow.shape == (1, 2, 2, 32, 40)
    torch.testing.assert_close(flow[0, :, :, 0, 0], torch.tensor([[2.0, 1.0], [2.0, 1.0]]))


def test_flow_motion__small_frames_are_refused(weights):
    motion = FlowMotion(weights, num_frames=3, key_index=1, channels=8)
    with pytest.raises(ValueError, match='at least 128 pixels'):
        motion(_clip(torch.zeros(1, 3, 3, 96, 128)))


def test_flow_motion__a_clip_without_frames_is_refused(weights):
    motion = FlowMotion(weights, num_frames=3, key_index=1, channels=8)
    with pytest.raises(ValueError, match=r'clip\.frames: expected the frames'):
        motion(ClipFeatures(None, (torch.zeros(1, 3, 4, 8, 8),)))


def test_flow_motion__missing_and_wrong_weights(tmp_path):
    with pytest.raises(ValueError, match=r"got '.*nowhere\.pth'"):
        FlowMotion(str(tmp_path / 'nowhere.pth'), 3, 1, 8)
    torch.save({'conv.weight': torch.zeros(1)}, tmp_path / 'other.pth')
    with pytest.raises(ValueError, match='do not fit the network'):
        FlowMotion(str(tmp_path / 'other.pth'), 3, 1, 8)


def test_joint_motion_neck__with_flow_trains_everything_but_the_flow(weights):
    neck = MODELS.build(
        {
            'type': 'jmpose_mm.JointMotionNeck',
            'in_channels': (4,),
            'num_keypoints': 17,
            'frame_offsets': (-1, 0, 1),
            'channels': 8,
            'flow': {'weights': weights, 'num_updates': 1},
        }
    ).train()
    frames = torch.randn(1, 3, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    neck(_clip(frames)).fused.square().sum().backward()
    assert not neck.motion.network.training
    assert [n for n, p in neck.named_parameters() if (p.grad is None) != ('network' in n)] == []
