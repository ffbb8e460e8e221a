"""The only door to the registries: one child of every mmpose registry, in the scope ``jmpose_mm``.

Write ``type='jmpose_mm.Foo'`` in a config: mmengine imports this module by that prefix, so no
``custom_imports`` is needed, and ``default_scope`` stays ``mmpose``. Every registration is mirrored
into mmpose's own registry, so that the bare ``Foo`` works too wherever mmpose looks a name up
without a scope (its inferencers do). The price is that a class name here must not exist in mmpose;
a clash is a `KeyError` at import.
"""

from __future__ import annotations

from typing import Any

from . import true_cause
from .host.safe_loading import make_loaders_safe

SCOPE = 'jmpose_mm'

with true_cause(__name__):
    from mmengine import registry as engine
    from mmengine.registry import DefaultScope, Registry
    from mmpose import registry as host

    make_loaders_safe()

    class MirroredRegistry(Registry):  # type: ignore[misc]
        """A registry that registers in its parent as well, and builds in mmpose's scope."""

        def build(self, cfg: Any, *args: Any, **kwargs: Any) -> Any:
            """Build as the parent does; bare types are mmpose's where no scope is set.

            A runner sets the scope. A plain script does not, and its data set's pipeline would
            not find mmpose's transforms.
            """
            if DefaultScope.get_current_instance() is not None:
                return super().build(cfg, *args, **kwargs)
            with DefaultScope.overwrite_default_scope('mmpose'):
                return super().build(cfg, *args, **kwargs)

        def _register_module(
            self, module: type, module_name: Any = None, force: bool = False
        ) -> None:
            super()._register_module(module, module_name, force)
            self.parent._register_module(module, module_name, force)

    def _child_registry(parent: Registry, *locations: str) -> MirroredRegistry:
        """A child of `parent`, filled on first use by importing `locations` and those of `parent`.

        The parent's are added because mmengine looks a bare mmpose name up in the parents of our
        scope without importing what fills them. This module stands in where there is nothing to
        import: mmengine warns about an empty list.
        """
        ours = locations or (__name__,)
        child = MirroredRegistry(
            parent.name, parent=parent, scope=SCOPE, locations=[*ours, *parent._locations]
        )
        # mmengine's root finds a scope among its own children alone: without this the name would
        # resolve under a runner, whose scope is mmpose, and not in a plain script.
        while parent.parent is not None:
            parent = parent.parent
            parent._children.setdefault(SCOPE, child)
        return child

    RUNNERS = _child_registry(host.RUNNERS)
    RUNNER_CONSTRUCTORS = _child_registry(host.RUNNER_CONSTRUCTORS)
    LOOPS = _child_registry(host.LOOPS)
    HOOKS = _child_registry(host.HOOKS, 'jmpose_mm.engine.hooks')

    DATASETS = _child_registry(host.DATASETS, 'jmpose_mm.datasets')
    DATA_SAMPLERS = _child_registry(host.DATA_SAMPLERS, 'jmpose_mm.datasets')
    TRANSFORMS = _child_registry(host.TRANSFORMS, 'jmpose_mm.datasets.transforms')
    FUNCTIONS = _child_registry(engine.FUNCTIONS, 'jmpose_mm.datasets')

    MODELS = _child_registry(host.MODELS, 'jmpose_mm.models')
    MODEL_WRAPPERS = _child_registry(host.MODEL_WRAPPERS)
    WEIGHT_INITIALIZERS = _child_registry(host.WEIGHT_INITIALIZERS)
    BATCH_AUGMENTS = _child_registry(host.BATCH_AUGMENTS)

    OPTIMIZERS = _child_registry(host.OPTIMIZERS)
    OPTIM_WRAPPERS = _child_registry(host.OPTIM_WRAPPERS, 'jmpose_mm.engine.autocast_optim_wrapper')
    OPTIM_WRAPPER_CONSTRUCTORS = _child_registry(
        host.OPTIM_WRAPPER_CONSTRUCTORS, 'jmpose_mm.engine.layer_decay'
    )
    PARAM_SCHEDULERS = _child_registry(host.PARAM_SCHEDULERS)

    METRICS = _child_registry(host.METRICS, 'jmpose_mm.evaluation.metrics')
    EVALUATORS = _child_registry(host.EVALUATORS)
    TASK_UTILS = _child_registry(host.TASK_UTILS)

    VISUALIZERS = _child_registry(host.VISUALIZERS, 'jmpose_mm.visualization.clip_visualizer')
    VISBACKENDS = _child_registry(host.VISBACKENDS)
    LOG_PROCESSORS = _child_registry(host.LOG_PROCESSORS)

    KEYPOINT_CODECS = _child_registry(host.KEYPOINT_CODECS, 'jmpose_mm.codecs')
    INFERENCERS = _child_registry(host.INFERENCERS, 'jmpose_mm.apis')
