/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one function that a fuzzer defines. libFuzzer calls it with inputs it
 * makes up, replay_main.c with the files of the corpus. It returns 0; whatever
 * it finds wrong it says by abort(), in a sanitizer's words where it can.
 */
#ifndef PLUMB_TESTS_FUZZ_TARGET_H
#define PLUMB_TESTS_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
