// Counts the calls of the allocator, so that a test can show that a training step makes none. On
// glibc only: the program's own malloc takes precedence over the library's, which stays reachable as
// __libc_malloc. Sanitizers bring their own and must not be replaced.
#include "CReference.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define REF_SANITIZED 1
#endif
#endif

#if defined(__GLIBC__) && !defined(REF_SANITIZED)
#include <errno.h>
#include <stdlib.h>

// Of this thread alone: tests run in parallel.
static _Thread_local int64_t allocations;

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static void count(void) { allocations++; }

void *malloc(size_t bytes) {
  count();
  return __libc_malloc(bytes);
}
void *calloc(size_t number, size_t bytes) {
  count();
  return __libc_calloc(number, bytes);
}
void *realloc(void *memory, size_t bytes) {
  count();
  return __libc_realloc(memory, bytes);
}
void *memalign(size_t alignment, size_t bytes) {
  count();
  return __libc_memalign(alignment, bytes);
}
void *aligned_alloc(size_t alignment, size_t bytes) {
  count();
  return __libc_memalign(alignment, bytes);
}
int posix_memalign(void **memory, size_t alignment, size_t bytes) {
  count();
  if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0)
    return EINVAL;
  void *result = __libc_memalign(alignment, bytes);
  if (!result) return ENOMEM;
  *memory = result;
  return 0;
}

int64_t allocation_count(void) { return allocations; }
#else
int64_t allocation_count(void) { return -1; }
#endif
