/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A target that blocks in one system call and tells how that ended, to show
 * that a picture is not noticed:
 *
 *	blocked_call KIND MS
 *
 * prints "ready", makes the call once, so that it should last MS (by its own
 * timeout, or by what a child does then), and prints "value=V errno=E ms=T".
 * The one thread there is has to be the one in which the picture's own system
 * calls are made.
 *
 * Two kinds block nowhere: `compute` runs a checksum in registers and on the
 * floating point unit for MS, its value is 0 while that is right; `signals`
 * gets queued signals from a child all that time, which prints "sent=N" first.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t handled;

static void count_signal(int number)
{
	(void)number;
	handled++;
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void sleep_ms(long ms)
{
	struct timespec time = {ms / 1000, ms % 1000 * 1000000};

	while (nanosleep(&time, &time) < 0)
		;
}

/* A child that does something after ms, and dies with us. */
static pid_t later(long ms, void (*act)(int fd), int fd)
{
	pid_t child = fork();

	if (child != 0)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sleep_ms(ms);
	act(fd);
	_exit(0);
}

static void write_byte(int fd)
{
	if (write(fd, "x", 1) != 1)
		_exit(1);
}

static void signal_parent(int fd)
{
	(void)fd;
	kill(getppid(), SIGUSR1);
}

static void do_nothing(int fd)
{
	(void)fd;
}

static struct timespec as_timespec(long ms)
{
	return (struct timespec){ms / 1000, ms % 1000 * 1000000};
}

static long block_in_nanosleep(long ms)
{
	struct timespec time = as_timespec(ms);

	return nanosleep(&time, NULL);
}

static long block_in_poll(long ms)
{
	return poll(NULL, 0, (int)ms);
}

/* The mask that holds during the call lets a signal in that is blocked otherwise. */
static long block_in_ppoll(long ms)
{
	sigset_t none;

	sigemptyset(&none);
	later(ms, signal_parent, -1);
	return ppoll(NULL, 0, NULL, &none);
}

static long block_in_select(long ms)
{
	struct timeval time = {ms / 1000, ms % 1000 * 1000};

	return select(0, NULL, NULL, NULL, &time);
}

static long block_in_futex(long ms)
{
	struct timespec time = as_timespec(ms);
	uint32_t word = 0;

	return syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &time, NULL, 0);
}

static long block_in_read(long ms)
{
	int ends[2];
	char byte;

	if (pipe(ends) < 0)
		return -2;
	later(ms, write_byte, ends[1]);
	return read(ends[0], &byte, 1);
}

static long block_in_recv(long ms)
{
	int ends[2];
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		return -2;
	later(ms, write_byte, ends[1]);
	return recv(ends[0], &byte, 1, 0);
}

static long block_in_sigsuspend(long ms)
{
	sigset_t none;

	sigemptyset(&none);
	later(ms, signal_parent, -1);
	return sigsuspend(&none);
}

static long block_in_wait(long ms)
{
	pid_t child = later(ms, do_nothing, -1);

	return wait4(-1, NULL, 0, NULL) == child ? 0 : -2;
}

static long block_in_epoll(long ms)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event;

	return epoll_wait(fd, &event, 1, (int)ms);
}

static long block_in_flock(long ms)
{
	char name[] = "/tmp/plumb-flock-XXXXXX";
	int mine = mkstemp(name);
	int other = open(name, O_RDWR | O_CLOEXEC);

	unlink(name);
	if (mine < 0 || other < 0 || flock(other, LOCK_EX) < 0)
		return -2;
	later(ms, do_nothing, -1);
	close(other); /* the child still holds it, until it ends */
	return flock(mine, LOCK_EX);
}

/* The same sum in general and in vector registers, over and over. */
static long compute(long ms)
{
	long end = now_ms() + ms;
	uint64_t expected = 0;

	while (now_ms() < end) {
		volatile double step = 0.5;
		double product = 1.0;
		uint64_t sum = 88172645463325252ULL;

		for (int i = 0; i < 100000; i++) {
			sum ^= sum << 13;
			sum ^= sum >> 7;
			sum ^= sum << 17;
			product = product * (1.0 + step) / (1.0 + step);
		}
		if (!expected)
			expected = sum;
		if (sum != expected || product < 0.999 || product > 1.001)
			return 1;
	}
	return 0;
}

/* Queued signals do not merge: as many must arrive as were sent. */
static long count_signals(long ms)
{
	long end = now_ms() + ms;
	pid_t parent = getpid();
	union sigval value = {0};
	int status;
	pid_t child = fork();

	if (child == 0) {
		int sent = 0;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (now_ms() < end)
			sent += sigqueue(parent, SIGRTMIN, value) == 0;
		printf("sent=%d\n", sent);
		fflush(stdout);
		_exit(0);
	}
	while (waitpid(child, &status, 0) < 0)
		;
	return handled;
}

struct kind {
	const char *name;
	long (*block)(long ms);
};

static const struct kind kinds[] = {
	{"nanosleep", block_in_nanosleep}, {"poll", block_in_poll},
	{"ppoll", block_in_ppoll},         {"select", block_in_select},
	{"futex", block_in_futex},         {"read", block_in_read},
	{"recv", block_in_recv},           {"sigsuspend", block_in_sigsuspend},
	{"wait", block_in_wait},           {"epoll", block_in_epoll},
	{"flock", block_in_flock},         {"compute", compute},
	{"signals", count_signals},
};

/* SIGUSR1 is handled, and blocked except where a call opens the mask. */
static void set_up_signals(void)
{
	struct sigaction action = {.sa_handler = count_signal};
	sigset_t blocked;

	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGRTMIN, &action, NULL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
}

static bool is_mask_intact(void)
{
	sigset_t mask;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	return sigismember(&mask, SIGUSR1) && !sigismember(&mask, SIGTERM) &&
	       !sigismember(&mask, SIGRTMIN);
}

int main(int argc, char **argv)
{
	long ms = argc == 3 ? strtol(argv[2], NULL, 10) : 0;

	set_up_signals();
	for (size_t i = 0; argc == 3 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		long start = now_ms();
		long value;

		if (strcmp(argv[1], kinds[i].name) != 0)
			continue;
		printf("ready\n");
		fflush(stdout);
		errno = 0;
		value = kinds[i].block(ms);
		printf("value=%ld errno=%d ms=%ld handled=%d mask=%d\n", value, errno,
		       now_ms() - start, (int)handled, is_mask_intact());
		return 0;
	}
	fprintf(stderr, "usage: blocked_call KIND MS\n");
	return 2;
}
