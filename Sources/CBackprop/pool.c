// A persistent pool of threads. A region has one part for each thread, and a part is always the same
// thread's, so that what it wrote in one region lies in its cache for the next. Only what a worker has
// not begun is taken over by the caller: a worker that the system keeps from running costs nothing but
// its help. Which thread runs a part changes no bit. Workers spin for a while between regions, since
// within a training step the next one is microseconds away, then sleep.
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "internal.h"

enum {
  SPINS = 20000,
  PATIENCE = 6,  // spins for a worker's part before the caller looks whether it has begun
};

// The numbers of the last region whose part was claimed, and of the last that this worker finished; on
// cache lines of their own, so that one message tells the worker to begin and one the caller to go on.
struct worker {
  _Alignas(128) atomic_uint claimed;
  _Alignas(128) atomic_uint finished;
  pthread_t thread;
  bp_pool *pool;
};

struct bp_pool {
  int threads;
  struct worker *workers;  // of parts 1, 2, …
  atomic_bool busy;
  pthread_mutex_t mutex;
  pthread_cond_t wake;
  // What opening a region writes, on one cache line.
  _Alignas(128) atomic_uint region;
  atomic_bool stopping;
  void (*body)(void *context, int part, int parts);
  void *context;
  _Alignas(128) atomic_int sleepers;
};

static inline void pause_briefly(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Whether the part of this worker in a region falls to whoever asks. Body and context belong to the
// region for as long as a claimed part is unfinished: the caller opens no other before.
static inline bool claim(struct worker *worker, unsigned region) {
  unsigned before = region - 1;
  return atomic_compare_exchange_strong_explicit(&worker->claimed, &before, region,
                                                 memory_order_acq_rel, memory_order_acquire);
}

// A worker counts itself among the sleepers before it looks at the region, the caller opens the
// region before it looks at the sleepers, both sequentially consistent: one of them sees the other.
static unsigned wait_for_region_after(bp_pool *pool, unsigned seen) {
  for (int i = 0; i < SPINS; i++) {
    unsigned region = atomic_load_explicit(&pool->region, memory_order_acquire);
    if (region != seen) return region;
    pause_briefly();
  }
  pthread_mutex_lock(&pool->mutex);
  atomic_fetch_add(&pool->sleepers, 1);
  while (atomic_load(&pool->region) == seen) pthread_cond_wait(&pool->wake, &pool->mutex);
  atomic_fetch_sub(&pool->sleepers, 1);
  pthread_mutex_unlock(&pool->mutex);
  return atomic_load(&pool->region);
}

static unsigned open_region(bp_pool *pool) {
  unsigned region = atomic_load_explicit(&pool->region, memory_order_relaxed) + 1;
  atomic_store(&pool->region, region);
  if (atomic_load(&pool->sleepers) == 0) return region;
  pthread_mutex_lock(&pool->mutex);
  pthread_cond_broadcast(&pool->wake);
  pthread_mutex_unlock(&pool->mutex);
  return region;
}

static void *work(void *argument) {
  struct worker *worker = argument;
  bp_pool *pool = worker->pool;
  const int part = (int)(worker - pool->workers) + 1;
  for (unsigned region = 0;;) {
    region = wait_for_region_after(pool, region);
    if (atomic_load_explicit(&pool->stopping, memory_order_relaxed)) return NULL;
    if (!claim(worker, region)) continue;
    pool->body(pool->context, part, pool->threads);
    atomic_store_explicit(&worker->finished, region, memory_order_release);
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
  const unsigned region = open_region(pool);
  body(context, 0, pool->threads);
  for (int part = 1; part < pool->threads; part++) {
    struct worker *worker = &pool->workers[part - 1];
    // A worker that has begun may have lost its processor: after a while the caller steps aside for it.
    for (int i = 0; atomic_load_explicit(&worker->finished, memory_order_acquire) != region; i++) {
      if (i == PATIENCE && claim(worker, region)) {
        body(context, part, pool->threads);
        break;
      }
      if (i < SPINS) pause_briefly();
      else sched_yield();
    }
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
  const size_t others = threads > 1 ? (size_t)threads - 1 : 0;
  const size_t bytes = (others > 0 ? others : 1) * sizeof(struct worker);
  pool->threads = 1;
  if (posix_memalign(&memory, _Alignof(struct worker), bytes) != 0) return pool;
  pool->workers = memset(memory, 0, bytes);
  for (size_t i = 0; i < others; i++) {
    pool->workers[i].pool = pool;
    if (pthread_create(&pool->workers[i].thread, NULL, work, &pool->workers[i]) != 0) break;
    pool->threads++;
  }
  return pool;
}

void bp_pool_destroy(bp_pool *pool) {
  if (!pool) return;
  atomic_store(&pool->stopping, true);
  open_region(pool);
  for (int i = 0; i < pool->threads - 1; i++) pthread_join(pool->workers[i].thread, NULL);
  pthread_cond_destroy(&pool->wake);
  pthread_mutex_destroy(&pool->mutex);
  free(pool->workers);
  free(pool);
}

int bp_pool_threads(const bp_pool *pool) { return pool ? pool->threads : 1; }
