// Vectors of one width and one precision, on clang's vector extensions.
//
// A variant file sets BP_DOUBLE (0, 1), BP_VECTOR_BYTES and BP_FUSED (the target has FMA), opens the
// target attribute and includes kernels.h, which includes this. Everything is static: no name has to
// carry its precision or instruction set.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "internal.h"

// Clang would fuse a * b + c on its own wherever the target has FMA, and so give other bits than a
// target without. Only what is written as `fma` below may fuse.
#pragma STDC FP_CONTRACT OFF

#if BP_DOUBLE
typedef double real;
typedef uint64_t word;  // as wide as a real
#define BP_CHOOSE(f32, f64) (f64)
#else
typedef float real;
typedef uint32_t word;
#define BP_CHOOSE(f32, f64) (f32)
#endif

// W lanes a vector, V vectors to the 16 columns of a panel.
enum { W = BP_VECTOR_BYTES / sizeof(real), V = BP_PANEL / W };

typedef real vec __attribute__((ext_vector_type(BP_VECTOR_BYTES / sizeof(real))));
typedef word wordvec __attribute__((ext_vector_type(BP_VECTOR_BYTES / sizeof(real))));
typedef double widevec __attribute__((ext_vector_type(BP_VECTOR_BYTES / sizeof(real))));
typedef vec loosevec __attribute__((aligned(sizeof(real)), may_alias));

#define INLINE static inline __attribute__((always_inline, unused))
#define NOINLINE static __attribute__((noinline, unused))
#define UNROLL _Pragma("clang loop unroll(full)")

#if BP_FUSED
#define FMA(a, b, c) __builtin_elementwise_fma(a, b, c)
#else
#define FMA(a, b, c) ((a) * (b) + (c))
#endif

INLINE vec load(const real *p) { return *(const loosevec *)p; }
INLINE void store(real *p, vec x) { *(loosevec *)p = x; }
INLINE vec splat(real x) { return (vec)x; }
INLINE vec fma_of(vec a, vec b, vec c) { return FMA(a, b, c); }
INLINE wordvec words(vec x) { return (wordvec)x; }
INLINE vec reals(wordvec x) { return (vec)x; }

#define SIGN_BIT ((word)1 << (sizeof(real) * 8 - 1))
INLINE vec absolute(vec x) { return reals(words(x) & ~SIGN_BIT); }
INLINE vec with_sign_of(vec x, vec sign) { return reals(words(x) | (words(sign) & SIGN_BIT)); }

// NaN in x stays NaN in both: the comparison is false and x is taken.
INLINE vec at_least(vec x, real bound) { return splat(bound) > x ? splat(bound) : x; }
INLINE vec at_most(vec x, real bound) { return splat(bound) < x ? splat(bound) : x; }

static const real lane_numbers[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

// x in the first `count` lanes, `other` in the rest.
INLINE vec first_lanes(vec x, size_t count, real other) {
  return load(lane_numbers) < splat((real)(count < W ? count : W)) ? x : splat(other);
}

// Row `row` of a matrix, and the matrix that begins somewhere.
INLINE real *row_of(bp_matrix x, size_t row) { return (real *)x.start + row * x.stride; }
INLINE bp_matrix matrix(const real *start, size_t stride) {
  return (bp_matrix){(real *)start, stride};
}

INLINE size_t round_up(size_t x, size_t multiple) { return (x + multiple - 1) / multiple * multiple; }
INLINE size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

// The fixed tree over 16 lanes: halves are added, 8 + 8, 4 + 4, 2 + 2, 1 + 1, whatever the width.
INLINE real tree_sum(const vec lanes[V]) {
  real x[BP_PANEL];
  for (int v = 0; v < V; v++) store(x + v * W, lanes[v]);
  for (int half = BP_PANEL / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++) x[i] += x[i + half];
  return x[0];
}
INLINE double tree_sum_wide(const double lanes[BP_PANEL]) {
  double x[BP_PANEL];
  for (int i = 0; i < BP_PANEL; i++) x[i] = lanes[i];
  for (int half = BP_PANEL / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++) x[i] += x[i + half];
  return x[0];
}
