// Kills the process that it is preloaded into, at a call that was chosen beforehand: kill -9, so that
// nothing can be tidied up. See Scripts/test-faults.
//
//   FAULT_CLOCK=n   at the n-th look at the clock, of which a step of training takes one
//   FAULT_FILE=n    in the n-th of the calls that make a file: in the middle of a write (half of its
//                   bytes are written), after an fsync, before a rename or an unlink
//   FAULT_COUNT=f   writes both counts to the file f when the process ends by itself
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static atomic_long clock_calls, file_calls;

static int is_due(const char *name, atomic_long *calls) {
  long call = atomic_fetch_add(calls, 1) + 1;
  const char *chosen = getenv(name);
  return chosen && atol(chosen) == call;
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

// Whether a descriptor is a file that is being written beside its goal.
static int is_temporary(int descriptor) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 4) return 0;
  path[length] = 0;
  return strcmp(path + length - 4, ".tmp") == 0;
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
  ssize_t (*next)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
  if (is_temporary(descriptor) && is_due("FAULT_FILE", &file_calls)) {
    next(descriptor, bytes, count / 2);
    die();
  }
  return next(descriptor, bytes, count);
}

int fsync(int descriptor) {
  int (*next)(int) = dlsym(RTLD_NEXT, "fsync");
  int result = next(descriptor);
  if (is_due("FAULT_FILE", &file_calls)) die();
  return result;
}

int rename(const char *from, const char *to) {
  int (*next)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");
  if (is_due("FAULT_FILE", &file_calls)) die();
  return next(from, to);
}

int unlink(const char *path) {
  int (*next)(const char *) = dlsym(RTLD_NEXT, "unlink");
  if (is_due("FAULT_FILE", &file_calls)) die();
  return next(path);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
  int (*next)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
  if (is_due("FAULT_CLOCK", &clock_calls)) die();
  return next(clock, time);
}

__attribute__((destructor)) static void report(void) {
  const char *path = getenv("FAULT_COUNT");
  FILE *file = path ? fopen(path, "w") : NULL;
  if (!file) return;
  fprintf(file, "%ld %ld\n", atomic_load(&clock_calls), atomic_load(&file_calls));
  fclose(file);
}
