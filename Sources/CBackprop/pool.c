// A persistent pool of threads. A region is a step of an epoch counter: workers spin on it for a
// while, since within a training step the next region is microseconds away, then sleep.
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "internal.h"

enum { SPINS = 20000 };

struct worker {
  bp_pool *pool;
  int part;
  pthread_t thread;
};

struct bp_pool {
  int threads;
  void (*body)(void *context, int part, int parts);
  void *context;
  bool stopping;
  struct worker *workers;
  pthread_mutex_t mutex;
  pthread_cond_t wake;
  // Each on a cache line of its own: all workers spin on the first, all write the second.
  _Alignas(128) atomic_uint epoch;
  _Alignas(128) atomic_int unfinished;
  _Alignas(128) atomic_int sleepers;
};

static inline void pause_briefly(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// A worker counts itself among the sleepers before it looks at the epoch, the caller steps the epoch
// before it looks at the sleepers, both sequentially consistent: one of them sees the other.
static void wait_for_epoch_after(bp_pool *pool, unsigned seen) {
  for (int i = 0; i < SPINS; i++) {
    if (atomic_load_explicit(&pool->epoch, memory_order_acquire) != seen) return;
    pause_briefly();
  }
  pthread_mutex_lock(&pool->mutex);
  atomic_fetch_add(&pool->sleepers, 1);
  while (atomic_load(&pool->epoch) == seen) pthread_cond_wait(&pool->wake, &pool->mutex);
  atomic_fetch_sub(&pool->sleepers, 1);
  pthread_mutex_unlock(&pool->mutex);
}

static void step_epoch(bp_pool *pool) {
  atomic_fetch_add(&pool->epoch, 1);
  if (atomic_load(&pool->sleepers) == 0) return;
  pthread_mutex_lock(&pool->mutex);
  pthread_cond_broadcast(&pool->wake);
  pthread_mutex_unlock(&pool->mutex);
}

static void *work(void *argument) {
  struct worker *self = argument;
  bp_pool *pool = self->pool;
  for (unsigned epoch = 0;; epoch++) {
    wait_for_epoch_after(pool, epoch);
    if (pool->stopping) return NULL;
    pool->body(pool->context, self->part, pool->threads);
    atomic_fetch_sub_explicit(&pool->unfinished, 1, memory_order_release);
  }
}

void bp_pool_run(bp_pool *pool, void (*body)(void *context, int part, int parts), void *context) {
  if (!pool || pool->threads == 1) {
    body(context, 0, 1);
    return;
  }
  pool->body = body;
  pool->context = context;
  atomic_store_explicit(&pool->unfinished, pool->threads - 1, memory_order_relaxed);
  step_epoch(pool);
  body(context, 0, pool->threads);
  // More threads than processors: after a while the caller steps aside for a worker.
  for (int i = 0; atomic_load_explicit(&pool->unfinished, memory_order_acquire) != 0; i++) {
    if (i < SPINS) pause_briefly();
    else sched_yield();
  }
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
    struct worker *worker = &pool->workers[i];
    worker->pool = pool;
    worker->part = (int)i + 1;
    if (pthread_create(&worker->thread, NULL, work, worker) != 0) break;
    pool->threads++;
  }
  return pool;
}

void bp_pool_destroy(bp_pool *pool) {
  if (!pool) return;
  pool->stopping = true;
  step_epoch(pool);
  for (int i = 0; i < pool->threads - 1; i++) pthread_join(pool->workers[i].thread, NULL);
  pthread_cond_destroy(&pool->wake);
  pthread_mutex_destroy(&pool->mutex);
  free(pool->workers);
  free(pool);
}

int bp_pool_threads(const bp_pool *pool) { return pool ? pool->threads : 1; }
