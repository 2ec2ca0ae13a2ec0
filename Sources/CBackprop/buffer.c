// Memory: the buffers of matrices and parameters, and each thread's scratch.
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

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
  if (memory == MAP_FAILED) __builtin_trap();
  pthread_once(&scratch_once, make_key);
  pthread_setspecific(scratch_key, memory);
  return scratch = memory;
}
