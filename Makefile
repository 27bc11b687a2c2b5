# make run: set up and serve the page     make test: set up and run all tests     make check: format and lint
# make bench: every table of benchmarks/     make load: a hundred simulated visitors for ten minutes
# make nightly: every test with all repetitions and beside captum, runs in a Ray cluster and in Slurm (where slurm-wlm is
#   installed), 10,000 examples per property, then make fuzz (for FUZZ_SECONDS); it installs captum and requirements-ray.txt
# make pictures: the screenshots of the browser tests, in tests/browser/screenshots
# make audit: known vulnerabilities of the installed packages, from PyPI
# On a machine without a GPU, PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu saves gigabytes.
PYTHON ?= python3
VENV := .venv
FUZZ_SECONDS ?= 600
# Tests of runs that have to pass on a Unix without /proc too.
WITHOUT_PROC := tests/runs/test_queue.py tests/runs/test_worker.py tests/runs/test_service.py tests/faults/test_killed.py \
	tests/faults/test_two_servers.py tests/web/test_api.py tests/browser/test_adapting_page.py
BIN := $(VENV)/bin
# If Debian's Python comes without ensurepip, the system's pip installs into the environment.
PIP = $(shell test -x $(BIN)/pip && echo $(BIN)/python -m pip || echo $(PYTHON) -m pip --python $(BIN)/python)
# On all cores; pip compiles on one, which takes half of its time. Some packages hold files that cannot be compiled.
COMPILE = $(BIN)/python -m compileall -qq -j 0 $(VENV)/lib >/dev/null || true

# The processes that a run, a test or a start makes share the compiled modules, whatever the machine's settings say.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test check bench load nightly pictures fuzz audit clean

run: $(VENV)/run.stamp
	$(BIN)/python app.py

test: $(VENV)/test.stamp
	@command -v chromium >/dev/null || test "$$(id -u)" != 0 || ! command -v apt-get >/dev/null || \
		(apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null) || true
	$(BIN)/ruff format --check -q . && $(BIN)/ruff check -q .
	$(BIN)/python -m pytest -n 3 --dist worksteal

check: $(VENV)/test.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/test.stamp
	for name in limit fill_mask page startup adaptation; do $(BIN)/python benchmarks/$$name.py || exit 1; done

load: $(VENV)/test.stamp
	$(BIN)/python benchmarks/load.py

nightly: $(VENV)/test.stamp
	$(PIP) install -q captum==0.9.0
	TESTS=nightly $(BIN)/python -m pytest -n 3 --dist worksteal -m "not cluster"
	$(PIP) install -q -r requirements-ray.txt && TESTS=nightly $(BIN)/python -m pytest -m cluster tests/cluster
	PYTHONPATH=tests/support/no_proc $(BIN)/python -m pytest -n 3 --dist worksteal $(WITHOUT_PROC)
	HYPOTHESIS_PROFILE=nightly $(BIN)/python -m pytest -n 3 --dist worksteal --hypothesis-show-statistics tests/properties
	$(MAKE) fuzz

pictures: $(VENV)/test.stamp
	TESTS=pictures $(BIN)/python -m pytest tests/browser

fuzz: $(VENV)/test.stamp
	$(PIP) install -q atheris==3.0.0 || true
	$(BIN)/python tests/properties/fuzz_corpus.py $(FUZZ_SECONDS)

audit: $(VENV)/run.stamp
	$(PIP) freeze > $(VENV)/frozen.txt
	sed 's/+[^ ]*$$//' $(VENV)/frozen.txt > $(VENV)/installed.txt
	$(PIP) install -q --target $(VENV)/audit --upgrade pip-audit==2.10.1
	PYTHONPATH=$(VENV)/audit $(BIN)/python -m pip_audit --requirement $(VENV)/installed.txt --no-deps --disable-pip

clean:
	rm -rf $(VENV)

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV) 2>/dev/null || $(PYTHON) -m venv --without-pip $(VENV)

$(VENV)/run.stamp: requirements.txt | $(BIN)/python
	$(PIP) install -q --no-compile -r requirements.txt
	$(COMPILE)
	touch $@

# After the run environment, so that a package missing from requirements.txt is not hidden by order.
$(VENV)/test.stamp: requirements-dev.txt $(VENV)/run.stamp
	$(PIP) install -q --no-compile -r requirements-dev.txt
	$(COMPILE)
	touch $@
