// The order of a sum over the rows of a batch: within a block ascending, blocks by a fixed tree. See
// bp_blocks.
//
// The tree is a binary counter: level l holds the sum of 2^l finished blocks, if bit l of the number of
// finished blocks is set. Block i completes the levels of its trailing ones, each of which is added from
// the left, the lowest first, and their sum goes to the level above them. The last block completes all.
#pragma once
#include "simd.h"

enum { MOST_SUMS = 5 };  // that are added to the tree together

INLINE size_t block_start(size_t i, size_t rows, size_t blocks) { return i * rows / blocks; }

// The levels that are complete with block i, as bits; and where their sum goes.
INLINE size_t levels_before(size_t i, size_t blocks) { return i + 1 == blocks ? i : i & ~(i + 1); }
INLINE size_t level_after(size_t i) { return (size_t)__builtin_ctzll(~(unsigned long long)i); }

// Adds so many sums over block i to the tree; returns whether it was the last block, with which they are
// those of all.
INLINE bool add_to_tree(size_t i, size_t blocks, const int count, vec sums[],
                        vec levels[BP_MOST_LEVELS][MOST_SUMS]) {
  size_t level = 0;
  for (size_t left = levels_before(i, blocks); left > 0; left >>= 1, level++)
    if (left & 1)
      UNROLL for (int v = 0; v < count; v++) sums[v] = levels[level][v] + sums[v];
  if (i + 1 == blocks) return true;
  UNROLL for (int v = 0; v < count; v++) levels[level_after(i)][v] = sums[v];
  return false;
}

// MARK: Gradients of whole blocks

enum { BLOCKS_SHARE = 16384 };

struct block_sums {
  size_t count, blocks, stride;
  const real *sums;
  real *out;
};

static void add_blocks_part(void *context, int part, int parts) {
  const struct block_sums *s = context;
  const size_t rows = s->count / BP_PANEL;
  const size_t first = rows * (size_t)part / (size_t)parts * BP_PANEL;
  const size_t end = rows * ((size_t)part + 1) / (size_t)parts * BP_PANEL;
  vec levels[BP_MOST_LEVELS][MOST_SUMS];
  for (size_t i = first; i < end; i += W) {
    vec sum = splat(0);
    for (size_t block = 0; block < s->blocks; block++) {
      sum = load(s->sums + block * s->stride + i);
      add_to_tree(block, s->blocks, 1, &sum, levels);
    }
    store(s->out + i, sum);
  }
}

static void add_blocks(bp_pool *pool, size_t count, size_t blocks, const void *sums, size_t stride,
                       void *out) {
  struct block_sums s = {count, blocks, stride, sums, out};
  bp_pool_run(count * blocks < BLOCKS_SHARE ? NULL : pool, add_blocks_part, &s);
}
