// A factor for each column: a scaling layer, and the slopes of a parametric activation.
#pragma once
#include "blocks.h"
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

static void column_products(bp_scaling s, bp_matrix delta, bp_blocks blocks, void *sums) {
  vec levels[BP_MOST_LEVELS][MOST_SUMS];
  for (size_t i = 0; i < round_up(s.columns, BP_PANEL); i += W) {
    real *out = (real *)sums + i;
    vec sum = blocks.continues ? load(out) : splat(0);
    for (size_t block = 0;; block++) {
      const size_t end = block_start(block + 1, s.rows, blocks.count);
      for (size_t r = block_start(block, s.rows, blocks.count); r < end; r++)
        sum = fma_of(load(row_of(delta, r) + i), within(offset_of(s, r, i), i, s.columns), sum);
      if (add_to_tree(block, blocks.count, 1, &sum, levels)) break;
      sum = splat(0);
    }
    store(out, sum);
  }
}
