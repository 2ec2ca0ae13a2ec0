// A factor for each column: a scaling layer, and the slopes of a parametric activation.
#pragma once
#include "normalization.h"

// Columns i … i + W - 1 of row r: of x, or of x - from.
INLINE vec offset_of(bp_scaling s, size_t r, size_t i) {
  vec x = load(row_of(s.x, s.x_rows ? s.x_rows[r] : r) + i);
  return s.from.start ? x - load(row_of(s.from, r) + i) : x;
}

static void scale_columns(bp_scaling s, const void *factors, bp_matrix out) {
  for (size_t r = 0; r < s.rows; r++)
    for (size_t i = 0; i < round_up(s.columns, BP_PANEL); i += W) {
      vec f = load((const real *)factors + i), offset = offset_of(s, r, i);
      vec y = s.from.start ? fma_of(f, offset, load(row_of(s.from, r) + i)) : f * offset;
      store(row_of(out, r) + i, within(y, i, s.columns));
    }
}

static void column_products(bp_scaling s, size_t blocks, bp_matrix delta, void *sums) {
  for (size_t i = 0; i < round_up(s.columns, BP_PANEL); i += W) {
    // The tree as a binary counter: partial[l] is the sum of 2^l blocks, the bits of b say which exist.
    vec partial[sizeof(size_t) * 8];
    for (size_t b = 0, r = 0; b < blocks; b++) {
      vec sum = splat(0);
      for (; r < (b + 1) * s.rows / blocks; r++)
        sum = fma_of(load(row_of(delta, r) + i), within(offset_of(s, r, i), i, s.columns), sum);
      size_t level = 0;
      for (; b >> level & 1; level++) sum = partial[level] + sum;
      partial[level] = sum;
    }
    size_t level = (size_t)__builtin_ctzll(blocks);
    vec sum = partial[level];
    while (blocks >> ++level) if (blocks >> level & 1) sum = partial[level] + sum;
    store((real *)sums + i, sum);
  }
}
