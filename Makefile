# `make demo` and `make test` are all that a fresh clone needs; both make .venv first, once.
PYTHON ?= python3
METHOD ?= jm_pose
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo study test docs lint clean

help:
	@echo 'make demo   render data, train the baseline and JM-Pose, evaluate and draw (8 to 15 minutes on 2 cores);'
	@echo '            METHOD=tdmi, fami_pose, dcpose, posewarper or tar for another one'
	@echo 'make study  train and test every method, ablation and control with several seeds, write docs/study.md'
	@echo '            (about 2 hours on 2 cores; goes on where it was stopped)'
	@echo 'make test   run all tests (about 15 minutes on 2 cores); closes with its time and the slowest tests'
	@echo 'make docs   build the documentation site (site/index.html)'
	@echo 'make lint   ruff and mypy'
	@echo 'make setup  only the environment ($(VENV)); PYTHON=python3.12 chooses the interpreter'
	@echo 'make clean  remove the environment and what tools left behind; work_dirs stays'

setup: $(READY)

$(READY): requirements/pinned.txt requirements/without_dependencies.txt tools/setup_environment.py \
          setup.cfg pyproject.toml build_backend/plugin_build.py
	$(PYTHON) tools/setup_environment.py $(VENV)
	@touch $@

demo: $(READY)
	$(RUN) tools/demo.py --method $(METHOD)

study: $(READY)
	$(RUN) experiments/run_study.py --scale cpu

# One thread per process: two test processes with a thread per core each are slower than one. A file stays in one
# process, since its tests share what one of them trained or installed. In the order of the folders: by number of
# tests, which is the default, the few that train for minutes would begin last.
test: $(READY)
	OMP_NUM_THREADS=1 $(RUN) -m pytest -n 2 --dist loadfile --no-loadscope-reorder --durations=15 tests

docs: $(READY)
	$(RUN) -m pip install --quiet --requirement requirements/docs.txt
	NO_MKDOCS_2_WARNING=1 $(RUN) -m mkdocs build --quiet
	@echo 'docs: site/index.html'

lint: $(READY)
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

clean:
	rm -rf $(VENV) build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
