// GFLOP/s of the three products at the shapes of real training steps, beside the peak of the fused
// multiply-add measured in the same run. The best of fifteen windows each, of two for the largest:
// whatever else runs on the machine only takes away. One thread is measured in its processor time.
// See `run` beside this file.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "CBackprop.h"

static bp_pool *pool;

static double now(void) {
  struct timespec t;
  clock_gettime(pool ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// Twelve chains of fused multiply-adds in registers.
typedef float vec8 __attribute__((ext_vector_type(8)));
__attribute__((target("avx2,fma"), noinline)) static float chains(long count) {
  vec8 x[12], f = (vec8)0.999f, g = (vec8)0.001f;
  for (int i = 0; i < 12; i++) x[i] = (vec8)(float)i;
  for (long n = 0; n < count; n++)
#pragma clang loop unroll(full)
    for (int i = 0; i < 12; i++) x[i] = __builtin_elementwise_fma(x[i], f, g);
  vec8 sum = x[0];
  for (int i = 1; i < 12; i++) sum += x[i];
  return sum[0] + sum[7];
}
static double peak(void) {
  double best = 0;
  volatile float sink;
  volatile long count = 1000000;
  for (int i = 0; i < 15; i++) {
    double start = now();
    sink = chains(count);
    double rate = 12 * 16e6 / (now() - start) / 1e9;
    best = rate > best ? rate : best;
  }
  (void)sink;
  return best;
}

struct shape {
  size_t m, k, n;
};
static const struct shape shapes[] = {
    {1, 784, 128},    {10, 784, 30},    {10, 30, 10},    {32, 784, 128},  {32, 128, 10},
    {32, 16, 64},     {32, 64, 64},     {32, 64, 1},     {64, 256, 256},  {256, 256, 256},
    {128, 784, 512},  {128, 512, 512},  {1024, 4096, 4096},
};
static float *a, *delta, *panels, *out, *gradient;
static const bp_kernels *kernels;

static size_t stride(size_t columns) {
  size_t padded = (columns + 15) / 16 * 16;
  return padded >= 512 && padded % 256 == 0 ? padded + 16 : padded;
}
static void run(int product, struct shape s) {
  size_t lda = stride(s.k), ldd = stride(s.n);
  switch (product) {
    case 0:
      kernels->affine(pool, (bp_affine){.m = s.m, .k = s.k, .n = s.n, .a = {a, lda},
                                        .panels = panels, .activation = BP_RELU, .out = {out, ldd}});
      break;
    case 1:
      kernels->backpropagate(
          pool, (bp_backpropagate){.m = s.m, .n = s.n, .k = s.k, .delta = {delta, ldd},
                                   .panels = panels, .activation = BP_RELU, .kept = {a, lda},
                                   .out = {out, lda}});
      break;
    default:
      kernels->parameter_gradient(
          pool, (bp_parameter_gradient){.m = s.m, .k = s.k, .n = s.n, .a = {a, lda},
                                        .delta = {delta, ldd}, .gradient = gradient});
  }
}
static double rate(int product, struct shape s) {
  double flops = 2.0 * (double)(s.m * s.k * s.n), best = 0;
  long calls = (long)(1e8 / flops) + 1;
  run(product, s);
  for (int w = 0; w < (flops > 1e9 ? 2 : 15); w++) {
    double start = now();
    for (long i = 0; i < calls; i++) run(product, s);
    double window = flops * (double)calls / (now() - start) / 1e9;
    best = window > best ? window : best;
  }
  return best;
}

int main(int count, char **arguments) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  size_t most = (size_t)4112 * 4112 * sizeof(float), shapes_count = sizeof shapes / sizeof *shapes;
  if (count > 1) shapes_count = (size_t)atoi(arguments[1]);
  float *fill[3];
  for (int i = 0; i < 3; i++) {
    fill[i] = bp_buffer_create(most);
    for (size_t j = 0; j < most / sizeof(float); j++) fill[i][j] = sinf((float)(j % 1009));
  }
  a = fill[0], delta = fill[1], panels = fill[2];
  out = bp_buffer_create(most), gradient = bp_buffer_create(most);
  bp_pool *two = bp_pool_create(2);
  const char *names[] = {[BP_AVX2] = "AVX2", [BP_AVX512] = "AVX-512", [BP_NEON] = "NEON"};
  printf("peak of one thread %.0f GFLOP/s; shares are of the peak of the threads used\n", peak());
  for (bp_variant v = BP_AVX2; v <= BP_NEON; v++) {
    if (!(kernels = bp_kernels_of(v, BP_F32))) continue;
    for (int threads = 1; threads <= 2; threads++) {
      pool = NULL;
      double top = peak();
      pool = threads == 1 ? NULL : two;
      printf("%s, %d thread(s)      forward    BP2     BP3+BP4\n", names[v], threads);
      for (size_t i = 0; i < shapes_count; i++) {
        struct shape s = shapes[i];
        printf("(%4zu,%4zu,%4zu)      ", s.m, s.k, s.n);
        for (int product = 0; product < 3; product++) {
          double r = rate(product, s);
          printf("%6.1f %3.0f %%", r, 100 * r / top / threads);
        }
        printf("\n");
      }
    }
  }
  bp_pool_destroy(two);
}
