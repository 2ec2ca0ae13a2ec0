// What the processor's multiply-add units reach in float32: the yardstick of the table.
//
//     fma-peak THREADS SECONDS      prints {"workload":"peak","threads":2,"gigaflops":207.1}
//                                          {"workload":"memory","threads":2,"gigabytes":31.2}
//
// Every thread runs twelve independent chains of fused multiply-adds in registers, enough to hide
// their latency on every core of today; then it reads 128 MiB again and again, more than any cache of
// its own holds (a cache that many cores share may hold them). The widest vectors the processor has are tried; the best
// 20 ms window counts, since the machine may be shared.

#include <pthread.h>
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

typedef struct worker {
  pthread_t thread;
  double seconds, best;
  float sink;
  uint64_t *memory;  // NULL while the arithmetic is measured
} worker;

enum { WORDS = 1 << 24 };

// Sums up the memory in chains enough to wait for no addition; bytes a second of the best pass.
static void read_memory(worker *self) {
  const double end = now() + self->seconds;
  do {
    const double start = now();
    uint64_t sums[32] = {0};
    for (size_t i = 0; i < WORDS; i += 32)
      for (int j = 0; j < 32; j++) sums[j] += self->memory[i + (size_t)j];
    for (int j = 0; j < 32; j++) self->sink += (float)sums[j];
    const double rate = WORDS * sizeof(uint64_t) / (now() - start);
    if (rate > self->best) self->best = rate;
  } while (now() < end);
}

static void *work(void *argument) {
  worker *self = argument;
  if (self->memory) {
    read_memory(self);
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

int main(int count, char **arguments) {
  const int threads = count > 1 ? atoi(arguments[1]) : 1;
  const double seconds = count > 2 ? atof(arguments[2]) : 0.5;
  static worker workers[MAXIMUM_THREADS];
  if (threads < 1 || threads > MAXIMUM_THREADS) {
    fprintf(stderr, "error: between 1 and %d threads\n", MAXIMUM_THREADS);
    return 2;
  }
  double totals[2] = {0};
  for (int kind = 0; kind < 2; kind++) {
    for (int i = 0; i < threads; i++) {
      workers[i].seconds = seconds;
      workers[i].best = 0;
      if (kind == 1) {
        workers[i].memory = malloc(WORDS * sizeof(uint64_t));
        if (!workers[i].memory) return 1;
        for (size_t word = 0; word < WORDS; word++) workers[i].memory[word] = word;
      }
      if (pthread_create(&workers[i].thread, NULL, work, &workers[i])) return 1;
    }
    for (int i = 0; i < threads; i++) {
      pthread_join(workers[i].thread, NULL);
      totals[kind] += workers[i].best;
      free(workers[i].memory);
    }
  }
  // Nothing reads the sinks, but the compiler must not know.
  if (workers[0].sink == 12345.0f) fputs("", stderr);
  printf("{\"workload\":\"peak\",\"threads\":%d,\"gigaflops\":%.1f}\n", threads, totals[0] / 1e9);
  printf("{\"workload\":\"memory\",\"threads\":%d,\"gigabytes\":%.1f}\n", threads, totals[1] / 1e9);
  return 0;
}
