from __future__ import annotations

import copy
import pickle
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import mmcv
import numpy as np
import pytest
from mmcv.transforms import Compose
from mmcv.transforms import LoadImageFromFile as LoadImage
from mmpose.datasets.transforms import GetBBoxCenterScale, RandomFlip, TopdownAffine

from jmpose_mm.datasets.transforms import (
    IgnoreOutOfCropKeypoints,
    LoadClip,
    RandomClipScaleRotation,
    SampleSupportFrames,
    TopdownClipAffine,
)
from jmpose_mm.registry import TRANSFORMS

FRAMES = {n: f'video/{n:06d}.jpg' for n in range(10)}
SIZE = (96, 128)


def a_clip(key: int = 5) -> dict:
    return {'img_path': FRAMES[key], 'frame_number': key, 'video_frames': FRAMES}


def test_support_frames__paths_in_time_order() -> None:
    results = SampleSupportFrames((-2, 0, 3))(a_clip())
    assert results['frame_paths'] == [FRAMES[3], FRAMES[5], FRAMES[8]]
    assert results['frame_offsets'] == (-2, 0, 3)
    assert results['img_path'] == FRAMES[5]


@pytest.mark.parametrize(
    ('border', 'numbers'), [('clamp', [0, 0, 1, 2, 3]), ('released', [0, 1, 1, 2, 3])]
)
def test_support_frames__border(border: str, numbers: list[int]) -> None:
    results = SampleSupportFrames(border=border)(a_clip(1))
    assert results['frame_paths'] == [FRAMES[n] for n in numbers]


def test_support_frames__differ_between_epochs_where_random_and_only_there() -> None:
    np.random.seed(0)
    drawn, fixed = SampleSupportFrames(distance=4), SampleSupportFrames()
    epochs = [[tuple(t(a_clip(k))['frame_paths']) for k in range(10)] for t in (drawn, drawn)]
    assert epochs[0] != epochs[1]
    epochs = [[tuple(t(a_clip(k))['frame_paths']) for k in range(10)] for t in (fixed, fixed)]
    assert epochs[0] == epochs[1]
    results = drawn(a_clip())
    shown = [FRAMES[5 + offset] for offset in results['frame_offsets']]
    assert results['frame_paths'] == shown


def test_support_frames__leave_the_config_alone() -> None:
    config = dict(type='jmpose_mm.SampleSupportFrames', frame_offsets=[-1, 0, 1], distance=3)
    before = copy.deepcopy(config)
    TRANSFORMS.build(config)(a_clip())
    assert config == before


def test_support_frames__without_a_video_repeat_the_key_frame() -> None:
    results = SampleSupportFrames((-1, 0, 1))({'img_path': 'alone.jpg'})
    assert results['frame_paths'] == ['alone.jpg'] * 3
    results = SampleSupportFrames((-1, 0, 1), copies_of_key=True)(a_clip())
    assert results['frame_paths'] == [FRAMES[5]] * 3


@pytest.mark.parametrize(
    ('arguments', 'text'),
    [
        ({'border': 'wrap'}, "border: expected one of .* got 'wrap'"),
        ({'frame_offsets': (1, 2)}, 'frame_offsets: expected strictly ascending'),
        ({'distance': 1}, 'distance must be at least 2'),
    ],
)
def test_support_frames__arguments_are_checked(arguments: dict, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        SampleSupportFrames(**arguments)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each decoding."""
    found, original = [], mmcv.imfrombytes
    monkeypatch.setattr(
        mmcv, 'imfrombytes', lambda *args, **kw: (found.append(1), original(*args, **kw))[1]
    )
    return found


@pytest.fixture
def paths(videos: Path) -> list[str]:
    folder = videos / 'images/train/000001_bonn_train'
    return [str(folder / f'{number:06d}.jpg') for number in range(7)]


def test_load_clip__reads_the_frames_in_their_order(
    paths: list[str], colour: Callable[[int, int], int]
) -> None:
    wanted = [4, 0, 4]
    results = LoadClip()({'img_path': paths[0], 'frame_paths': [paths[n] for n in wanted]})
    assert [int(np.median(image)) for image in results['img']] == [colour(0, n) for n in wanted]
    assert all(image.shape == (48, 64, 3) and image.dtype == np.uint8 for image in results['img'])
    assert results['img_shape'] == results['ori_shape'] == (48, 64)


def test_load_clip__decodes_a_shared_frame_once(paths: list[str], decoded: list[int]) -> None:
    load = LoadClip(cache_frames=5)
    # two persons in each of three key frames: windows of five over seven frames
    for key in (2, 2, 3, 3, 4, 4):
        load({'img_path': paths[key], 'frame_paths': paths[key - 2 : key + 3]})
    assert len(decoded) == 7
    for key in (2, 3):
        load({'img_path': paths[key], 'frame_paths': paths[key - 2 : key + 3]})
    # the last window was frames 2 to 6: 0 and 1 drive out 2 and 3 or later ones
    assert len(decoded) > 7


def test_load_clip__keeps_the_latest_frames_only(paths: list[str], decoded: list[int]) -> None:
    load = LoadClip(cache_frames=2)
    for number in (0, 1, 0, 2, 0, 1):
        load({'img_path': paths[number]})
    # 0 and 1 are read, 0 is kept by its use, 2 drives out 1, which is read again
    assert len(decoded) == 4
    none = LoadClip(cache_frames=0)
    del decoded[:]
    for _ in range(3):
        none({'img_path': paths[0]})
    assert len(decoded) == 3


def test_load_clip__nobody_can_change_what_is_kept(paths: list[str]) -> None:
    load = LoadClip()
    first = load({'img_path': paths[0]})['img'][0]
    with pytest.raises(ValueError, match='read-only'):
        first[:] = 0
    assert load({'img_path': paths[0]})['img'][0] is first


def test_load_clip__workers_start_with_no_frames(paths: list[str], decoded: list[int]) -> None:
    load = LoadClip()
    load({'img_path': paths[0]})
    again = pickle.loads(pickle.dumps(load))
    again({'img_path': paths[0]})
    assert len(decoded) == 2
    load({'img_path': paths[0]})
    assert len(decoded) == 2


def test_load_clip__falls_back_to_one_image(paths: list[str]) -> None:
    image = np.full((5, 6, 3), 9, np.uint8)
    results = SampleSupportFrames((-1, 0, 1))({'img': image})
    results = LoadClip()(results)
    assert len(results['img']) == 3
    assert all(frame is image for frame in results['img'])
    assert results['ori_shape'] == (5, 6)
    assert len(LoadClip()({'img_path': paths[0]})['img']) == 1
    frames = [image, image + 1]
    assert LoadClip()({'img': frames})['img'] == frames


@pytest.mark.parametrize('kept', [0, 12, 0.5, -20])
def test_load_clip__names_a_damaged_file(paths: list[str], kept: float, tmp_path: Path) -> None:
    content = Path(paths[0]).read_bytes()
    damaged = tmp_path / 'damaged.jpg'
    damaged.write_bytes(content[: int(kept * len(content)) if isinstance(kept, float) else kept])
    with pytest.raises(ValueError, match=f'{damaged}: expected an image, got .* bytes'):
        LoadClip()({'img_path': str(damaged)})


def test_load_clip__names_what_is_wrong(paths: list[str], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r'nowhere\.jpg: expected an image, found no file'):
        LoadClip()({'img_path': str(tmp_path / 'nowhere.jpg')})
    mmcv.imwrite(np.zeros((9, 9, 3), np.uint8), str(tmp_path / 'small.jpg'))
    clip = {'img_path': paths[0], 'frame_paths': [paths[0], str(tmp_path / 'small.jpg')]}
    with pytest.raises(ValueError, match=r'000000.jpg: expected frames of one size.*\(9, 9, 3\)'):
        LoadClip()(clip)
    with pytest.raises(ValueError, match='cache_frames: expected at least 0, got -1'):
        LoadClip(cache_frames=-1)


def test_scale_rotation__has_the_released_distribution() -> None:
    np.random.seed(0)
    number, transform = 20000, RandomClipScaleRotation()
    drawn = [transform({'bbox_scale': np.ones((1, 2), np.float32)}) for _ in range(number)]
    scale = np.array([r['bbox_scale'][0] for r in drawn])
    rotation = np.array([r['bbox_rotation'][0] for r in drawn])
    assert (scale[:, 0] == scale[:, 1]).all()
    assert scale.min() == np.float32(0.65)
    assert scale.max() == np.float32(1.35)
    assert np.abs(rotation).max() == 90.0
    # a normal lies beyond one standard deviation with 0.3173 and beyond two with 0.0455;
    # tolerances are five standard deviations of a binomial share
    at_limit = np.isin(scale[:, 0], np.float32([0.65, 1.35])).mean()
    assert at_limit == pytest.approx(0.3173, abs=0.0165)
    assert (rotation == 0).mean() == pytest.approx(0.4, abs=0.0174)
    assert (np.abs(rotation) == 90).mean() == pytest.approx(0.6 * 0.0455, abs=0.0058)
    assert scale.mean() == pytest.approx(1.0, abs=5 * 0.35 / np.sqrt(number))
    # about half of the turned ones lie within 0.6745 standard deviations
    turned = np.abs(rotation[rotation != 0])
    assert (turned < 0.6745 * 45).mean() == pytest.approx(0.5, abs=0.0229)


@pytest.mark.parametrize(
    'arguments', [{'scale_factor': 1.0}, {'rotate_factor': -1.0}, {'rotate_prob': 1.1}]
)
def test_scale_rotation__arguments_are_checked(arguments: dict) -> None:
    with pytest.raises(ValueError, match=f'{next(iter(arguments))}.*: expected'):
        RandomClipScaleRotation(**arguments)


def a_person(frames: int = 5) -> dict:
    generator = np.random.RandomState(3)
    images = [generator.randint(0, 255, (120, 160, 3)).astype(np.uint8) for _ in range(frames)]
    for image in images:
        image.setflags(write=False)
    keypoints = generator.uniform(20, 100, (1, 17, 2)).astype(np.float32)
    return {
        'img': images,
        'img_shape': (120, 160),
        'bbox': np.float32([[30, 20, 90, 110]]),
        'keypoints': keypoints,
        'keypoints_visible': np.ones((1, 17), np.float32),
        'flip_indices': list(range(17)),
    }


@pytest.mark.parametrize('rotation', [0.0, 35.0])
def test_affine__classic_is_the_hosts(rotation: float) -> None:
    ours, theirs = a_person(), a_person()
    for results in (ours, theirs):
        results = GetBBoxCenterScale()(results)
        results['bbox_rotation'] = np.float32([rotation])
    ours, theirs = TopdownClipAffine(SIZE)(ours), TopdownAffine(SIZE)(theirs)
    for key in ('transformed_keypoints', 'input_center', 'input_scale', 'bbox_scale'):
        np.testing.assert_allclose(ours[key], theirs[key], rtol=1e-5, atol=1e-3)
    assert tuple(ours['input_size']) == tuple(theirs['input_size']) == SIZE
    for a, b in zip(ours['img'], theirs['img'], strict=True):
        assert a.shape == b.shape == (128, 96, 3)
        # the matrices differ in their seventh digit, the image is white noise
        assert np.abs(a.astype(int) - b).mean() < 0.1


def test_affine__mirrored_frames_are_cropped_like_copies_of_them() -> None:
    crops = []
    for copied in (False, True):
        results = RandomFlip(prob=1.0)(GetBBoxCenterScale()(a_person()))
        results['bbox_rotation'] = np.float32([35.0])
        assert all(image.strides[1] < 0 for image in results['img'])
        if copied:
            results['img'] = [image.copy() for image in results['img']]
        crops.append(TopdownClipAffine(SIZE)(results)['img'])
    for view, copy_ in zip(*crops, strict=True):
        assert view.any()
        np.testing.assert_array_equal(view, copy_)


@pytest.mark.parametrize('warp', ['classic', 'released'])
def test_affine__pixels_land_where_keypoints_do(warp: str) -> None:
    results = a_person(1)
    image = np.zeros((120, 160, 3), np.uint8)
    image[63:66, 57:60] = 255
    results |= {'img': [image], 'keypoints': np.float32([[[58.0, 64.0]] * 17])}
    results = GetBBoxCenterScale()(results)
    results['bbox_rotation'] = np.float32([25.0])
    results = TopdownClipAffine(SIZE, warp)(results)
    rows, columns = np.nonzero(results['img'][0][..., 0])
    weight = results['img'][0][rows, columns, 0].astype(float)
    found = np.array([columns @ weight, rows @ weight]) / weight.sum()
    np.testing.assert_allclose(found, results['transformed_keypoints'][0, 0], atol=0.05)


@pytest.mark.parametrize('warp', ['classic', 'released'])
def test_flip_and_affine__treat_all_frames_alike(warp: str) -> None:
    np.random.seed(5)
    clip = a_person(1)
    clip['img'] = clip['img'] * 5
    for transform in (
        GetBBoxCenterScale(),
        RandomFlip(prob=1.0),
        RandomClipScaleRotation(rotate_prob=1.0),
        TopdownClipAffine(SIZE, warp),
    ):
        clip = transform(clip)
    assert len(clip['img']) == 5
    assert len({frame.tobytes() for frame in clip['img']}) == 1
    different = a_person(5)
    different = TopdownClipAffine(SIZE, warp)(GetBBoxCenterScale()(different))
    assert len({frame.tobytes() for frame in different['img']}) == 5


def test_affine__released_is_off_by_half_a_step_of_the_crop() -> None:
    results = a_person()
    results['keypoints'] = np.float32([[[60.0, 65.0]] * 17])  # the centre of the box
    results = TopdownClipAffine((288, 384), 'released')(GetBBoxCenterScale()(results))
    width = results['input_scale'][0]
    # decoding of the host: crop pixels by scale and size, about the centre
    decoded = results['transformed_keypoints'][0, 0] / (288, 384) * results['input_scale']
    decoded += results['input_center'] - results['input_scale'] / 2
    np.testing.assert_allclose(decoded - (60.0, 65.0), [-width / 576] * 2, atol=1e-4)


def test_affine__needs_no_keypoints_and_takes_one_image() -> None:
    results = {k: v for k, v in a_person(1).items() if not k.startswith('keypoints')}
    results['img'] = results['img'][0]
    results = TopdownClipAffine(SIZE)(GetBBoxCenterScale()(results))
    assert results['img'].shape == (128, 96, 3)


def test_affine__widens_a_crop_without_extent() -> None:
    results = a_person()
    results['bbox'] = np.float32([[30.0, 20.0, 30.6, 20.8]])
    results = TopdownClipAffine(SIZE, 'released')(GetBBoxCenterScale()(results))
    assert np.isfinite(results['transformed_keypoints']).all()
    np.testing.assert_allclose(results['input_scale'], [2.0, 2.0 * 4 / 3], rtol=1e-6)


def test_affine__arguments_are_checked() -> None:
    with pytest.raises(ValueError, match=r"warp: expected one of .* got 'other'"):
        TopdownClipAffine(SIZE, 'other')
    two = a_person() | {'bbox': np.float32([[1, 2, 30, 40], [1, 2, 30, 40]])}
    with pytest.raises(ValueError, match='expected one person in a sample, got 2'):
        TopdownClipAffine(SIZE)(GetBBoxCenterScale()(two))


def test_out_of_crop__weights_are_0_and_the_input_is_left_alone() -> None:
    keypoints = np.float32([[[0, 0], [96, 128], [-0.1, 5], [5, -0.1], [96.1, 5], [5, 128.1]]])
    visible = np.float32([[1, 0, 1, 1, 1, 1]])
    results = IgnoreOutOfCropKeypoints()(
        {'transformed_keypoints': keypoints, 'keypoints_visible': visible, 'input_size': SIZE}
    )
    assert results['keypoints_visible'].tolist() == [[1, 0, 0, 0, 0, 0]]
    assert visible.tolist() == [[1, 0, 1, 1, 1, 1]]


def test_sample_support_frames__pairs_are_drawn_anew_out_of_the_window():
    step = SampleSupportFrames((-2, -1, 0, 1, 2), pairs=True)
    frames = {number: f'{number}.jpg' for number in range(10)}
    np.random.seed(0)
    drawn = [step({'frame_number': 1, 'video_frames': frames}) for _ in range(200)]
    assert {d['frame_paths'][0] for d in drawn} == {'1.jpg'}
    counts = Counter(d['frame_offsets'] for d in drawn)
    assert set(counts) == {(0, offset) for offset in (-2, -1, 0, 1, 2)}
    assert min(counts.values()) > 20
    for d in drawn:
        assert d['frame_paths'][1] == frames[max(1 + d['frame_offsets'][1], 0)]


def test_load_clip__a_file_written_anew_is_read_anew(tmp_path):
    path, step = tmp_path / 'snapshot.png', LoadClip()
    for value in (10, 200):
        cv2.imwrite(str(path), np.full((8, 8, 3), value, np.uint8))
        assert step({'img_path': path})['img'][0].max() == value


def test_load_clip__threads_share_a_cache(tmp_path):
    paths = [str(tmp_path / f'{i}.png') for i in range(6)]
    for i, path in enumerate(paths):
        cv2.imwrite(path, np.full((8, 8, 3), i, np.uint8))
    step = LoadClip(cache_frames=2)

    def read(turn):
        order = np.random.RandomState(turn).permutation(60) % 6
        return all(step({'img_path': paths[i]})['img'][0].max() == i for i in order)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(16)))


@pytest.mark.parametrize('pickled', [pickle.loads, lambda data: copy.deepcopy(pickle.loads(data))])
def test_load_clip__goes_to_workers_without_its_frames(tmp_path, pickled):
    path, step = tmp_path / 'a.png', LoadClip(cache_frames=3)
    cv2.imwrite(str(path), np.zeros((8, 8, 3), np.uint8))
    step({'img_path': path})
    again = pickled(pickle.dumps(step))
    assert again.cache_frames == 3
    assert not again._cache
    assert again({'img_path': path})['img_shape'] == (8, 8)


def test_load_clip__a_clip_as_one_array():
    clip = np.random.RandomState(0).randint(0, 255, (3, 8, 8, 3), np.uint8)
    images = LoadClip()({'img': clip})['img']
    assert np.array_equal(images, clip)


@pytest.mark.parametrize('frame', [np.zeros((8, 8)), np.zeros((8, 8, 3), int), np.zeros((8, 8, 4))])
def test_load_clip__other_frames_are_named(frame):
    with pytest.raises(ValueError, match=r'img: expected BGR frames \(H, W, 3\) of uint8'):
        LoadClip()({'img': [frame] * 3})


def test_load_clip__behind_load_image_reads_the_neighbours(tmp_path):
    frames = {i: str(tmp_path / f'{i}.png') for i in range(5)}
    for i, path in frames.items():
        cv2.imwrite(path, np.full((8, 8, 3), i, np.uint8))
    sample = {'img_path': frames[2], 'frame_number': 2, 'video_frames': frames}
    steps = [LoadImage(), SampleSupportFrames((-2, -1, 0, 1, 2)), LoadClip()]
    assert [image.max() for image in Compose(steps)(sample)['img']] == [0, 1, 2, 3, 4]


def test_load_clip__copies_of_one_frame_are_said():
    single = {'img': np.zeros((8, 8, 3), np.uint8)}
    with pytest.warns(UserWarning, match='3 copies of one frame stand for a clip'):
        Compose([SampleSupportFrames((-1, 0, 1)), LoadClip()])(single)


@pytest.mark.parametrize(
    ('step', 'sample', 'message'),
    [
        (LoadClip(), {}, 'LoadClip: expected frame_paths .* SampleSupportFrames brings'),
        (LoadClip(), {'input_scale': 1}, 'expected to come before TopdownClipAffine'),
        (SampleSupportFrames(), {}, 'expected img_path in the sample, which the data set brings'),
        (SampleSupportFrames(), {'img': [0]}, 'got 1 frames; SampleSupportFrames comes before'),
        (RandomClipScaleRotation(), {}, 'expected bbox_scale .* GetBBoxCenterScale brings'),
        (
            RandomClipScaleRotation(),
            {'bbox_scale': 1, 'input_scale': 1},
            'expected to come before TopdownClipAffine',
        ),
        (TopdownClipAffine((8, 8)), {}, 'expected img in the sample, which LoadClip brings'),
        (IgnoreOutOfCropKeypoints(), {'keypoints_visible': 1}, 'TopdownClipAffine brings'),
    ],
)
def test_transforms__say_what_is_missing_and_what_brings_it(step, sample, message):
    with pytest.raises(ValueError, match=message):
        step(sample)
