# packd: the pack station. `make help` lists what there is.
# Variants live in build/<variant>: dev (default), release, asan, cov, clang.
VARIANT ?= dev
B := build/$(VARIANT)

CC_dev := gcc
CC_release := gcc
CC_asan := gcc
CC_cov := gcc
CC_clang := clang
CC_fuzz := clang
ARM64_ROOT := build/arm64-root
CC_arm64 := aarch64-linux-gnu-gcc --sysroot=$(CURDIR)/$(ARM64_ROOT)
ifeq ($(CC_$(VARIANT)),)
$(error unknown VARIANT '$(VARIANT)': use dev, release, asan, cov, clang, fuzz or arm64)
endif
CC := $(CC_$(VARIANT))

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
        -Wvla -Wformat=2 -Wswitch-enum -Wundef -Werror
HARDEN := -fstack-protector-strong -fPIE
OPT_dev := -O1 -g
OPT_release := -O2 -g -D_FORTIFY_SOURCE=2 -ffunction-sections -fdata-sections
OPT_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -Wno-format-truncation
OPT_cov := -O0 -g --coverage
OPT_clang := -O1 -g
FUZZED := -fsanitize=address,undefined
OPT_fuzz := -O1 -g $(FUZZED),fuzzer-no-link -fno-sanitize-recover=all -fno-omit-frame-pointer
OPT_arm64 := -O2 -g -D_FORTIFY_SOURCE=2 -ffunction-sections -fdata-sections
LINK_release := -Wl,--gc-sections
LINK_arm64 := -Wl,--gc-sections
LINK_asan := -fsanitize=address,undefined
LINK_cov := --coverage
LINK_fuzz := $(FUZZED),fuzzer
LDFLAGS := -pie -Wl,-z,relro,-z,now $(LINK_$(VARIANT))

CORE_CFLAGS := -std=c17 $(WARN) $(HARDEN) $(OPT_$(VARIANT)) -I. -I$(B)/gen
HOST_CFLAGS := $(CORE_CFLAGS) -D_GNU_SOURCE

CORE_LIBS := -lsqlite3 -lcjson -lmbedcrypto -lpng -lm
LINUX_LIBS := -lcurl -lmicrohttpd -lserialport -lsystemd -lpthread

# ------------------------------------------------------------------------------------- sources --
FIRMWARE_C := $(filter-out firmware/main.c,$(sort $(wildcard firmware/*.c firmware/*/*.c)))
DRIVERS_C := $(sort $(wildcard drivers/*/*.c))
LINUX_C := $(sort $(wildcard hal/linux/*.c))
SIM_C := $(sort $(wildcard hal/sim/*.c))
PEERS_C := $(filter-out tools/packpeers/main.c,$(sort $(wildcard tools/packpeers/*.c)))
SUPPORT_C := $(sort $(wildcard tests/support/*.c)) \
             $(filter-out tools/virtual/main.c,$(sort $(wildcard tools/virtual/*.c)))

WORLD_C := $(filter-out %_test.c,$(sort $(wildcard tests/simulation/*.c)))

, := ,
obj = $(patsubst %.c,$(B)/%.o,$(1))
CORE_O := $(call obj,$(FIRMWARE_C) $(DRIVERS_C))
LIBCORE := $(B)/libcore.a
LIBLINUX := $(B)/liblinux.a
LIBSIM := $(B)/libsim.a
LIBPEERS := $(B)/libpeers.a
LIBSUPPORT := $(B)/libsupport.a
LIBWORLD := $(B)/libworld.a

UNIT := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/unit/*_test.c)))
DEVICE_LOGS := $(B)/tests/replay/replay_test
CONTRACT := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/contract/*_test.c)))
SIMTESTS := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/simulation/*_test.c)))
TORTURE := $(B)/tests/torture/torture_test
FUZZ := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/fuzz/*_fuzz.c)))
REPLAY := $(FUZZ:_fuzz=_replay)
BROWSER := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/browser/*_test.c)))

.DEFAULT_GOAL := all
.SECONDARY:
.PHONY: all help unit replay contract simulation

# ------------------------------------------------------------------------- embedded resources --
# Each file below becomes `const unsigned char asset_<name>[]` and `asset_<name>_len`.
ASSETS := $(sort $(wildcard firmware/console/pages/* firmware/channels/definitions/*.json \
                 firmware/config/defaults/*.json firmware/store/*.sql))
ASSET_O := $(patsubst %,$(B)/gen/%.o,$(ASSETS))
asset_symbol = asset_$(subst -,_,$(subst .,_,$(notdir $(1))))
$(B)/gen/%.asset.c: %
	@mkdir -p $(@D)
	@{ echo '#include <stddef.h>'; \
	   echo 'extern const unsigned char $(call asset_symbol,$<)[]; extern const size_t $(call asset_symbol,$<)_len;'; \
	   echo 'const unsigned char $(call asset_symbol,$<)[] = {'; od -An -v -tx1 $< | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'; \
	   echo '0};'; echo 'const size_t $(call asset_symbol,$<)_len = sizeof $(call asset_symbol,$<) - 1;'; } > $@
$(B)/gen/%.o: $(B)/gen/%.asset.c
	@$(CC) $(CORE_CFLAGS) -c -o $@ $<

# --------------------------------------------------------------------------------------- rules --
FLAGS_STAMP := $(B)/flags
$(FLAGS_STAMP): Makefile
	@mkdir -p $(B) && touch $@
$(call obj,$(LINUX_C) $(filter tests/% tools/%,$(wildcard tests/*/*.c tools/*.c tools/*/*.c))): CORE_CFLAGS := $(HOST_CFLAGS)
$(B)/%.o: %.c $(FLAGS_STAMP)
	@mkdir -p $(@D)
	@echo "CC $<"
	@$(CC) $(CORE_CFLAGS) -MMD -MP -c -o $@ $<

# -------------------------------------------------------------------------- GS1 identifiers --
# The table of application identifiers is made from facts.
GS1_FACTS := firmware/codes/gs1_ai.tsv firmware/codes/gs1_lists.tsv
$(B)/gen/gs1_table.c: tools/gs1_table.awk $(GS1_FACTS)
	@mkdir -p $(@D)
	@awk -f tools/gs1_table.awk $(GS1_FACTS) >$@.new && mv $@.new $@
$(B)/gen/gs1_table.o: $(B)/gen/gs1_table.c firmware/codes/gs1_ai.h $(FLAGS_STAMP)
	@echo "CC $<"
	@$(CC) $(CORE_CFLAGS) -c -o $@ $<

define archive
@rm -f $@; ar Drcs $@ $^
endef
$(LIBCORE): $(CORE_O) $(ASSET_O) $(B)/gen/gs1_table.o
	$(archive)
$(LIBLINUX): $(call obj,$(LINUX_C))
	$(archive)
$(LIBSIM): $(call obj,$(SIM_C))
	$(archive)
$(LIBPEERS): $(call obj,$(PEERS_C))
	$(archive)
$(LIBSUPPORT): $(call obj,$(SUPPORT_C))
	$(archive)
$(LIBWORLD): $(call obj,$(WORLD_C))
	$(archive)

# Unit and simulation tests run on hal/sim, contract and browser tests on hal/linux.
$(B)/tests/unit/%: $(B)/tests/unit/%.o $(LIBSUPPORT) $(LIBPEERS) $(LIBCORE) $(LIBSIM)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(CORE_LIBS) -lcmocka
$(DEVICE_LOGS): $(call obj,tests/replay/replay_test.c tests/replay/replay_log.c) $(LIBCORE) $(LIBSIM)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(CORE_LIBS) -lcmocka
$(B)/tests/simulation/%: $(B)/tests/simulation/%.o $(LIBWORLD) $(LIBSUPPORT) $(LIBPEERS) $(LIBCORE) $(LIBSIM)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(CORE_LIBS) -lcmocka
$(B)/tests/contract/%: $(B)/tests/contract/%.o $(LIBSUPPORT) $(LIBPEERS) $(LIBCORE) $(LIBLINUX)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(CORE_LIBS) $(LINUX_LIBS) -lssl -lcrypto -lcmocka
$(B)/tests/browser/%: $(B)/tests/browser/%.o $(LIBSUPPORT) $(LIBPEERS) $(LIBCORE) $(LIBLINUX)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(CORE_LIBS) $(LINUX_LIBS) -lcmocka

# Parsers under hostile bytes: led by libFuzzer, or through their corpus alone.
FUZZ_COMMON_O := $(call obj,tests/fuzz/fuzz.c)
$(B)/tests/fuzz/%_fuzz: $(B)/tests/fuzz/%_fuzz.o $(FUZZ_COMMON_O) $(LIBCORE) $(LIBSIM)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(CORE_LIBS)
$(B)/tests/fuzz/ieee1284_fuzz $(B)/tests/fuzz/ieee1284_replay: $(B)/hal/linux/ieee1284.o
$(B)/tests/fuzz/%_replay: $(B)/tests/fuzz/%_fuzz.o $(B)/tests/fuzz/replay.o $(FUZZ_COMMON_O) $(LIBCORE) $(LIBSIM)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(CORE_LIBS) -lcmocka
# What a paper became is read back by the stand-ins of the printers.
$(B)/tests/fuzz/paper_fuzz $(B)/tests/fuzz/paper_replay: \
    $(call obj,$(addprefix tools/virtual/,job_render.c epl_render.c tspl_render.c escpos_render.c zpl_draw.c zpl_render.c))

# Every call below is led through tests/torture/torture_calls.c.
TORTURED := station_new station_round station_free hal_wait hal_http_submit hal_http_cancel hal_port_open hal_port_close \
            hal_port_write hal_job_start hal_job_cancel hal_console_open hal_console_reply hal_console_stream \
            hal_console_send hal_document_read hal_secret_read hal_store_free hal_store_set_aside hal_signal hal_log \
            hal_ready hal_watchdog_kick hal_sim_on_http hal_sim_on_job zpl_printer_label sqlite3_step sqlite3_prepare_v2 sqlite3_prepare_v3 sqlite3_exec \
            sqlite3_wal_checkpoint_v2 sqlite3_vfs_register mbedtls_md_hmac
TORTURE_O := $(call obj,$(sort $(wildcard tests/torture/*.c)))
$(TORTURE): $(TORTURE_O) $(LIBWORLD) $(LIBSUPPORT) $(LIBPEERS) $(LIBCORE) $(LIBSIM)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) $(addprefix -Wl$(,)--wrap=,$(TORTURED)) -o $@ $(TORTURE_O) \
	   -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(CORE_LIBS) -lcmocka

# ----------------------------------------------------------------------------- barcode reader --
# A program of its own, because it reads pictures from outside and runs as a job. Never built with the
# sanitizers: they do not fit into a job's address space.
BARCODES_C := tools/packd_barcodes.c firmware/base/mem.c firmware/base/slice.c firmware/base/text.c
$(B)/packd-barcodes: $(BARCODES_C) $(wildcard firmware/base/*.h) $(FLAGS_STAMP)
	@echo "LD $@"
	@$(CC) -std=c17 -D_GNU_SOURCE $(WARN) $(HARDEN) -O2 -D_FORTIFY_SOURCE=2 -I. -pie -Wl,-z,relro,-z,now \
	   -o $@ $(BARCODES_C) -lzbar
all: $(B)/packd-barcodes
$(B)/tests/contract/jobs_test $(B)/tests/contract/label_print_test: $(B)/packd-barcodes

-include $(shell find $(B) -name '*.d' 2>/dev/null)

# ------------------------------------------------------------------------------------ programs --
$(B)/packd: $(B)/firmware/main.o $(LIBCORE) $(LIBLINUX)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(CORE_LIBS) $(LINUX_LIBS)
all: $(B)/packd
$(B)/packpeers: $(B)/tools/packpeers/main.o $(LIBPEERS) $(LIBCORE)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(CORE_LIBS) -lmicrohttpd
all: $(B)/packpeers
PACKCTL_O := $(call obj,$(sort $(wildcard tools/packctl/*.c)))
$(B)/packctl: $(PACKCTL_O) $(LIBCORE)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -o $@ $(PACKCTL_O) -Wl,--start-group $(LIBCORE) -Wl,--end-group $(CORE_LIBS) -lcurl
all: $(B)/packctl
$(B)/tests/contract/packctl_test $(B)/tests/contract/scan_explain_test: $(B)/packctl

VIRTUAL_O := $(call obj,$(sort $(wildcard tools/virtual/*.c)))
$(B)/packvirtual: $(VIRTUAL_O) $(LIBCORE)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -o $@ $(VIRTUAL_O) -Wl,--start-group $(LIBCORE) -Wl,--end-group $(CORE_LIBS)
all: $(B)/packvirtual
$(B)/tests/browser/order_test $(B)/tests/contract/kill_test $(B)/tests/contract/printer_languages_test: $(addprefix $(B)/,packd packpeers packvirtual packd-barcodes)

DEMO_O := $(call obj,$(sort $(wildcard tools/demo/*.c)))
$(B)/packdemo: $(DEMO_O) $(LIBCORE)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -o $@ $(DEMO_O) -Wl,--start-group $(LIBCORE) -Wl,--end-group $(CORE_LIBS) -lcurl
all: $(B)/packdemo

# ---------------------------------------------------------------------- the station on stand-ins --
PROGRAMS := $(addprefix $(B)/,packd packpeers packvirtual packctl packd-barcodes)
run: ## the whole station on stand-ins; prints the address to open
	@tools/packages.sh build
	@$(MAKE) -s --no-print-directory -j$$(nproc) $(PROGRAMS)
	@exec tools/run.sh $(B)
demo: ## the same without a person: ten stories, judged by the other side
	@tools/packages.sh build test
	@$(MAKE) -s --no-print-directory -j$$(nproc) $(PROGRAMS) $(B)/packdemo
	@exec $(B)/packdemo --programs $(B)
.PHONY: run demo

# Runs the station in simulated worlds; built like a test, from the same objects as the firmware.
PACKSIM_O := $(call obj,$(sort $(wildcard tools/packsim/*.c)))
$(B)/packsim: $(PACKSIM_O) $(LIBWORLD) $(LIBSUPPORT) $(LIBPEERS) $(LIBCORE) $(LIBSIM)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -o $@ $(PACKSIM_O) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(CORE_LIBS)
all: $(B)/packsim
SEEDS ?= 200
sim: ## seeded worlds with faults (SEEDS=200; -O2)
	@$(MAKE) --no-print-directory VARIANT=release build/release/packsim
	@build/release/packsim --seeds 1..$(SEEDS)
	@for plan in $(sort $(wildcard tests/simulation/plans/*.plan)); do build/release/packsim --plan $$plan || exit 1; done
# Each planted bug: NAME:file. The file is compiled with -DPLANT_NAME and takes the place of its object in
# the library.
PLANTS := SYNC_NORMAL:firmware/store/store_setup.c LOG_STAYS:firmware/store/store.c \
          ACK_BEFORE_COMMIT:firmware/station.c SEND_BEFORE_COMMIT:firmware/station.c \
          MEMORY_KEPT:firmware/station.c STALE_JOB:drivers/printer/printer.c \
          PRINTER_HAMMER:firmware/station/devices.c KEY_REPEATS:firmware/store/store_migrate.c \
          NEW_KEY_ON_RETRY:firmware/channels/push.c \
          UNKNOWN_AS_FAILED:firmware/outbox/outbox_result.c DONE_BEFORE_REPLY:firmware/outbox/outbox_try.c \
          SHOP_BEFORE_CLARUS:firmware/outbox/message.c LANE_OVERTAKING:firmware/outbox/message.c LOOK_TOO_EARLY:firmware/outbox/outbox_result.c \
          SKIP_LOOK:firmware/clarus/shipment_make.c RETRY_ON_401:firmware/clarus/call.c \
          REFUSED_CLEARS_COUNT:firmware/bench/pack.c
CANARY_SEEDS ?= 1000
sim-canary: ## planted bugs, and within how many seeds the checker finds each (-O2)
	@$(MAKE) --no-print-directory VARIANT=release build/release/packsim
	@mkdir -p build/canary; failed=0; for plant in $(PLANTS); do name=$${plant%%:*}; file=$${plant#*:}; \
	   gcc $(filter-out $(OPT_$(VARIANT)) -Ibuild/$(VARIANT)/gen -I$(B)/gen,$(CORE_CFLAGS)) $(OPT_release) -Ibuild/release/gen -DPLANT_$$name -c -o build/canary/$$name.o $$file && \
	   gcc -pie -o build/canary/$$name $(PACKSIM_O:$(B)/%=build/release/%) build/canary/$$name.o -Wl,--start-group build/release/libworld.a \
	     build/release/libsupport.a build/release/libpeers.a build/release/libcore.a build/release/libsim.a -Wl,--end-group $(CORE_LIBS) || exit 1; \
	   found=$$(build/canary/$$name --seeds 1..$(CANARY_SEEDS) --jobs 1 --until-broken | grep -m1 '^seed '); \
	   if [ -n "$$found" ]; then echo "$$name: $$found"; else echo "$$name: NOT FOUND in $(CANARY_SEEDS) seeds"; failed=1; fi; done; exit $$failed
.PHONY: sim sim-canary

EVERY ?= 1
torture: ## every call of the firmware to the outside fails in turn (EVERY=1: each; under the sanitizers with VARIANT=asan)
	@$(MAKE) --no-print-directory $(TORTURE)
	@EVERY=$(EVERY) $(TORTURE)
KILLS ?= 2000
kill-test: ## packd killed with SIGKILL at random moments under load (KILLS=2000)
	@$(MAKE) --no-print-directory VARIANT=release build/release/tests/contract/kill_test
	@KILLS=$(KILLS) build/release/tests/contract/kill_test
.PHONY: torture kill-test

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

all: $(LIBCORE) $(LIBLINUX) ## build everything (VARIANT=dev, release, asan, cov or clang)

packages: ## install every Debian package that is missing (root or sudo)
	@tools/packages.sh build test check

# ----------------------------------------------------------------------------------------- tests --
unit: $(UNIT) ## unit tests
	@tests/run.sh $(UNIT)
replay: $(DEVICE_LOGS) ## what devices said, through their drivers, in any chunking
	@tests/run.sh $(DEVICE_LOGS)
contract: $(CONTRACT) ## the HAL on real ptys, sockets, loopback HTTP and TLS
	@tests/run.sh $(CONTRACT)
simulation: $(SIMTESTS) ## the whole station on simulated time
	@tests/run.sh $(SIMTESTS)
browser: $(BROWSER) ## the pages in headless Chromium
	@tests/run.sh $(BROWSER)
test: ## every test; ends with "N passed, N failed"
	@tools/packages.sh build test
	@$(MAKE) --no-print-directory -j$$(nproc) test-programs
	@tests/run.sh $(UNIT) $(DEVICE_LOGS) $(SIMTESTS) $(TORTURE) $(REPLAY) $(CONTRACT) $(BROWSER)
test-programs: all $(UNIT) $(DEVICE_LOGS) $(SIMTESTS) $(TORTURE) $(REPLAY) $(CONTRACT) $(BROWSER)
CODES_SAY := $(B)/tests/differential/codes_say
$(CODES_SAY): $(B)/tests/differential/codes_say.o $(LIBCORE)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -o $@ $< $(LIBCORE) $(CORE_LIBS)
SEED ?= 1
COUNT ?= 3000
differential: $(CODES_SAY) ## GS1 data beside an independent parser from npm (SEED=1 COUNT=3000)
	@tests/differential/run.sh $(CODES_SAY) $(SEED) $(COUNT)
.PHONY: differential
SECONDS ?= 60
fuzz: ## every parser under libFuzzer and the sanitizers, SECONDS=60 each; what is found stays in build/fuzz
	@$(MAKE) --no-print-directory VARIANT=fuzz fuzz-programs
	@tests/fuzz/run.sh $(SECONDS) $(FUZZ:$(B)/%=build/fuzz/%)
fuzz-programs: $(FUZZ)
.PHONY: fuzz fuzz-programs

# ------------------------------------------------------------------- shops that others wrote --
# Packages of tests/peers/package.json, exact versions. Without Node.js or its registry the tests skip.
PEERS_READY := tests/peers/node_modules/.package-lock.json
$(B)/tests/peers/live_test: $(B)/tests/peers/live_test.o $(LIBSUPPORT) $(LIBPEERS) $(LIBCORE) $(LIBLINUX) \
    $(addprefix $(B)/,packd packpeers packvirtual packd-barcodes)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(CORE_LIBS) $(LINUX_LIBS) -lcmocka
$(PEERS_READY): tests/peers/package-lock.json
	@cd tests/peers && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error >/dev/null 2>&1 || true
peers: $(B)/tests/peers/live_test ## orders reported to shops that others wrote (Node.js packages)
	@$(MAKE) --no-print-directory $(PEERS_READY)
	@tests/run.sh $(B)/tests/peers/live_test
.PHONY: peers

# ----------------------------------------------------------------- devices in a virtual machine --
ARM64_PACKAGES := linux-image-arm64 busybox-static libc6-dev libcurl4-openssl-dev libmbedtls-dev libcjson-dev \
                  libserialport-dev libsqlite3-dev libmicrohttpd-dev libsystemd-dev libpng-dev libcmocka-dev libssl-dev
DEVICES_O := $(call obj,tests/devices/gadget.c tests/devices/paper.c)
DEVICE_TESTS := $(addprefix $(B)/tests/devices/,devices_test station_test)
$(DEVICE_TESTS): $(B)/tests/devices/%: $(B)/tests/devices/%.o $(DEVICES_O) $(LIBSUPPORT) $(LIBPEERS) $(LIBCORE) $(LIBLINUX)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(CORE_LIBS) $(LINUX_LIBS) -lcmocka
device-programs: $(DEVICE_TESTS) $(B)/packd $(B)/packpeers
build/devices_host: tests/devices/host.c
	@mkdir -p $(@D) && gcc -std=c17 $(WARN) -O1 -g -D_GNU_SOURCE -o $@ $<
test-devices: build/devices_host ## real USB devices on an arm64 kernel, in a virtual machine
	@tools/packages.sh build devices
	@if tools/arm64_sysroot.sh $(ARM64_ROOT) $(ARM64_PACKAGES); then \
	   $(MAKE) --no-print-directory VARIANT=arm64 -j$$(nproc) device-programs && tests/devices/run.sh $(ARM64_ROOT) build; \
	 else echo "skipped: test-devices: the arm64 packages cannot be fetched"; fi
.PHONY: test-devices device-programs

# ---------------------------------------------------------------------------------------- bench --
# Each program prints rows of one table; none of them judges. FULL=1 adds the rows with a million.
.PHONY: bench bench-codes bench-programs release
FULL ?= 0
BENCH_COMMON_O := $(call obj,tests/bench/figures.c tests/bench/waiting.c)
BENCH_SIM := $(B)/tests/bench/order_bench $(B)/tests/bench/waiting_bench $(B)/tests/bench/codes_bench
BENCH_LINUX := $(B)/tests/bench/drain_bench $(B)/tests/bench/process_bench $(B)/tests/bench/label_bench
$(BENCH_SIM): $(B)/tests/bench/%: $(B)/tests/bench/%.o $(BENCH_COMMON_O) $(LIBSUPPORT) $(LIBPEERS) $(LIBCORE) $(LIBSIM)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(CORE_LIBS) -lcmocka
$(BENCH_LINUX): $(B)/tests/bench/%: $(B)/tests/bench/%.o $(BENCH_COMMON_O) $(LIBSUPPORT) $(LIBPEERS) $(LIBCORE) $(LIBLINUX)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(CORE_LIBS) $(LINUX_LIBS) -lssl -lcrypto -lcmocka
$(B)/tests/bench/idle_floor: $(B)/tests/bench/idle_floor.o
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -o $@ $< $(CORE_LIBS) $(LINUX_LIBS)
bench-programs: $(addprefix $(B)/,packd packpeers packvirtual packd-barcodes) $(BENCH_SIM) $(BENCH_LINUX) $(B)/tests/bench/idle_floor $(B)/packd.stripped
bench-codes: ## what reading a code costs, release build
	@$(MAKE) --no-print-directory VARIANT=release build/release/tests/bench/codes_bench
	@build/release/tests/bench/codes_bench
bench: ## figures beside their floors, release build (FULL=1: with a million waiting)
	@$(MAKE) --no-print-directory VARIANT=release bench-programs
	@tests/bench/run.sh build/release $(FULL)

# -------------------------------------------------------------------------------------- release --
release: ## packd stripped and hardened, its size and a proof of each hardening property
	@$(MAKE) --no-print-directory VARIANT=release build/release/packd.stripped
	@tools/hardening.sh build/release/packd.stripped
$(B)/packd.stripped: $(B)/packd
	@strip --strip-all -o $@ $<

# --------------------------------------------------------------------------------------- checks --
# What the pure rooms may ask of the outside: the HAL, their libraries, and the plain C library.
SEAMS := hal_|sqlite3_|cJSON_|mbedtls_|png_|mem(cpy|move|set|cmp|chr)$$|str(len|cmp|ncmp|chr|rchr|str|spn|cspn|tod)$$|v?snprintf$$|(malloc|calloc|realloc|free|abort)$$|setjmp$$|_setjmp$$|__sigsetjmp$$|longjmp$$|__longjmp_chk$$|__stack_chk_fail$$|__(assert|snprintf|vsnprintf|memcpy|memset|memmove)(_chk|_fail)$$|qsort$$|bsearch$$|_GLOBAL_OFFSET_TABLE_$$|l?l?round$$|floor$$|ceil$$|fabs$$|pow$$|isnan$$
seams: $(LIBCORE) ## firmware and drivers reach the system only through the HAL
	@nm -A --defined-only $(LIBCORE) | awk '{print $$NF}' | sort -u > $(B)/seams.ours
	@nm -u $(LIBCORE) | awk '$$1 == "U" {print $$2}' | sort -u | comm -23 - $(B)/seams.ours | grep -vE '^($(SEAMS))' > $(B)/seams.foreign || true
	@if [ -s $(B)/seams.foreign ]; then echo "seams: the core reaches past the HAL:"; cat $(B)/seams.foreign; exit 1; fi
	@if grep -nE '#include <(unistd|fcntl|sys/|poll|pthread|time|termios|signal|curl|microhttpd|libserialport|errno)' $(FIRMWARE_C) $(DRIVERS_C) $(wildcard firmware/*.h firmware/*/*.h drivers/*/*.h); then echo "seams: a system header in the core"; exit 1; fi
	@if grep -lE 'cJSON\.h' $(wildcard firmware/*/*.[ch] drivers/*/*.[ch]) | grep -v '^firmware/base/json'; then echo "seams: only json*.c knows cJSON"; exit 1; fi
	@if grep -nwE 'strcpy|strcat|sprintf|strncpy|strtok|atoi|strtol|gets|alloca|malloc|calloc|realloc' $(filter-out firmware/base/mem.c,$(FIRMWARE_C) $(DRIVERS_C)) | grep -vE '^[^:]+:[0-9]+: *(/?\*|//)'; then echo "seams: a banned function"; exit 1; fi
	@echo "seams: green"

ALL_C := $(FIRMWARE_C) firmware/main.c $(DRIVERS_C) $(LINUX_C) $(SIM_C) $(wildcard tools/*.c tools/*/*.c tests/*/*.c)
ALL_H := $(wildcard hal/*.h hal/*/*.h drivers/*/*.h firmware/*.h firmware/*/*.h tools/*/*.h tests/*/*.h)
format: ## lay every file out with clang-format
	@clang-format -i $(ALL_C) $(ALL_H)
format-check:
	@clang-format --dry-run -Werror $(ALL_C) $(ALL_H) && echo "format: green"
TIDY_O := $(patsubst %.c,$(B)/tidy/%.ok,$(ALL_C))
$(B)/tidy/%.ok: %.c .clang-tidy
	@mkdir -p $(@D)
	@echo "TIDY $<"
	@clang-tidy --quiet $< -- -std=c17 $(if $(filter firmware/main.c hal/linux/% tools/% tests/%,$<),-D_GNU_SOURCE) -I. 2>$@.log || { grep -v 'warnings generated\|Suppressed\|Use -header-filter' $@.log; exit 1; }
	@touch $@
tidy: $(TIDY_O) ## clang-tidy
cppcheck: ## cppcheck
	@cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr --enable=warning,portability,performance --suppress=missingIncludeSystem \
	   --suppress=checkersReport -I. -D__GNUC__ firmware drivers hal tools && echo "cppcheck: green"
docs-check: ## what the documents name exists
	@tests/docs_check.sh
check: packages ## formatting, seams, linters, and every test under gcc, clang and the sanitizers
	@$(MAKE) --no-print-directory format-check seams cppcheck docs-check
	@$(MAKE) --no-print-directory -j$$(nproc) tidy
	@$(MAKE) --no-print-directory VARIANT=clang test
	@$(MAKE) --no-print-directory VARIANT=asan test

.PHONY: docs-check packages test test-programs browser seams format format-check tidy cppcheck check
