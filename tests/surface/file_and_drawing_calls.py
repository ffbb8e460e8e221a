"""One call of every public function of formats, films and drawings, with fresh arguments each time.

`folder` holds a rendered data set `data`, predictions, boxes, poses and a film.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from functional_calls import _persons

from jmpose_mm.datasets.synthetic import make_synthetic
from jmpose_mm.evaluation import poseval
from jmpose_mm.evaluation.metrics import sample_predictions
from jmpose_mm.formats import (
    annotations,
    coco_writing,
    detections,
    frame_names,
    joints,
    json_files,
    mot,
    pixel_units,
    prediction_pairs,
    predictions,
    video_lists,
)
from jmpose_mm.formats.persons import Image
from jmpose_mm.functional.evaluation.posetrack_persons import FILE_JOINT_NAMES
from jmpose_mm.video import chosen_model, film_lists
from jmpose_mm.video.files import (
    html_report,
    person_tracks,
    pose_exports,
    pose_files,
    pose_tables,
    quality_file,
    recordings,
    track_exports,
)
from jmpose_mm.video.frames import containers, images, sources
from jmpose_mm.video.people import box_files, boxes, found_boxes
from jmpose_mm.video.people.person_choice import PersonChoice
from jmpose_mm.video.poses import loading, track_repairs, whole_tracks
from jmpose_mm.video.records import Frame, FramePoses, PersonPose
from jmpose_mm.visualization import (
    charts,
    comparison,
    drawing,
    film,
    film_codecs,
    film_sizes,
    marks,
    person_windows,
    skeleton,
)

Arguments = dict[str, Any]
NAMES = ['images/val/000342_mpii_test/000007.jpg', 'images/val/000342_mpii_test/000008.jpg']


def picture(value: int = 90) -> np.ndarray:
    """A frame (60, 80, 3)."""
    image = np.full((60, 80, 3), value, np.uint8)
    image[20:40] = np.arange(80, dtype=np.uint8)[:, None]
    return image


def pose(joints_of_pose: int = 17) -> np.ndarray:
    """One person's keypoints (1, K, 2) inside of the picture."""
    return np.random.default_rng(0).uniform(10, 50, (1, joints_of_pose, 2))


def film_poses(count: int = 4) -> list[FramePoses]:
    """A person who moves."""
    points = [pose()[0] + step * step for step in range(count)]
    box = np.array([5.0, 5, 60, 55])
    persons = [PersonPose(1, box.copy(), 0.9, some, np.full(17, 0.8)) for some in points]
    return [FramePoses(n, n / 25, '', (80, 60), (person,)) for n, person in enumerate(persons)]


_JOINTS = skeleton.posetrack_skeleton()


def header() -> recordings.PoseHeader:
    """What a file says of these poses."""
    return recordings.PoseHeader('walk.mp4', 25.0, skeleton.posetrack_skeleton(), {'boxes': 'own'})


def prepare(folder: Path) -> None:
    """Write the files that the calls read."""
    tiny = {'videos_train': 0, 'videos_val': 1, 'frames': 3, 'size': (96, 72)}
    make_synthetic(folder / 'data', workers=1, progress=False, **tiny)
    file = folder / 'data/annotations/posetrack18_val.json'
    (folder / 'truth').mkdir()
    shutil.copy(file, folder / 'truth.json')
    shutil.copy(file, folder / 'truth/all.json')
    content = json.loads(file.read_text())
    for person in content['annotations']:
        person['scores'] = [0.5] * 17
    (folder / 'predictions').mkdir()
    (folder / 'predictions/all.json').write_text(json.dumps(content))
    entry = {'image_name': NAMES[0], 'bbox': [1, 2, 30, 40], 'score': 0.8, 'category_id': 1}
    (folder / 'boxes.json').write_text(json.dumps([entry]))
    (folder / 'boxes.txt').write_text('1,1,2,3,30,40,0.9\n2,1,3,3,30,40,0.8\n')
    poses = pose_files.PoseFile(folder / 'poses.json', header())
    for some in film_poses():
        poses.add(None, some)
    poses.close()
    film.write_film(folder / 'walk.mp4', [picture(n) for n in (20, 90, 160)])
    cv2.imwrite(str(folder / 'a.png'), picture())


def _found() -> Arguments:
    return {'value': (np.array([[1.0, 2, 30, 40]]), np.array([0.8]), np.array([1]))}


def _row() -> comparison.Row:
    panels = [comparison.Panel(pose()), comparison.Panel(pose() + 3)]
    return comparison.Row('frame 7', picture(), panels, pose(), np.ones((1, 17), bool))


def _sample() -> dict[str, Any]:
    found = {'keypoints': pose(), 'keypoint_scores': np.full((1, 17), 0.7)}
    boxes_of_sample = {'bbox_scores': np.ones(1), 'bbox_scales': np.full((1, 2), 40.0)}
    return {'id': 3, 'img_path': 'a.jpg', 'pred_instances': found, 'gt_instances': boxes_of_sample}


def _records() -> Arguments:
    record = sample_predictions.read_sample(_sample(), 17)
    return {'records': [{**record, 'frame': 0}, {**record, 'frame': 0, 'sample': ('a.jpg', 4)}]}


def _frames_of(source: Any) -> list[np.ndarray]:
    return [frame.image.copy() for frame in sources.open_source(source)]


def _read(path: Path) -> list[FramePoses]:
    return list(recordings.read_poses(path))


def _tables(folder: Path) -> Any:
    tables = annotations.read_annotations(folder / 'truth.json')
    return tables.truth(), tables.ignored(), tables.images, tables.persons, tables.odd


def _pairs(folder: Path) -> Any:
    pairs = prediction_pairs.read_pairs(folder / 'truth', folder / 'predictions', False, False)
    return list(vars(pairs).values()) if hasattr(pairs, '__dict__') else list(pairs)


def _write(folder: Path, name: str) -> Path:
    return folder / 'written' / name


def _charts() -> charts.Chart:
    return charts.Chart('Joints', 'AP', ['all', 'head'], [9, 9], {'one': np.array([50.0, 60])})


# name -> (function, what makes its arguments from the folder)
Call = tuple[Callable[..., Any], Callable[[Path], Arguments]]
FILES: dict[str, Call] = {
    'read_annotations': (_tables, lambda at: {'folder': at}),
    'read_detections': (detections.read_detections, lambda at: {'path': at / 'boxes.json'}),
    'read_mot': (mot.read_mot, lambda at: {'path': at / 'boxes.txt'}),
    'read_pairs': (_pairs, lambda at: {'folder': at}),
    'read_json': (json_files.read_json, lambda at: {'path': at / 'truth.json'}),
    'read_bytes': (json_files.read_bytes, lambda at: {'path': at / 'truth.json'}),
    'list_json_files': (json_files.list_json_files, lambda at: {'path': at}),
    'numbers': (
        json_files.numbers,
        lambda at: {'values': np.arange(3.0), 'key': 'x', 'count': 3},
    ),
    'frame_name': (frame_names.frame_name, lambda at: {'name': NAMES[0]}),
    'frame_key': (frame_names.frame_key, lambda at: {'name': NAMES[0]}),
    'frame_keys': (frame_names.frame_keys, lambda at: {'names': list(NAMES)}),
    'video_key': (frame_names.video_key, lambda at: {'name': NAMES[0]}),
    'posix_name': (frame_names.posix_name, lambda at: {'name': 'a\\b'}),
    'read_video_list': (video_lists.read_video_list, lambda at: {'videos': ['a', 'b']}),
    'joint_places': (
        joints.joint_places,
        lambda at: {'names': [*FILE_JOINT_NAMES], 'wanted': ['nose'], 'where': 'a'},
    ),
    'wholebody_joints': (
        joints.wholebody_joints,
        lambda at: {'body': ['nose'], 'fields': ['foot_kpts']},
    ),
    'person_category': (
        coco_writing.person_category,
        lambda at: {'joint_names': ['a', 'b'], 'skeleton': [[1, 2]]},
    ),
    'write_predictions': (
        predictions.write_predictions,
        lambda at: {
            'directory': _write(at, 'predictions'),
            'frames': [Image(f'v/{n:06}.jpg', Path('a.json'), n) for n in range(4)],
            'persons': _persons()[1],
            'statements': {'info': {'a': [1]}},
        },
    ),
    'write_coco': (
        coco_writing.write_coco,
        lambda at: {
            'path': _write(at, 'a.json'),
            'documents': [{'images': [{'id': 1}], 'annotations': [], 'categories': []}],
        },
    ),
    'write_detections': (
        detections.write_detections,
        lambda at: {'path': _write(at, 'a.json'), 'boxes': [{'bbox': [1, 2, 3, 4]}]},
    ),
    'check_pixels': (
        pixel_units.check_pixels,
        lambda at: {'file': 'a.json', 'key': 'keypoints', 'values': np.array([[0.5, 20.0]])},
    ),
    'unreadable_kind': (images.unreadable_kind, lambda at: {'file': at / 'none.jpg'}),
    'compact_json': (json_files.compact_json, lambda at: {'content': {'a': [1]}}),
    'write_compact_json': (
        json_files.write_compact_json,
        lambda at: {'path': _write(at, 'a.json'), 'content': {'a': [1]}},
    ),
    'evaluate_folders': (
        lambda **given: poseval.evaluate_folders(**given)._replace(seconds=0.0),
        lambda at: {'truth_dir': at / 'truth', 'prediction_dir': at / 'predictions'},
    ),
    'read_sample': (
        sample_predictions.read_sample,
        lambda at: {'sample': _sample(), 'num_joints': 17},
    ),
    'unique_samples': (sample_predictions.unique_samples, lambda at: _records()),
    'oks_nms': (
        sample_predictions.oks_nms,
        lambda at: {**_records(), 'threshold': 0.5, 'sigmas': np.full(17, 0.1)},
    ),
    'join_samples': (
        sample_predictions.join_samples,
        lambda at: {**_records(), 'order': np.arange(15), 'with_box_scores': True},
    ),
    'plain_array': (sample_predictions.plain_array, lambda at: {'values': np.arange(3.0)}),
}
FILMS: dict[str, Call] = {
    'open_source': (_frames_of, lambda at: {'source': [picture(), picture(20)]}),
    'open_source of a film': (_frames_of, lambda at: {'source': at / 'walk.mp4'}),
    'probe': (containers.probe, lambda at: {'name': str(at / 'walk.mp4')}),
    'read_image': (images.read_image, lambda at: {'file': str(at / 'a.png')}),
    'check_encoding': (film_codecs.check_encoding, lambda at: {'codec': 'h264', 'quality': 20}),
    'page_style': (html_report.page_style, lambda at: {}),
    'natural_images': (images.natural_images, lambda at: {'files': ['b10.jpg', 'b9.jpg']}),
    'page_counts': (images.page_counts, lambda at: {'files': [str(at / 'a.png')]}),
    'found_boxes': (found_boxes.found_boxes, lambda at: _found()),
    'found_boxes of a dict': (
        found_boxes.found_boxes,
        lambda at: {'value': dict(zip(('boxes', 'scores', 'ids'), _found()['value'], strict=True))},
    ),
    'box_source': (
        lambda spec, frame: boxes.box_source(spec)(frame),
        lambda at: {'spec': at / 'boxes.txt', 'frame': Frame(1, 0.04, '', picture())},
    ),
    'box_source of the whole': (
        lambda spec, frame: boxes.box_source(spec)(frame),
        lambda at: {'spec': 'whole', 'frame': Frame(1, 0.04, '', picture())},
    ),
    'dataset_meta': (
        loading.dataset_meta,
        lambda at: {'dataset': {'type': 'jmpose_mm.PoseTrackClipDataset'}},
    ),
    'smoothed': (
        whole_tracks.smoothed,
        lambda at: {'frames': film_poses(), 'method': 'savitzky-golay', 'skeleton': _JOINTS},
    ),
    'fill_gaps': (
        track_repairs.fill_gaps,
        lambda at: {'frames': film_poses(), 'skeleton': _JOINTS},
    ),
    'repair_swaps': (
        track_repairs.repair_swaps,
        lambda at: {'frames': film_poses(), 'skeleton': _JOINTS},
    ),
    'join_identities': (
        track_repairs.join_identities,
        lambda at: {'frames': film_poses(), 'gap': 0.5},
    ),
    'joined': (
        whole_tracks.joined,
        lambda at: {'frames': film_poses(), 'gap': 0.5, 'choice': PersonChoice(ids={1})},
    ),
    'limb_pairs': (track_repairs.limb_pairs, lambda at: {'skeleton': _JOINTS}),
    'check_steps': (
        whole_tracks.check_steps,
        lambda at: {'steps': ['gaussian'], 'skeleton': _JOINTS},
    ),
    'tracks_by_identity': (
        track_repairs.tracks_by_identity,
        lambda at: {'frames': film_poses()},
    ),
    'pose_quality': (
        quality_file.pose_quality,
        lambda at: {'recording': recordings.read_poses(at / 'poses.json')},
    ),
    'person_tracks': (
        person_tracks.person_tracks,
        lambda at: {'recording': recordings.read_poses(at / 'poses.json')},
    ),
    'inputs_and_model': (chosen_model.inputs_and_model, lambda at: {'given': ['a.mp4']}),
    'measured': (whole_tracks.measured, lambda at: {'poses': film_poses()[0]}),
    'jitter_before_and_after': (
        lambda before, after: [
            meter.mean for meter in whole_tracks.jitter_before_and_after(before, after)
        ],
        lambda at: {'before': film_poses(), 'after': film_poses()},
    ),
    'read_poses': (_read, lambda at: {'path': at / 'poses.json'}),
    'frame_entry': (recordings.frame_entry, lambda at: {'poses': film_poses()[0]}),
    'plain': (recordings.plain, lambda at: {'values': pose(), 'digits': 2}),
    'unfinished_path': (recordings.unfinished_path, lambda at: {'path': at / 'poses.json'}),
    'earlier_poses': (
        pose_files.earlier_poses,
        lambda at: {'path': at / 'none.json', 'header': header()},
    ),
    'to_dataframe': (
        lambda poses: pose_tables.to_dataframe(poses).to_numpy(),
        lambda at: {'poses': at / 'poses.json'},
    ),
    'tracks': (
        track_exports.tracks,
        lambda at: {'recording': recordings.read_poses(at / 'poses.json')},
    ),
    'export_poses': (
        pose_exports.export_poses,
        lambda at: {
            'recording': recordings.read_poses(at / 'poses.json'),
            'directory': _write(at, 'exports'),
            'formats': ['csv', 'deeplabcut'],
        },
    ),
    'checked_formats': (
        pose_exports.checked_formats,
        lambda at: {'skeleton': skeleton.posetrack_skeleton(), 'formats': ['csv']},
    ),
    'films_in': (film_lists.films_in, lambda at: {'inputs': [str(at)]}),
    'film_names': (film_lists.film_names, lambda at: {'films': ['a/x.mp4', 'b/x.mp4']}),
    'take_shard': (film_lists.take_shard, lambda at: {'films': ['a', 'b', 'c'], 'shard': '1/2'}),
}
DRAWINGS: dict[str, Call] = {
    'draw_poses': (
        drawing.draw_poses,
        lambda at: {'image': picture(), 'keypoints': pose(), 'scores': np.ones((1, 17))},
    ),
    'draw_errors': (
        drawing.draw_errors,
        lambda at: {
            **{'image': picture(), 'keypoints': pose(), 'truth': pose() + 9},
            **{'known': np.ones((1, 17), bool), 'beyond': 3},
        },
    ),
    'draw_boxes': (
        marks.draw_boxes,
        lambda at: {'image': picture(), 'boxes': np.array([[1.0, 2, 30, 40]]), 'identities': [1]},
    ),
    'draw_identities': (
        marks.draw_identities,
        lambda at: {'image': picture(), 'identities': [1], 'places': np.array([[30.0, 30]])},
    ),
    'draw_trails': (
        marks.draw_trails,
        lambda at: {'image': picture(), 'trails': {1: np.array([[1.0, 2], [30, 40]])}},
    ),
    'overlay': (marks.overlay, lambda at: {'image': picture(), 'values': np.eye(4), 'box': None}),
    'identity_colour': (marks.identity_colour, lambda at: {'identity': 3}),
    'comparison_picture': (
        comparison.comparison_picture,
        lambda at: {'columns': ['a', 'b'], 'rows': [_row()], 'panel_size': (160, 120)},
    ),
    'side_by_side': (
        comparison.side_by_side,
        lambda at: {'images': [picture(), picture()], 'titles': ['a', 'b']},
    ),
    'save_picture': (
        comparison.save_picture,
        lambda at: {'path': _write(at, 'a.png'), 'image': picture()},
    ),
    'save_chart': (
        charts.save_chart,
        lambda at: {'path': _write(at, 'chart.png'), 'chart': _charts()},
    ),
    'write_film': (
        film.write_film,
        lambda at: {'path': _write(at, 'a.mp4'), 'frames': [picture(), picture()]},
    ),
    'is_drawn_film': (film.is_drawn_film, lambda at: {'path': at / 'walk.mp4'}),
    'one_video_note': (box_files.one_video_note, lambda at: {'boxes': None, 'films': 3}),
    'playable_size': (film_sizes.playable_size, lambda at: {'wide': 5000, 'high': 3001}),
    'fit_to_film': (
        film_sizes.fit_to_film,
        lambda at: {'image': picture()[:59], 'size': (80, 60)},
    ),
    'person_window': (
        person_windows.person_window,
        lambda at: {'keypoints': pose(), 'shown': np.ones((1, 17)), 'aspect': 0.75},
    ),
    'shift_inside': (
        person_windows.shift_inside,
        lambda at: {'start': -3.0, 'size': 9.0, 'limit': 20},
    ),
    'skeleton_of': (
        skeleton.skeleton_of,
        lambda at: {
            'dataset_meta': {'keypoint_id2name': {0: 'a', 1: 'b'}, 'skeleton_links': [(0, 1)]}
        },
    ),
    'posetrack_skeleton': (skeleton.posetrack_skeleton, lambda at: {}),
}
CALLS = {**FILES, **FILMS, **DRAWINGS}
# Tested elsewhere with more around them: what runs a whole film or reads a camera, parts of a
# reader that get text which is already taken apart, and context managers.
ELSEWHERE = {
    *('write_cvat', 'write_openpose', 'write_quality', 'write_report', 'save_curves'),
    *('chosen_model', 'with_weights', 'default_model', 'named_detector', 'crop_settings'),
    *('pack_points', 'unpack_points', 'detector_addresses', 'doubled_poses'),
    *('film_row', 'tabled', 'rows_by_ray', 'check_table', 'check_continuable'),
    *(
        'run_command',
        'infer_video',
        'output_folder',
        'make_films',
        'write_frames',
        'load_model',
        'may_be_same_film',
    ),
    *('camera_frames', 'probe_camera', 'film_frames', 'image_frames', 'packets_near', 'opened'),
    *('animation_notes', 'as_frame', 'left_beside', 'path_text'),
    *('read_ahead', 'whole_config', 'is_finished'),
    *('read_file', 'read_coco', 'read_annolist', 'read_fast', 'annolist_joints', 'read_persons'),
    *('joint_names_in', 'detected_frames', 'check_predictions', 'check_replaceable', 'read_text'),
    *('is_crowd', 'distinct_ends', 'common_end', 'prediction_notes', 'missed_frames_note'),
    *('decode_persons', 'read_unusual_json', 'field', 'whole_number', 'read_id', 'single_value'),
    *('read_labels', 'read_labelme', 'read_label_studio', 'read_deeplabcut', 'is_labelme'),
    *('is_label_studio', 'document_of_instances', 'inside', 'visible'),
    *('annotated_truth', 'sampled_truth', 'paired', 'known_mean', 'finite_or_none'),
    *('write_sample_predictions', 'corners_remark'),
    *('place_in', 'check_parts', 'log_table', 'evaluation_notes', 'format_table', 'write_text'),
}
