# On a bare machine with Python 3.11 or newer: `make demo`, `make test`.
# Every target makes what it needs in .venv, or .venv-lowest, and uses it again the next
# time.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
INSTALL := PYTHONWARNINGS=ignore $(PIP) --editable
PYTEST := $(BIN)/python -m pytest -q
CONFIG := setup.cfg pyproject.toml
# Workers of the tests of what compiles nothing; else a process a backend.
WORKERS ?= 2
# The lowest Python that setup.cfg promises, where there is one.
LOWEST_PYTHON ?= $(shell command -v python3.11 || echo $(PYTHON))
LOWEST := .venv-lowest
# Left out of the quick part of the shallow tests: the contracts, which walk every method
# many times over.
CONTRACTS := tests/test_common.py tests/test_probes.py

.PHONY: demo test lint test-shallow test-deep test-tensorflow test-jax test-torch
.PHONY: test-lowest docs bench dist clean

demo: .venv/.base
	$(BIN)/adapt compare --dataset penguins

test: lint test-shallow test-deep

lint: .venv/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

test-shallow: .venv/.test
	OMP_NUM_THREADS=1 $(PYTEST) --keras=without -n $(WORKERS)

test-deep: .venv/.test
	$(MAKE) -j2 test-tensorflow test-jax

test-tensorflow: .venv/.test
	KERAS_BACKEND=tensorflow TF_CPP_MIN_LOG_LEVEL=3 $(PYTEST) --keras=only

# What is compiled here runs a few steps only. Doctests ran on TensorFlow.
test-jax: .venv/.test
	JAX_DISABLE_MOST_OPTIMIZATIONS=1 KERAS_BACKEND=jax $(PYTEST) --keras=only tests

test-torch: .venv/.torch
	OMP_NUM_THREADS=1 KERAS_BACKEND=torch $(PYTEST) --keras=only tests -n $(WORKERS)

test-lowest: $(LOWEST)/.done
	OMP_NUM_THREADS=1 $(LOWEST)/bin/python -m pytest -q --keras=without \
		-m "not slow" -n $(WORKERS) tests $(CONTRACTS:%=--ignore=%)

docs: .venv/.docs
	$(BIN)/sphinx-build -b html -W --keep-going docs docs/_build/html

bench: .venv/.test
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/scaling.py

dist: .venv/.test
	$(PIP) build
	$(BIN)/python -m build

clean:
	rm -rf .venv $(LOWEST) dist docs/_build docs/api docs/auto_examples build *.egg-info

.venv/bin/pip:
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'adapt needs Python 3.11 or newer: make PYTHON=python3.11')"
	$(PYTHON) -m venv .venv
	$(PIP) --upgrade pip

.venv/.base: $(CONFIG) | .venv/bin/pip
	$(INSTALL) .
	touch $@

.venv/.test: $(CONFIG) | .venv/bin/pip
	$(INSTALL) '.[test,tensorflow,jax,ot,plot,parquet,dask]'
	touch $@

# The version is pinned because a later one may bring several gigabytes for GPUs.
.venv/.torch: $(CONFIG) | .venv/bin/pip
	$(PIP) 'torch==2.13.0'
	$(INSTALL) '.[test,torch]'
	touch $@

.venv/.docs: $(CONFIG) | .venv/bin/pip
	$(INSTALL) '.[docs,tensorflow,ot,plot]'
	touch $@

$(LOWEST)/.done: $(CONFIG) tools/lowest_versions.py
	$(LOWEST_PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python tools/lowest_versions.py test ot plot parquet \
		> $(LOWEST)/constraints.txt
	PYTHONWARNINGS=ignore $(LOWEST)/bin/pip install --quiet \
		--disable-pip-version-check --constraint $(LOWEST)/constraints.txt \
		--editable '.[test,ot,plot,parquet]'
	touch $@
