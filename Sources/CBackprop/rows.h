// Rows and elements: gathering a batch, sums, the search for what is not finite, elementwise maps.
#pragma once
#include <string.h>

#include "blocks.h"
#include "elementary.h"

// Below so many elements one thread gathers alone.
enum { GATHER_SHARE = 4096 };

struct gathering {
  size_t count, columns;
  bp_matrix source;
  const uint32_t *indices;
  bp_matrix out;
};

static void gather_part(void *context, int part, int parts) {
  const struct gathering *g = context;
  size_t end = g->count * ((size_t)part + 1) / (size_t)parts;
  for (size_t i = g->count * (size_t)part / (size_t)parts; i < end; i++) {
    // Rows of a shuffled batch lie anywhere; the one after next is on its way meanwhile.
    if (i + 2 < g->count) {
      const real *next = row_of(g->source, g->indices[i + 2]);
      for (size_t j = 0; j < g->columns; j += 64 / sizeof(real)) __builtin_prefetch(next + j);
    }
    const real *row = row_of(g->source, g->indices[i]);
    real *out = row_of(g->out, i);
    size_t j = 0;
    for (; j + W <= g->columns; j += W) store(out + j, load(row + j));
    if (j == g->columns) continue;
    // A padded row has room for the rest as a vector, with zeros for what follows the row it is read from.
    if (j + W <= g->out.stride) {
      store(out + j, first_lanes(load(row + j), g->columns - j, 0));
      continue;
    }
    for (; j < g->columns; j++) out[j] = row[j];
  }
}
static void gather(bp_pool *pool, size_t count, size_t columns, bp_matrix source,
                   const uint32_t *indices, bp_matrix out) {
  struct gathering g = {count, columns, source, indices, out};
  bp_pool_run(count * columns < GATHER_SHARE ? NULL : pool, gather_part, &g);
}

// Σ x: lane i takes elements i, i + 16, …, in double, then the fixed tree.
static double sum(size_t count, const void *elements) {
  const real *x = elements;
  double lanes[BP_PANEL] = {0};
  size_t j = 0;
  for (; j + BP_PANEL <= count; j += BP_PANEL)
    for (int i = 0; i < BP_PANEL; i++) lanes[i] += x[j + (size_t)i];
  for (int i = 0; j < count; i++, j++) lanes[i] += x[j];
  return tree_sum_wide(lanes);
}

// A number is not finite where its exponent is all ones.
static ptrdiff_t first_nonfinite(size_t rows, size_t columns, bp_matrix x) {
  const word exponent = (((word)1 << (sizeof(real) * 8 - 1 - MANTISSA_BITS)) - 1) << MANTISSA_BITS;
  for (size_t r = 0; r < rows; r++) {
    const real *row = row_of(x, r);
    size_t j = 0;
    // Whole vectors first: an infinity or NaN times 0 is NaN, and a sum of NaN and 0 stays NaN.
    for (; j + W <= columns; j += W) {
      vec products = load(row + j) * splat(0);
      real probe = 0;
      UNROLL for (int i = 0; i < W; i++) probe += products[i];
      if (probe != 0) break;
    }
    for (; j < columns; j++) {
      word bits;
      memcpy(&bits, row + j, sizeof bits);
      if ((bits & exponent) == exponent) return (ptrdiff_t)(r * columns + j);
    }
  }
  return -1;
}

#define EACH_ELEMENT(f)                                          \
  for (; j + W <= count; j += W) store(out + j, f(load(x + j))); \
  if (j < count) {                                               \
    real rest[W] = {0};                                          \
    memcpy(rest, x + j, (count - j) * sizeof(real));             \
    store(rest, f(load(rest)));                                  \
    memcpy(out + j, rest, (count - j) * sizeof(real));           \
  }                                                              \
  break

// out[i] = f(x[i]). Writes nothing behind the last element: `out` need not be padded.
static void map(bp_function function, size_t count, const void *arguments, void *values) {
  const real *x = arguments;
  real *out = values;
  size_t j = 0;
  switch (function) {
    case BP_EXP: EACH_ELEMENT(exp_of);
    case BP_EXPM1: EACH_ELEMENT(expm1_of);
    case BP_LOG: EACH_ELEMENT(log_of);
    case BP_LOG1P: EACH_ELEMENT(log1p_of);
    case BP_ERF: EACH_ELEMENT(erf_of);
  }
}
#undef EACH_ELEMENT
