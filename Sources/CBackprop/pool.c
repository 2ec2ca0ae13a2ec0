// A persistent pool of threads. A region is a number of parts that are claimed one by one, by the
// caller too: a worker that the system keeps from running costs nothing but its help, and the caller
// waits only for parts that have begun. Which thread runs a part changes no bit. Workers spin for a
// while between regions, since within a training step the next one is microseconds away, then sleep.
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "internal.h"

enum { SPINS = 20000 };

struct bp_pool {
  int threads;
  void (*body)(void *context, int part, int parts);
  void *context;
  atomic_bool stopping, busy;
  pthread_t *workers;
  pthread_mutex_t mutex;
  pthread_cond_t wake;
  // Each on a cache line of its own. `claim` holds the number of the region in its upper half and the
  // next part of it that nobody has claimed in its lower half.
  _Alignas(128) atomic_ullong claim;
  _Alignas(128) atomic_int unfinished;
  _Alignas(128) atomic_int sleepers;
};

static inline unsigned region_of(unsigned long long claim) { return (unsigned)(claim >> 32); }

static inline void pause_briefly(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Runs parts of the region until all are claimed. Body and context belong to this region for as long
// as a claimed part of it is unfinished: the caller starts no other before.
static void run_parts(bp_pool *pool, unsigned region) {
  unsigned long long claim = atomic_load_explicit(&pool->claim, memory_order_acquire);
  while (region_of(claim) == region && (int)(unsigned)claim < pool->threads) {
    if (!atomic_compare_exchange_weak_explicit(&pool->claim, &claim, claim + 1,
                                               memory_order_acq_rel, memory_order_acquire))
      continue;
    pool->body(pool->context, (int)(unsigned)claim, pool->threads);
    atomic_fetch_sub_explicit(&pool->unfinished, 1, memory_order_release);
    claim = atomic_load_explicit(&pool->claim, memory_order_acquire);
  }
}

// A worker counts itself among the sleepers before it looks at the region, the caller opens the
// region before it looks at the sleepers, both sequentially consistent: one of them sees the other.
static unsigned wait_for_region_after(bp_pool *pool, unsigned seen) {
  for (int i = 0; i < SPINS; i++) {
    unsigned region = region_of(atomic_load_explicit(&pool->claim, memory_order_acquire));
    if (region != seen) return region;
    pause_briefly();
  }
  pthread_mutex_lock(&pool->mutex);
  atomic_fetch_add(&pool->sleepers, 1);
  while (region_of(atomic_load(&pool->claim)) == seen)
    pthread_cond_wait(&pool->wake, &pool->mutex);
  atomic_fetch_sub(&pool->sleepers, 1);
  pthread_mutex_unlock(&pool->mutex);
  return region_of(atomic_load(&pool->claim));
}

static void open_region(bp_pool *pool, unsigned parts_claimed) {
  unsigned region = region_of(atomic_load_explicit(&pool->claim, memory_order_relaxed)) + 1;
  atomic_store(&pool->claim, (unsigned long long)region << 32 | parts_claimed);
  if (atomic_load(&pool->sleepers) == 0) return;
  pthread_mutex_lock(&pool->mutex);
  pthread_cond_broadcast(&pool->wake);
  pthread_mutex_unlock(&pool->mutex);
}

static void *work(void *argument) {
  bp_pool *pool = argument;
  for (unsigned region = 0;;) {
    region = wait_for_region_after(pool, region);
    if (pool->stopping) return NULL;
    run_parts(pool, region);
  }
}

void bp_pool_run(bp_pool *pool, void (*body)(void *context, int part, int parts), void *context) {
  // Another caller's region, or one that this caller is within, is not waited for: the split into
  // parts changes no bit.
  if (!pool || pool->threads == 1 ||
      atomic_exchange_explicit(&pool->busy, true, memory_order_acquire)) {
    body(context, 0, 1);
    return;
  }
  pool->body = body;
  pool->context = context;
  atomic_store_explicit(&pool->unfinished, pool->threads - 1, memory_order_relaxed);
  open_region(pool, 1);
  body(context, 0, pool->threads);
  run_parts(pool, region_of(atomic_load_explicit(&pool->claim, memory_order_relaxed)));
  // A worker that has begun may have lost its processor: after a while the caller steps aside for it.
  for (int i = 0; atomic_load_explicit(&pool->unfinished, memory_order_acquire) != 0; i++) {
    if (i < SPINS) pause_briefly();
    else sched_yield();
  }
  atomic_store_explicit(&pool->busy, false, memory_order_release);
}

// If the system gives fewer threads than asked for, the pool is smaller: no result depends on it.
bp_pool *bp_pool_create(int threads) {
  void *memory = NULL;
  if (posix_memalign(&memory, _Alignof(bp_pool), sizeof(bp_pool)) != 0) return NULL;
  bp_pool *pool = memory;
  memset(pool, 0, sizeof *pool);
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->wake, NULL);
  size_t others = threads > 1 ? (size_t)threads - 1 : 0;
  pool->workers = calloc(others > 0 ? others : 1, sizeof *pool->workers);
  pool->threads = 1;
  if (!pool->workers) return pool;
  for (size_t i = 0; i < others; i++) {
    if (pthread_create(&pool->workers[i], NULL, work, pool) != 0) break;
    pool->threads++;
  }
  return pool;
}

void bp_pool_destroy(bp_pool *pool) {
  if (!pool) return;
  pool->stopping = true;
  open_region(pool, (unsigned)pool->threads);
  for (int i = 0; i < pool->threads - 1; i++) pthread_join(pool->workers[i], NULL);
  pthread_cond_destroy(&pool->wake);
  pthread_mutex_destroy(&pool->mutex);
  free(pool->workers);
  free(pool);
}

int bp_pool_threads(const bp_pool *pool) { return pool ? pool->threads : 1; }
