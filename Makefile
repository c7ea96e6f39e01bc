# packd: the pack station. `make help` lists what there is.
# Variants live in build/<variant>: dev (default), release, asan, cov, clang.
VARIANT ?= dev
B := build/$(VARIANT)

CC_dev := gcc
CC_release := gcc
CC_asan := gcc
CC_cov := gcc
CC_clang := clang
ifeq ($(CC_$(VARIANT)),)
$(error unknown VARIANT '$(VARIANT)': use dev, release, asan, cov or clang)
endif
CC := $(CC_$(VARIANT))

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
        -Wvla -Wformat=2 -Wswitch-enum -Wundef -Werror
HARDEN := -fstack-protector-strong -fPIE
OPT_dev := -O1 -g
OPT_release := -O2 -g -D_FORTIFY_SOURCE=2 -ffunction-sections -fdata-sections
OPT_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
OPT_cov := -O0 -g --coverage
OPT_clang := -O1 -g
LINK_release := -Wl,--gc-sections
LINK_asan := -fsanitize=address,undefined
LINK_cov := --coverage
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

obj = $(patsubst %.c,$(B)/%.o,$(1))
CORE_O := $(call obj,$(FIRMWARE_C) $(DRIVERS_C))
LIBCORE := $(B)/libcore.a
LIBLINUX := $(B)/liblinux.a
LIBSIM := $(B)/libsim.a
LIBPEERS := $(B)/libpeers.a
LIBSUPPORT := $(B)/libsupport.a

UNIT := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/unit/*_test.c)))
CONTRACT := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/contract/*_test.c)))
SIMTESTS := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/simulation/*_test.c)))
BROWSER := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/browser/*_test.c)))

.DEFAULT_GOAL := all
.SECONDARY:
.PHONY: all help unit contract simulation

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

define archive
@rm -f $@; ar Drcs $@ $^
endef
$(LIBCORE): $(CORE_O) $(ASSET_O)
	$(archive)
$(LIBLINUX): $(call obj,$(LINUX_C))
	$(archive)
$(LIBSIM): $(call obj,$(SIM_C))
	$(archive)
$(LIBPEERS): $(call obj,$(PEERS_C))
	$(archive)
$(LIBSUPPORT): $(call obj,$(SUPPORT_C))
	$(archive)

# Unit and simulation tests run on hal/sim, contract and browser tests on hal/linux.
$(B)/tests/unit/%: $(B)/tests/unit/%.o $(LIBSUPPORT) $(LIBPEERS) $(LIBCORE) $(LIBSIM)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(CORE_LIBS) -lcmocka
$(B)/tests/simulation/%: $(B)/tests/simulation/%.o $(LIBSUPPORT) $(LIBPEERS) $(LIBCORE) $(LIBSIM)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(CORE_LIBS) -lcmocka
$(B)/tests/contract/%: $(B)/tests/contract/%.o $(LIBSUPPORT) $(LIBPEERS) $(LIBCORE) $(LIBLINUX)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(CORE_LIBS) $(LINUX_LIBS) -lssl -lcrypto -lcmocka
$(B)/tests/browser/%: $(B)/tests/browser/%.o $(LIBSUPPORT) $(LIBPEERS) $(LIBCORE) $(LIBLINUX)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(CORE_LIBS) $(LINUX_LIBS) -lcmocka

# ----------------------------------------------------------------------------- barcode reader --
# A program of its own, because it reads pictures from outside and runs as a job. Never built with the
# sanitizers: they do not fit into a job's address space.
BARCODES_C := tools/packd_barcodes.c firmware/base/mem.c firmware/base/slice.c firmware/base/text.c
$(B)/packd-barcodes: $(BARCODES_C) $(wildcard firmware/base/*.h) $(FLAGS_STAMP)
	@echo "LD $@"
	@$(CC) -std=c17 -D_GNU_SOURCE $(WARN) $(HARDEN) -O2 -D_FORTIFY_SOURCE=2 -I. -pie -Wl,-z,relro,-z,now \
	   -o $@ $(BARCODES_C) -lzbar
all: $(B)/packd-barcodes
$(B)/tests/contract/jobs_test: $(B)/packd-barcodes

-include $(shell find $(B) -name '*.d' 2>/dev/null)

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

all: $(LIBCORE) $(LIBLINUX) ## build

unit: $(UNIT) ## unit tests
	@set -e; for t in $(UNIT); do $$t; done
contract: $(CONTRACT) ## tests of the HAL on real ptys, sockets, loopback HTTP and TLS
	@set -e; for t in $(CONTRACT); do $$t; done
simulation: $(SIMTESTS) ## tests of the whole station on simulated time
	@set -e; for t in $(SIMTESTS); do $$t; done
