# SPDX-License-Identifier: Apache-2.0
#
# Short names for what a person types; the build itself is meson's.
#
#	make            build/plumb
#	make demo       set up, build, and find a leak in a sample service
#	make test       set up, and run everything that has to pass
#	make check      the quick part of it: unit tests, layers, format, spelling
#	make bench      plumb against other tools: one large heap, lost blocks
#	make fuzz       a minute of each fuzzer (FUZZ_SECONDS=60)
#	make tidy       clang-tidy
#	make format     clang-format all C files in place

BUILD ?= build
FUZZ_SECONDS ?= 60

.PHONY: all setup demo test check bench fuzz tidy format clean

all: setup $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet

$(BUILD)/build.ninja:
	@meson setup $(BUILD) >/dev/null

setup:
	@tools/setup build

demo: all
	@examples/demo

test:
	@tools/run-tests

check: all
	@tools/check-style
	@meson test -C $(BUILD) --quiet --print-errorlogs --num-processes 2

bench: all
	@bench/run
	@bench/leaks

fuzz:
	@tools/setup test
	@tools/run-fuzzers $(FUZZ_SECONDS)

tidy:
	@tools/setup test
	@test -e build-clang/build.ninja || CC=clang meson setup build-clang >/dev/null
	@git ls-files 'src/*.c' | xargs -P 2 -n 4 clang-tidy -quiet -p build-clang

format:
	@git ls-files '*.c' '*.h' | xargs clang-format -i

clean:
	@rm -rf build build-*
