"""The claims and their bars, written down before any run of the study.

A claim is that one run beats another on all test frames in ground-truth boxes. Every answer is
computed from the table (:mod:`experiments.study.answers`). *Yes* takes at least the claimed
difference, and a p below :data:`CHANCE` after Holm's correction for all claims of the scale.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ['CHANCE', 'CLAIMS', 'ORDER', 'Claim']

CHANCE = 0.05
"""Differences with a larger p count as chance."""

ORDER = {'single_frame': 46.4, 'dcpose': 48.7, 'fami_pose': 51.6, 'tdmi': 54.4, 'jm_pose': 56.1}
"""AP that JM-Pose's paper reports on its hard subset of PoseTrack, with ground-truth boxes."""


@dataclass(frozen=True)
class Claim:
    """The claim that one run beats another.

    Attributes:
        text: The claim.
        better: Name of a run.
        worse: Name of another.
        least: AP by which it must, 0 for any.
    """

    text: str
    better: str
    worse: str
    least: float = 0.0

    @property
    def published(self) -> float | None:
        """Difference in AP that the paper reports for such data, if any."""
        if {self.better, self.worse} <= ORDER.keys():
            return round(ORDER[self.better] - ORDER[self.worse], 1)
        return None


def _part(name: str, passes: str = '', after: str = '') -> Claim:
    run = f'jm_pose-no_{name.replace(" ", "_")}{passes}'
    return Claim(f"JM-Pose's {name} is worth 0.5 AP{after}", f'jm_pose{passes}', run, 0.5)


_PARTS = ('joint learner', 'mutual learning', 'orthogonality')
_WITHOUT_OBJECTIVE = 'jm_pose-no_orthogonality'

CLAIMS = (
    # The methods.
    Claim('JM-Pose beats TDMI', 'jm_pose', 'tdmi'),
    Claim('TDMI beats FAMI-Pose', 'tdmi', 'fami_pose'),
    Claim('FAMI-Pose beats DCPose', 'fami_pose', 'dcpose'),
    Claim('DCPose beats the single frame', 'dcpose', 'single_frame'),
    Claim('DCPose beats PoseWarper', 'dcpose', 'posewarper'),
    Claim('PoseWarper beats the single frame', 'posewarper', 'single_frame'),
    Claim('TAR beats the single frame', 'tar', 'single_frame'),
    Claim('JM-Pose beats TAR', 'jm_pose', 'tar'),
    Claim('JM-Pose beats the single frame by 9 AP', 'jm_pose', 'single_frame', 9.0),
    # The parts of JM-Pose.
    *(_part(name) for name in _PARTS),
    *(_part(name, '-5_passes', ' after 5 passes') for name in _PARTS),
    # How much training it takes.
    Claim('a second pass brings JM-Pose 1 AP', 'jm_pose-2_passes', 'jm_pose-1_pass', 1.0),
    Claim('a third pass brings JM-Pose 1 AP', 'jm_pose', 'jm_pose-2_passes', 1.0),
    Claim('5 passes bring JM-Pose 1 AP more than 3', 'jm_pose-5_passes', 'jm_pose', 1.0),
    Claim('FAMI-Pose beats DCPose after 5 passes', 'fami_pose-5_passes', 'dcpose-5_passes'),
    # The orthogonality objective in other forms.
    Claim('orthogonality pays at a weight of 1e-5', 'jm_pose-weight_1e-5', _WITHOUT_OBJECTIVE),
    Claim('orthogonality pays if it starts late', 'jm_pose-late', _WITHOUT_OBJECTIVE),
    Claim('orthogonality pays as released', 'jm_pose-released', _WITHOUT_OBJECTIVE),
    Claim('the Gaussian estimator beats the released one', 'jm_pose', 'jm_pose-released'),
    # What attends to what, and what guides the joint learner.
    Claim('attention over channels beats positions', 'jm_pose', 'jm_pose-positions'),
    Claim('attention over channels beats pooled positions', 'jm_pose', 'jm_pose-pooled'),
    Claim("all frames' heatmaps guide better than one's", 'jm_pose', 'jm_pose-key_guides'),
    Claim('heatmaps guide better than motion alone', 'jm_pose', 'jm_pose-motion_guides'),
    # Controls: time, or size.
    Claim('JM-Pose gains from time, not from its size', 'jm_pose', 'jm_pose-copies'),
    Claim('TDMI gains from time, not from its size', 'tdmi', 'tdmi-copies'),
    Claim('FAMI-Pose gains from time, not from its size', 'fami_pose', 'fami_pose-copies'),
    Claim('DCPose gains from time, not from its size', 'dcpose', 'dcpose-copies'),
    Claim(
        'JM-Pose beats a single frame with as many parameters by 9 AP',
        'jm_pose',
        'single_frame-as_many_parameters',
        9.0,
    ),
    Claim('JM-Pose beats a single frame on ResNet-34', 'jm_pose', 'single_frame-resnet34'),
    Claim('JM-Pose beats a single frame on HRNet-W48', 'jm_pose', 'single_frame-hrnet_w48'),
    Claim('training the backbone too pays', 'jm_pose-trained_backbone', 'jm_pose'),
    Claim("the key frame's features in the motion pay", 'jm_pose', 'jm_pose-difference'),
    Claim('5 frames beat 3 (JM-Pose)', 'jm_pose', 'jm_pose-3_frames'),
    # The parts of the others.
    Claim('TDMI: 4 stages beat 1', 'tdmi', 'tdmi-1_stage'),
    Claim('TDMI: 4 stages beat 2', 'tdmi', 'tdmi-2_stages'),
    Claim('TDMI: 4 stages beat 3', 'tdmi', 'tdmi-3_stages'),
    Claim('TDMI: disentanglement pays', 'tdmi', 'tdmi-no_disentanglement'),
    Claim('TDMI: the information terms pay', 'tdmi', 'tdmi-no_information'),
    Claim('FAMI-Pose: global alignment pays', 'fami_pose', 'fami_pose-no_global'),
    Claim('FAMI-Pose: local calibration pays', 'fami_pose', 'fami_pose-no_local'),
    Claim('FAMI-Pose: the information terms pay', 'fami_pose', 'fami_pose-no_information'),
)
