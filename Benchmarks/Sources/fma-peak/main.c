// What the processor's multiply-add units reach in float32, and its memory: the yardsticks of the table.
//
//     fma-peak [THREADS [SECONDS]]  prints {"workload":"peak","threads":2,"gigaflops":207.1}
//                                          {"workload":"memory","threads":2,"gigabytes":31.2}
//                                          {"workload":"triad","threads":2,"gigabytes":24.8}
//
// Every thread runs twelve independent chains of fused multiply-adds in registers, enough to hide
// their latency on every core of today, in the widest vectors that the processor has; the best 20 ms
// count, since the machine may be shared. Then every thread reads 128 MiB again and again, more than any
// cache of its own holds (a cache that many cores share may hold them). At last the triad of STREAM
// (McCalpin 1995), a = b + s·c, on three arrays of 128 MiB of float64 a thread. As is STREAM's
// convention, an element counts 24 bytes, those that the program names: where a processor reads a line
// of `a` before it overwrites it (write-allocate), 32 are moved, and the 8 more are not counted.
// A pass over memory begins and ends for all threads together; the best pass counts.

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CHAINS = 12, STEPS = 1 << 14, MAXIMUM_THREADS = 256 };

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

// Defines `name`: runs CHAINS × STEPS fused multiply-adds of LANES floats, returns their flops.
#define DEFINE_CHAINS(name, LANES, ATTRIBUTE)                                                 \
  typedef float name##_vector __attribute__((vector_size(LANES * sizeof(float))));            \
  ATTRIBUTE static double name(float *sink) {                                                 \
    name##_vector factor = {0}, term = {0}, sums[CHAINS];                                     \
    for (int lane = 0; lane < LANES; lane++) factor[lane] = 0.999f, term[lane] = 0.001f;      \
    for (int chain = 0; chain < CHAINS; chain++) sums[chain] = term * (float)chain;           \
    for (int step = 0; step < STEPS; step++) {                                                \
      _Pragma("clang loop unroll(full)") for (int chain = 0; chain < CHAINS; chain++)         \
        sums[chain] = __builtin_elementwise_fma(sums[chain], factor, term);                   \
    }                                                                                         \
    for (int chain = 0; chain < CHAINS; chain++) *sink += sums[chain][chain % LANES];         \
    return 2.0 * LANES * CHAINS * STEPS;                                                      \
  }

#if defined(__x86_64__)
DEFINE_CHAINS(chains256, 8, __attribute__((target("avx2,fma"))))
DEFINE_CHAINS(chains512, 16, __attribute__((target("avx512f"))))
#else
DEFINE_CHAINS(chains128, 4, )
#endif

static double chains(float *sink) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return chains512(sink);
  if (__builtin_cpu_supports("fma") && __builtin_cpu_supports("avx2")) return chains256(sink);
  return 0;
#else
  return chains128(sink);
#endif
}

enum { WORDS = 1 << 24 };  // of 8 bytes: 128 MiB an array

typedef enum kind { PEAK, MEMORY, TRIAD, KINDS } kind;

typedef struct worker {
  pthread_t thread;
  kind kind;
  int index, threads;
  double seconds, best;  // the best of a thread's own arithmetic; of all threads' memory, the first's
  float sink;
  uint64_t *words;
  double *a, *b, *c;
} worker;

// Where threads wait for each other.
static atomic_int arrived, meetings;
static atomic_bool stopping;

static void meet(int threads) {
  const int meeting = atomic_load(&meetings);
  if (atomic_fetch_add(&arrived, 1) + 1 == threads) {
    atomic_store(&arrived, 0);
    atomic_fetch_add(&meetings, 1);
  } else {
    while (atomic_load(&meetings) == meeting) sched_yield();
  }
}

// Sums the words up in chains enough to wait for no addition.
static double read_words(worker *self) {
  uint64_t sums[32] = {0};
  for (size_t i = 0; i < WORDS; i += 32)
    for (int j = 0; j < 32; j++) sums[j] += self->words[i + (size_t)j];
  for (int j = 0; j < 32; j++) self->sink += (float)sums[j];
  return WORDS * sizeof(uint64_t);
}

static double triad(worker *self) {
  double *restrict a = self->a;
  const double *restrict b = self->b, *restrict c = self->c;
  const double s = 3;
  for (size_t i = 0; i < WORDS; i++) a[i] = b[i] + s * c[i];
  self->sink += (float)a[WORDS / 2];
  return 3.0 * WORDS * sizeof(double);
}

static void move_memory(worker *self) {
  const double end = now() + self->seconds;
  do {
    meet(self->threads);
    const double start = now();
    const double bytes = self->kind == TRIAD ? triad(self) : read_words(self);
    meet(self->threads);
    if (self->index == 0) {
      const double rate = self->threads * bytes / (now() - start);
      if (rate > self->best) self->best = rate;
      atomic_store(&stopping, now() >= end);
    }
    meet(self->threads);
  } while (!atomic_load(&stopping));
}

static void *work(void *argument) {
  worker *self = argument;
  if (self->kind != PEAK) {
    move_memory(self);
    return NULL;
  }
  const double end = now() + self->seconds;
  while (now() < end) {
    double flops = 0, start = now(), elapsed = 0;
    while (elapsed < 0.02) {
      flops += chains(&self->sink);
      elapsed = now() - start;
    }
    if (flops / elapsed > self->best) self->best = flops / elapsed;
  }
  return NULL;
}

static bool allocate(worker *self) {
  if (self->kind == MEMORY) {
    self->words = malloc(WORDS * sizeof(uint64_t));
    if (!self->words) return false;
    for (size_t i = 0; i < WORDS; i++) self->words[i] = i;
  }
  if (self->kind == TRIAD) {
    self->a = malloc(3 * (size_t)WORDS * sizeof(double));
    if (!self->a) return false;
    self->b = self->a + WORDS;
    self->c = self->b + WORDS;
    for (size_t i = 0; i < WORDS; i++) self->a[i] = 0, self->b[i] = 2, self->c[i] = 1;
  }
  return true;
}

static int fail(const char *what) {
  fprintf(stderr, "error: %s\n", what);
  return 1;
}

int main(int count, char **arguments) {
  char *end = NULL;
  errno = 0;
  const long threads = count > 1 ? strtol(arguments[1], &end, 10) : 1;
  if (count > 1 && (errno || end == arguments[1] || *end || threads < 1 || threads > MAXIMUM_THREADS)) {
    fprintf(stderr, "error: THREADS is \"%s\", and must be a whole number from 1 to %d; try `fma-peak 2 0.5`\n",
            arguments[1], MAXIMUM_THREADS);
    return 2;
  }
  const double seconds = count > 2 ? strtod(arguments[2], &end) : 0.5;
  if (count > 2 && (end == arguments[2] || *end || !isfinite(seconds) || seconds <= 0)) {
    fprintf(stderr, "error: SECONDS is \"%s\", and must be a number over 0; try `fma-peak 2 0.5`\n",
            arguments[2]);
    return 2;
  }
  if (count > 3) {
    fprintf(stderr, "error: nothing may follow THREADS and SECONDS, but there is \"%s\"; leave it out\n",
            arguments[3]);
    return 2;
  }
  static worker workers[MAXIMUM_THREADS];
  double totals[KINDS] = {0};
  for (kind kind = PEAK; kind < KINDS; kind++) {
    for (int i = 0; i < threads; i++) {
      const float sink = workers[i].sink;
      workers[i] = (worker){
        .kind = kind, .index = i, .threads = (int)threads, .seconds = seconds, .sink = sink};
      if (!allocate(&workers[i])) return fail("no memory: 384 MiB a thread are needed; take fewer threads");
    }
    for (int i = 0; i < threads; i++)
      if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
        return fail("the system gives no further thread; take fewer");
    for (int i = 0; i < threads; i++) {
      pthread_join(workers[i].thread, NULL);
      totals[kind] += workers[i].best;
      free(workers[i].words);
      free(workers[i].a);
    }
  }
  // Nothing reads the sinks, but the compiler must not know.
  if (workers[0].sink == 12345.0f) fputs("", stderr);
  printf("{\"workload\":\"peak\",\"threads\":%ld,\"gigaflops\":%.1f}\n", threads, totals[PEAK] / 1e9);
  printf("{\"workload\":\"memory\",\"threads\":%ld,\"gigabytes\":%.1f}\n", threads, totals[MEMORY] / 1e9);
  printf("{\"workload\":\"triad\",\"threads\":%ld,\"gigabytes\":%.1f}\n", threads, totals[TRIAD] / 1e9);
  return 0;
}
