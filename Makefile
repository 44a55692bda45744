# make figures: redraw every figure.  make test: run every test.  make check: those that take seconds.
# make faults: kill, damage, misuse and starve it some thousand times, and count what was lost.
# Each first sets up what is missing in .venv.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
BRIAN2 := .venv-brian2

.PHONY: figures test check faults oldest newest lint brian2 lock clean

figures: $(READY)
	$(BIN)/dcm figures

test: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest

# Neither notebooks nor browser, and nothing marked slow.
check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest tests -m "not slow and not browser"

# The full count; make test tries a few of each kind.
faults: $(READY)
	DCM_FAULTS=full $(BIN)/python -m pytest tests/faults

# The quick tests and a notebook with the oldest and the newest packages that pyproject.toml allows (needs uv).
oldest: RESOLUTION := lowest-direct
newest: RESOLUTION := highest
oldest newest:
	uv venv --quiet --clear --python $(PYTHON) .venv-$@
	uv pip install --quiet --python .venv-$@/bin/python --resolution $(RESOLUTION) --editable '.[test]'
	DCM_FAULTS= .venv-$@/bin/python -m pytest tests -m "not slow and not browser"
	.venv-$@/bin/dcm figures the_circuit

lint: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The independent simulator, in an environment of its own: Brian 2.9, the last for Python 3.11, needs NumPy 1, whose last
# wheels are for Python 3.12. (Brian 2.11 on NumPy 2 and Python 3.13 runs the script too, with the same result to 2e-15.)
brian2: $(BRIAN2)/.ready
	$(BRIAN2)/bin/python tools/brian2_reference.py

# uv keeps the versions that it finds in the file that it writes, so it writes over a copy; that is moved only when whole.
COMPILE := uv pip compile --generate-hashes --no-header --no-annotate --universal -q --python-version 3.11
lock:
	trap 'rm -f *.lock.partial' EXIT; cp requirements.lock requirements.lock.partial && \
	  $(COMPILE) pyproject.toml --extra test --extra dev --extra browser -o requirements.lock.partial && \
	  mv requirements.lock.partial requirements.lock
	trap 'rm -f *.lock.partial' EXIT; cp requirements-brian2.lock requirements-brian2.lock.partial && \
	  printf 'brian2==2.9.0\nnumpy==1.26.4\n' | $(COMPILE) - -o requirements-brian2.lock.partial && \
	  mv requirements-brian2.lock.partial requirements-brian2.lock

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or newer is needed; set PYTHON=…')"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $(READY)

$(BRIAN2)/.ready: requirements-brian2.lock
	$(PYTHON) -c "import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)) and 'Brian 2.9 on NumPy 1 needs Python 3.11 or 3.12; set PYTHON=…')"
	$(PYTHON) -m venv $(BRIAN2)
	$(BRIAN2)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-brian2.lock
	touch $@

clean:
	rm -rf build .venv .venv-oldest .venv-newest $(BRIAN2) figures/quick
