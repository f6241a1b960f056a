# `make` or `make help` lists the targets.
EXCHANGE ?= rabbitmq
SWIFT ?= swift
CASES ?= 1000000
LIBRARIES = AgentExchange Agents AgentMacros WorkerRuntime InProcessExchange RabbitMQExchange HybridExchange ExchangeConformance \
    ExchangeTestKit

.DEFAULT_GOAL := help
.PHONY: images browser screenshots deb deb-check autogen team docs shape help demo test test-long outside flaky check traits fuzz soak chaos sanitize format clean needs bench micro prose

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18
	@echo
	@echo "  make demo EXCHANGE=local        without a broker"
	@echo "  make demo FILE=my.log WORKERS=4 your own file, four workers"
	@echo "  make team KILL=Swift            the worker in Swift is killed"
	@echo "  WARREN_BROKER=amqp://… make demo   on a broker that runs already"
	@echo "  make test FILTER=AMQPTests      only tests whose id matches"
	@echo "  make fuzz CASES=100000 SEED=7   the same cases again"
	@echo "  make soak MINUTES=5             a shorter one; EXCHANGE=hybrid over direct connections"
	@echo "  make chaos MINUTES=2 SEED=7     the same faults again; NODES=3 on a cluster, EXCHANGE=hybrid, EXCHANGE=workers"

demo: ## counts the lines of a log with agents, on a private broker that is gone afterwards
	@deploy/install-needs.sh $(if $(filter local,$(EXCHANGE))$(WARREN_BROKER),build)
	@$(SWIFT) build -c release --product log-count
	@EXCHANGE='$(EXCHANGE)' WORKERS='$(WORKERS)' FILE='$(FILE)' SWIFT='$(SWIFT)' deploy/demo.sh

team: needs ## a worker in Python and one in Swift share a job, and one is killed half way; needs PyPI
	@$(if $(SKIP_BUILD),,for product in warren-autogen-host autogen-team; do \
	    $(SWIFT) build --enable-all-traits --product $$product || exit 1; done)
	@KILL='$(KILL)' FILE='$(FILE)' PYTHON='$(PYTHON)' SWIFT='$(SWIFT)' deploy/team.sh

test: needs ## builds and runs all tests, those with a real broker too, several processes at a time
	@SWIFT='$(SWIFT)' Tests/run.sh $(if $(FILTER),--filter '$(FILTER)')

test-long: needs ## the tests with a long form in that form; QUARTER=N for every fourth of them
	@SWIFT='$(SWIFT)' Tests/run.sh --long $(if $(QUARTER),--quarter $(QUARTER)) \
	    $(if $(SKIP_BUILD),--skip-build)

outside: ## runs the conformance suite on the exchanges of Tests/Outside, which see only the public API
	@$(SWIFT) run --package-path Tests/Outside outside

flaky: needs ## repeats TEST=RabbitMQ…/LeaseTests/ TIMES=50 with half of the processors busy
	@SWIFT='$(SWIFT)' Tests/flaky.sh '$(TEST)' $(or $(TIMES),50)

check: needs ## formatting, warnings as errors, all tests
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests examples docs Benchmarks/Package.swift Benchmarks/load Benchmarks/compare Benchmarks/micro
	SWIFT='$(SWIFT)' Tests/run.sh
	@$(MAKE) --no-print-directory traits

traits: needs ## builds without package traits, and with each of them alone
	$(SWIFT) build --disable-default-traits --scratch-path .build/traits
	for trait in Tracing Configuration ServiceLifecycle Hybrid AutoGen Monitoring Macros; do \
	    $(SWIFT) build --disable-default-traits --traits $$trait --scratch-path .build/traits || exit 1; \
	done
	SWIFT='$(SWIFT)' Tests/packages.sh

autogen: ## AutoGen's own tests and real workers in Python against warren-autogen-host; needs PyPI and GitHub
	@Tests/AutoGen/run.sh $(if $(SKIP_BUILD),--skip-build)

images: needs ## carries out the steps of deploy/images/Dockerfile without an engine, and runs both images; needs root
	@$(if $(SKIP_BUILD),,$(SWIFT) build --enable-all-traits --product warren)
	@deploy/with-broker.sh python3 deploy/images/check.py "$$($(SWIFT) build --show-bin-path)/warren"

browser: needs ## opens warren dashboard in a headless Chromium and tries it; needs Debian's chromium and chromium-driver
	@SWIFT='$(SWIFT)' Tests/Dashboard/run.sh $(if $(SKIP_BUILD),--skip-build)

screenshots: needs ## takes the pictures of docs/pictures with it
	@SWIFT='$(SWIFT)' Tests/Dashboard/run.sh $(if $(SKIP_BUILD),--skip-build) --screenshots docs/pictures

bench: needs ## Warren beside raw rabbitmq-c in one run; QUICK=1 for less, SAVE=1 keeps the figures
	@QUICK='$(QUICK)' SAVE='$(SAVE)' SWIFT='$(SWIFT)' Benchmarks/run.sh

micro: ## counts the allocations of each step without a broker; more than its threshold fails
	@deploy/install-needs.sh build
	@SWIFT='$(SWIFT)' SAVE='$(SAVE)' Benchmarks/micro.sh

shape: ## how much a request passes through and how the files hang together, each figure beside its goal
	@Tests/shape.py

docs: ## makes the DocC pages of every library, in .build-docs/pages; a link that leads nowhere is an error
	@deploy/install-needs.sh build
	@WARREN_DOCS=1 $(SWIFT) package --enable-all-traits --scratch-path .build-docs \
	    --allow-writing-to-directory .build-docs/pages \
	    generate-documentation --enable-experimental-combined-documentation --warnings-as-errors \
	    $(addprefix --target ,$(LIBRARIES)) --output-path .build-docs/pages

deb: ## makes a Debian package of the tool for this release, in .build/deb
	@SWIFT='$(SWIFT)' deploy/debian/build.sh

deb-check: needs ## makes it, and installs, runs and removes it in a clean system; needs root
	@package=$$(SWIFT='$(SWIFT)' deploy/debian/build.sh) && deploy/with-broker.sh deploy/debian/check.sh "$$package"

fuzz: ## tries a million generated inputs on every decoder of bytes from outside
	@deploy/install-needs.sh build
	@$(SWIFT) build -c release --product fuzz --traits Tracing,Configuration,ServiceLifecycle,AutoGen
	@"$$($(SWIFT) build -c release --show-bin-path)/fuzz" --cases $(CASES) $(if $(SEED),--seed $(SEED))

soak: needs ## loads a private broker for 30 minutes; memory and descriptors must stay flat
	@$(SWIFT) build -c release --product soak $(if $(EXCHANGE),--enable-all-traits)
	@"$$($(SWIFT) build -c release --show-bin-path)/soak" --minutes $(or $(MINUTES),30) --curve soak.csv \
		$(if $(EXCHANGE),--exchange $(EXCHANGE))

chaos: needs ## kills and cuts processes and a broker for 10 minutes; every request must be answered once
	@$(if $(SKIP_BUILD),,$(SWIFT) build --product chaos --enable-all-traits)
	@"$$($(SWIFT) build --show-bin-path)/chaos" --minutes $(or $(MINUTES),10) $(if $(SEED),--seed $(SEED)) \
	    $(if $(filter hybrid,$(EXCHANGE)),--exchange hybrid) $(if $(NODES),--nodes $(NODES)) \
	    $(if $(MAILBOXES),--mailboxes $(MAILBOXES)) $(if $(JSON),--json) $(if $(filter workers,$(EXCHANGE)),--workers) \
	    $(if $(SABOTAGE),--sabotage $(SABOTAGE))

sanitize: needs ## the tests of the lower layers under ThreadSanitizer, then under AddressSanitizer
	@SWIFT='$(SWIFT)' Tests/Sanitizing/sanitize.sh

prose: ## lists texts that say "what" or "who" instead of the thing; LIMIT=N fails above N
	@Tests/prose.sh $(if $(LIMIT),--check $(LIMIT))

format: ## formats all sources in place
	$(SWIFT) format --in-place --recursive Package.swift Sources Tests examples docs Benchmarks/Package.swift Benchmarks/load Benchmarks/compare Benchmarks/micro

clean: ## removes the build
	$(SWIFT) package clean

needs:
	@deploy/install-needs.sh
