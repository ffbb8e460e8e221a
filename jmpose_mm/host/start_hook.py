"""Prepares the host whenever mmengine is imported, whoever does it: installed as a start-up file.

The build backend copies this file into site-packages as ``jmpose_mm_start_hook.py``, beside a
``.pth`` file that imports it when Python starts. It costs a fraction of a millisecond: it imports
nothing, and waits for the module of mmengine that every OpenMMLab package loads first. Then it
imports ``jmpose_mm``, the one that the program would import at that moment. Without the package it
does nothing.
"""

import sys

AWAITED = 'mmengine.config.utils'


class _Preparation:
    """A finder that wraps the loader of the awaited module, and steps aside."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name != AWAITED:
            return None
        # What it waits for is found: later imports do not pass here.
        sys.meta_path.remove(cls)
        from importlib.machinery import PathFinder

        spec = PathFinder.find_spec(name, path, target)
        if spec is None or not hasattr(spec.loader, 'exec_module'):
            return spec
        run = spec.loader.exec_module

        def run_and_prepare(module):
            run(module)
            _prepare()

        spec.loader.exec_module = run_and_prepare
        return spec


def _prepare():
    import warnings

    try:
        import jmpose_mm  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name != 'jmpose_mm':
            warnings.warn(f'jmpose_mm is not prepared: {error}', stacklevel=2)
    except Exception as error:  # other packages work without ours, whatever is wrong with it
        warnings.warn(f'jmpose_mm is not prepared: {error}', stacklevel=2)


if AWAITED not in sys.modules:
    sys.meta_path.insert(0, _Preparation)
