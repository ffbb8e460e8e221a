"""A small data set, and scenes of people who stand where a test wants them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from jmpose_mm.datasets.synthetic import make_synthetic
from jmpose_mm.datasets.synthetic.appearance import Appearance
from jmpose_mm.datasets.synthetic.kinematics import body_points
from jmpose_mm.datasets.synthetic.scene import PAD, SUBFRAMES, Scene, _project
from jmpose_mm.datasets.synthetic.skeleton import Body, Pose

SMALL = {
    'videos_train': 2,
    'videos_val': 1,
    'frames': 12,
    'size': (160, 120),
    'progress': False,
    'workers': 1,
}


@pytest.fixture(scope='session')
def data_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp('synthetic') / 'small'
    make_synthetic(out, seed=3, **SMALL)
    return out


@pytest.fixture
def small() -> dict:
    return dict(SMALL)


@pytest.fixture
def stand() -> Callable[..., Scene]:
    """`stand((x, depth, heading), ..., frames=1)`: people before plain grey, 200x200 pixels."""

    def build(*places: tuple[float, float, float], frames: int = 1) -> Scene:
        rng = np.random.default_rng(5)
        moments = 2 * PAD + (frames - 1) * SUBFRAMES + 1
        to_frame = np.tile(np.eye(2, 3), (moments, 1, 1))
        persons = []
        for x, depth, heading in places:
            pose = Pose(heading=np.array([heading]), ground=np.array([[x, -depth]]))
            body = Body.draw(rng)
            points = body_points(body, pose.limited(moments))
            view = (400.0, 1.0, 90.0, 100.0)
            persons.append(_project(body, Appearance.draw(rng), points, view, to_frame))
        return Scene(
            persons=persons,
            background=np.full((200, 200, 3), 128, np.float32),
            to_frame=to_frame,
            origin=np.zeros(2),
            light=np.array([0.0, -1.0]),
            tint=np.ones(3, np.float32),
            noise=0.0,
        )

    return build
