# The two commands of the README are `make demo` and `make test`; the rest is for people who work on moetui.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
LOWEST := .venv-lowest/.installed
# Many tests wait for processes of their own: four at a time keep two cores busy.
PYTEST := $(BIN)/pytest -n 4 --dist worksteal
# What of the engine speaks to torch and transformers, in tests that take no time.
ENGINE := tests/engine/model tests/engine/optim tests/engine/export tests/engine/generate tests/engine/test_without_a_card.py \
	$(addprefix tests/engine/training/,test_update.py test_resume.py test_device.py test_compiled.py)

.PHONY: install demo check format test quick long lowest search simulations faults mutants goldens tables screenshots cast studies lock clean

install: $(INSTALLED)

# The lock pins every version, and the editable install makes this checkout the package.
$(INSTALLED): pyproject.toml requirements.lock
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint requirements.lock --editable '.[dev]'
	touch $@

demo: install
	$(BIN)/moetui run quickstart

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: install
	$(PYTEST) -m 'not long'

quick: install
	$(PYTEST) -m 'not (slow or long)'

long: install
	$(PYTEST) -m long

# The engine with the lowest versions that pyproject.toml allows, in an environment of its own that is removed afterwards: two
# minutes, 3 GB from the registry, 6 GB on the disk while it lasts. PYTHON=python3.12 takes another Python.
lowest: $(LOWEST)
	.venv-lowest/bin/python -m pytest -m 'not (slow or long)' $(ENGINE)
	rm -rf .venv-lowest

$(LOWEST): pyproject.toml
	$(PYTHON) -m venv --clear .venv-lowest
	.venv-lowest/bin/python -m pip install --quiet 'uv>=0.13'
	.venv-lowest/bin/uv pip install --quiet --python .venv-lowest/bin/python --resolution lowest-direct --editable '.[dev]'
	touch $@

# The properties that hold for every input, with inputs that no run has tried before.
search: install
	$(PYTEST) -m 'hypothesis and not long' --hypothesis-profile search

# The table in docs/methods.md: what the statistics do where the truth is known. About 20 minutes on two cores.
simulations: install
	$(BIN)/python -m tests.simulations --write

# A fault and a power loss at every change of a file by every command, the trainer and the dispatcher, and storms of kills; the table
# in docs/reliability.md.
faults: install
	$(BIN)/python -m tests.faults

# The screens that the tests compare, as they are now; look at the diff.
goldens: install
	$(PYTEST) tests/tui/test_goldens.py tests/tui/chart/test_goldens.py --update-goldens

# Sampled faults in the code, and whether a test notices: the scores in docs/testing.md. About a minute each.
mutants: install
	$(BIN)/python -m tests.mutants

# The tables in docs/ of schedules, optimizers and detectors, from their entries.
tables: install
	$(BIN)/python -m tests.tables

# The pictures of README and docs, from real runs: those of WORKSPACE and STUDY, or of a quickstart that is trained for it.
screenshots: install
	$(BIN)/python -m pictures.screenshots $(WORKSPACE) $(STUDY)

cast: install
	$(BIN)/python -m pictures.cast

# The reports and the page in docs/studies, from runs.json.
studies: install
	$(BIN)/python -m pictures.studies

# Bring every pinned version up to date; torch stays where it is until its CPU build is there for the next.
lock:
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet --editable '.[dev]' 'torch==2.13.0'
	.venv-lock/bin/python -m pip freeze --exclude-editable | sed 's/+cpu$$//' > requirements.lock
	rm -rf .venv-lock

clean:
	rm -rf .venv .venv-lowest
