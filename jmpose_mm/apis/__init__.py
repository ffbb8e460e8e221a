"""The functions behind the commands, for programs too; each is imported on first use."""

from __future__ import annotations

from jmpose_mm.lazy import names_on_demand

_PLACES = {
    'FoundBoxes': 'jmpose_mm.video.people.found_boxes',
    'VideoPoseInferencer': 'jmpose_mm.video.inferencer',
    'analyze_results': 'jmpose_mm.apis.analysis',
    'convert_checkpoint': 'jmpose_mm.apis.checkpoint_conversion',
    'export_onnx': 'jmpose_mm.apis.export',
    'load_config': 'jmpose_mm.engine.configs',
    'make_boxes': 'jmpose_mm.apis.person_boxes',
    'open_source': 'jmpose_mm.video.frames.sources',
    'prepare_training': 'jmpose_mm.apis.train_and_test',
    'publish_model': 'jmpose_mm.apis.publish',
    'read_poses': 'jmpose_mm.video.files.recordings',
    'test': 'jmpose_mm.apis.train_and_test',
    'to_dataframe': 'jmpose_mm.video.files.pose_tables',
    'train': 'jmpose_mm.apis.train_and_test',
}
__all__ = [*_PLACES]
__getattr__, __dir__ = names_on_demand(__name__, _PLACES)
