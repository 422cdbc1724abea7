# Tandem's commands; `make` alone lists them.

PYTHON ?= python3
# Where torch comes from. Linux's default index gives the CUDA build (5 GB); set this to the address
# of PyTorch's CPU index (pytorch.org, "Get started", Compute Platform: CPU) for the small one.
TORCH_INDEX_URL ?=
# Read and, where there is a network, filled by the training commands.
DATA_DIR ?= data
DATASET ?= mnist
# Each network is trained from that many seeds, two at least; the best on validation is published.
SEEDS ?= 5
# How every network is trained, and what it is taught beside MNIST: what is no digit, other hands.
TRAIN_OPTIONS ?= --batch-size 128 --train-ratio 0.9 \
	$(if $(filter mnist,$(DATASET)),--outlier-weight 0.1 --outlier-share 0.1)
# As --processes 2; see python -m research study --help.
STUDY_OPTIONS ?=
# Test files that run at once; some measure times and memory, so not one for each of many cores.
TEST_PROCESSES ?= 2
# As --quick, or --only tandem fastapi; see python -m bench.serving --help.
BENCH_OPTIONS ?=

VENV := .venv
SLIM := .venv-slim
# Each network's own recipe; what was tried beside it is in docs/REPORT.md.
NETWORKS := conv mobilenet conv1-mobile3 conv3-mobile1 mobilenet-tiny
conv: RECIPE := --epochs 18 --learning-rate 0.05 --interpolation bicubic
mobilenet conv1-mobile3 conv3-mobile1: \
	RECIPE := --epochs 10 --learning-rate 0.03 --interpolation bicubic \
		--activation hardswish --downsampling average --pooling weighted --widths 32 48 96 96
mobilenet-tiny: \
	RECIPE := --epochs 40 --learning-rate 0.03 --interpolation bicubic \
		--activation hardswish --downsampling average
TORCH_INDEX := $(if $(TORCH_INDEX_URL),--extra-index-url $(TORCH_INDEX_URL))
PIP := -m pip install --disable-pip-version-check --quiet --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help setup run run-slim test lint architecture format train studies report serve evaluate \
	benchmark bench-serving bench-training image clean $(NETWORKS)

help:  ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.complete  ## Make .venv with everything: service, training, tests

run: setup serve  ## Set up and serve the published models, TorchScript too

serve:  ## Serve with what `make setup` made
	$(VENV)/bin/python -m service

run-slim: $(SLIM)/.complete  ## Set up and serve with ONNX Runtime alone, no torch
	$(SLIM)/bin/python -m service

test: setup  ## Set up and pass the tests
	$(VENV)/bin/python -m pytest --numprocesses $(TEST_PROCESSES) --dist loadfile

lint: setup  ## Check style, types and the direction of imports
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

architecture: setup  ## Print the rooms, their lines, and which imports which
	$(VENV)/bin/python -m bench.architecture

format: setup  ## Rewrite the code in the project's style
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

train: $(NETWORKS)  ## Train and publish all networks; go on where stopped (DATASET, DATA_DIR, SEEDS)

$(NETWORKS): setup
	$(VENV)/bin/python -m research seeds --seeds $(SEEDS) --architecture $@ $(RECIPE) \
		--dataset $(DATASET) --data-dir $(DATA_DIR) $(TRAIN_OPTIONS)

studies: setup  ## Do every study over several seeds; go on where stopped (DATA_DIR, STUDY_OPTIONS)
	$(VENV)/bin/python -m research study --all --data-dir $(DATA_DIR) $(STUDY_OPTIONS)

report: setup  ## Write docs/REPORT.md from the stored studies and the published models
	$(VENV)/bin/python -m research report

evaluate: setup  ## Other people's pictures, enlarged digits, MNIST-C (PICTURES, DATA_DIR)
	$(VENV)/bin/python -m research evaluate --data-dir $(DATA_DIR) \
		$(if $(PICTURES),--pictures $(PICTURES))

benchmark: setup  ## Measure decoding and preprocessing, and every model on every runtime
	$(VENV)/bin/python -m bench.preprocess
	$(VENV)/bin/python -m bench.latency

bench-serving: setup $(SLIM)/.complete  ## Compare with other model servers (needs wrk; BENCH_OPTIONS)
	$(VENV)/bin/python -m bench.serving --tandem-python $(SLIM)/bin/python $(BENCH_OPTIONS)

bench-training: setup  ## Race PyTorch's MNIST example to 99% (some 20 minutes; DATA_DIR)
	$(VENV)/bin/python -m bench.training_speed --data-dir $(DATA_DIR)

image:  ## Build the container images tandem:slim and tandem:full with Docker
	docker build --target slim --tag tandem:slim .
	docker build --target full --tag tandem:full .

clean:  ## Remove the environments and caches; published models and training runs stay
	rm -rf $(VENV) $(SLIM) .bench .mypy_cache .ruff_cache .pytest_cache *.egg-info

$(VENV)/.complete: pyproject.toml constraints.txt
	@echo "Setting up $(VENV) with everything (torch is large: some minutes on a slow network) ..."
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python $(PIP) $(TORCH_INDEX) --editable '.[dev]'
	@touch $@

$(SLIM)/.complete: pyproject.toml constraints.txt
	@echo "Setting up $(SLIM) with the service alone ..."
	$(PYTHON) -m venv $(SLIM)
	$(SLIM)/bin/python $(PIP) --editable .
	@touch $@
