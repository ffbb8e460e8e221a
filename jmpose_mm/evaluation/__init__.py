"""Files of ground truth and predictions, official evaluations of them, and the metrics.

Importing this loads nothing of OpenMMLab: reading and evaluating folders takes numpy alone.
"""

from __future__ import annotations

from jmpose_mm.lazy import names_on_demand

_PLACES = dict.fromkeys(
    ('HieveAPMetric', 'KeypointMetric', 'PoseTrackAPMetric', 'SubJhmdbPCKMetric'),
    'jmpose_mm.evaluation.metrics',
)
__all__ = [*_PLACES]
__getattr__, __dir__ = names_on_demand(__name__, _PLACES)
