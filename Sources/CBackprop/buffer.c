// Memory: the buffers of matrices and parameters, and each thread's scratch.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "internal.h"

enum { SLACK = 4096 };
static const size_t huge_page = (size_t)2 << 20;
// From here on pages come from the system one by one as they are written: a matrix that is never
// filled costs nothing, and huge pages spare the TLB.
static const size_t mapped_from = (size_t)4 << 20;

static size_t mapped_length(size_t bytes) {
  return (bytes + SLACK + huge_page - 1) / huge_page * huge_page;
}

static void *map_aligned(size_t bytes) {
  size_t length = mapped_length(bytes);
  char *start = mmap(NULL, length + huge_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                     -1, 0);
  if (start == MAP_FAILED) return NULL;
  size_t before = (huge_page - (uintptr_t)start % huge_page) % huge_page;
  if (before > 0) munmap(start, before);
  if (huge_page > before) munmap(start + before + length, huge_page - before);
#if defined(MADV_HUGEPAGE)
  madvise(start + before, length, MADV_HUGEPAGE);
#endif
  return start + before;
}

void *bp_buffer_create(size_t bytes) {
  if (bytes > SIZE_MAX / 2) return NULL;
  if (bytes >= mapped_from) return map_aligned(bytes);
  void *buffer = NULL;
  if (posix_memalign(&buffer, 64, bytes + SLACK) != 0) return NULL;
  return memset(buffer, 0, bytes + SLACK);
}

void bp_buffer_destroy(void *buffer, size_t bytes) {
  if (!buffer) return;
  if (bytes >= mapped_from) munmap(buffer, mapped_length(bytes));
  else free(buffer);
}

void bp_prefer_huge_pages(void *start, size_t bytes) {
#if defined(MADV_HUGEPAGE)
  const size_t before = (huge_page - (uintptr_t)start % huge_page) % huge_page;
  if (bytes < mapped_from) return;
  madvise((char *)start + before, (bytes - before) / huge_page * huge_page, MADV_HUGEPAGE);
#else
  (void)start, (void)bytes;
#endif
}

// MARK: The lack of it

static void (*exhaustion_handler)(size_t bytes);

void bp_on_exhaustion(void (*handler)(size_t bytes)) { exhaustion_handler = handler; }

_Noreturn void bp_exhausted(size_t bytes) {
  if (exhaustion_handler) exhaustion_handler(bytes);
  fprintf(stderr, "Fatal error: out of memory: %zu bytes cannot be had\n", bytes);
  __builtin_trap();
}

static int64_t left_of(int limit, size_t used) {
  struct rlimit most;
  if (getrlimit(limit, &most) != 0 || most.rlim_cur > INT64_MAX) return INT64_MAX;
  return most.rlim_cur > used ? (int64_t)(most.rlim_cur - used) : 0;
}

int64_t bp_limit_left(void) {
  size_t pages = 0, data_pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file) {
    // Size, resident, shared, text, 0, data.
    if (fscanf(file, "%zu %*u %*u %*u %*u %zu", &pages, &data_pages) != 2) pages = data_pages = 0;
    fclose(file);
  }
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  int64_t space = left_of(RLIMIT_AS, pages * page), data = left_of(RLIMIT_DATA, data_pages * page);
  return space < data ? space : data;
}

// MARK: Scratch

static const size_t scratch_bytes =
    (BP_MOST_PACKED + (size_t)BP_MOST_LEVELS * BP_LEVEL) * sizeof(double);
static _Thread_local void *scratch;
static pthread_key_t scratch_key;
static pthread_once_t scratch_once = PTHREAD_ONCE_INIT;

// The key only serves to free the memory when its thread ends.
static void free_scratch(void *memory) { munmap(memory, scratch_bytes); }
static void make_key(void) { pthread_key_create(&scratch_key, free_scratch); }

void *bp_scratch(void) {
  if (scratch) return scratch;
  void *memory =
      mmap(NULL, scratch_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) bp_exhausted(scratch_bytes);
  pthread_once(&scratch_once, make_key);
  pthread_setspecific(scratch_key, memory);
  return scratch = memory;
}
