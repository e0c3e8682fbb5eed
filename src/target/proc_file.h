/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files under /proc, read whole, and the "Name:\tvalue" lines of the status
 * file. No judgement here: what an errno means for the user is said by
 * target/process_access.h.
 */
#ifndef PLUMB_TARGET_PROC_FILE_H
#define PLUMB_TARGET_PROC_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Reads /proc/PID/name whole. Returns 0, or a positive errno. *ret_text is
 * followed by a NUL that is not counted; the caller frees it.
 */
int proc_file_read(pid_t pid, const char *name, char **ret_text, size_t *ret_length);

/* The same for a file of one thread: /proc/PID/task/TID/name. */
int proc_file_read_thread(pid_t pid, pid_t tid, const char *name, char **ret_text,
                          size_t *ret_length);

/*
 * Field number (as proc_pid_stat(5) counts, from 4 on) of a stat file; false
 * when it is missing or no number. The name, which may hold anything, is skipped.
 */
bool proc_stat_number(const char *stat, unsigned int field, uint64_t *ret);

/* The text after "key:" and blanks, or NULL. Not terminated at the line's end. */
const char *proc_status_value(const char *status, const char *key);

/* The number there; false when the key or a number is missing. base 10 or 16. */
bool proc_status_number(const char *status, const char *key, int base, uint64_t *ret);

/* The letter of "State:", or '?'. */
char proc_status_state(const char *status);

#endif
