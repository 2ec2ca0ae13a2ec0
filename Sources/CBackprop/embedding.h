// Columns of a table as vectors that a network learns: the waves of a number, the entry of a category.
#pragma once
#include <string.h>

#include "blocks.h"
#include "elementary.h"

// MARK: Sine and cosine of turns

// sin 2πr = r P(r²), |r| <= ¼, by Taylor's series; the first term left out is 7e-10 (float) and 1e-18 of 1.
static const real sine_series[] = {
    (real)6.283185307179586477,   (real)-41.34170224039976023, (real)81.6052492760750542,
    (real)-76.70585975306138584,  (real)42.05869394489765314,  (real)-15.09464257682299039,
    (real)3.819952584848282128,
#if BP_DOUBLE
    (real)-0.7181223017785005122, (real)0.1042291622081398412, (real)-0.01203158594212062723,
    (real)0.001130923748251796188,
#endif
};
INLINE vec sine_near_zero(vec r) { return r * POLYNOMIAL(sine_series, r * r); }

// t less its nearest whole number, -½ … ½; of a huge t, whose turns are no more to be known, within ±½.
INLINE vec part_of_turn(vec t) {
  vec r = t - ((t + splat(ROUNDER)) - splat(ROUNDER));
  return at_least(at_most(r, (real)0.5), (real)-0.5);
}
// Of r turns, -½ … ½. At most 1e-7; 2e-16 off.
INLINE vec cosine_of_part(vec r) { return sine_near_zero(splat((real)0.25) - absolute(r)); }
INLINE vec sine_of_part(vec r) {
  vec near = with_sign_of(splat((real)0.5) - absolute(r), r);
  return sine_near_zero(absolute(r) > splat((real)0.25) ? near : r);
}

// MARK: Waves

#define TURNS_OF_RADIAN ((real)0.15915494309189533577)
#define RADIANS_OF_TURN ((real)6.283185307179586477)

INLINE real input_of(bp_column c, size_t r) { return *row_of(c.x, c.x_rows ? c.x_rows[r] : r); }

// Rows of one number: frequencies, phases, and so many of amplitudes; 16 waves each.
enum { AMPLITUDES = BP_WAVES, WAVE_ROWS = 2 + BP_WAVES };

static void waves(bp_column c, const void *panel, const void *offsets) {
  const real *p = panel, *offset = offsets;
  for (size_t first = 0; first < c.rows; first += W) {
    const size_t count = smaller(W, c.rows - first);
    real inputs[W] = {0}, outputs[AMPLITUDES][W];
    for (size_t i = 0; i < count; i++) inputs[i] = input_of(c, first + i);
    vec x = load(inputs), sums[AMPLITUDES];
    for (int j = 0; j < AMPLITUDES; j++) sums[j] = splat(offset[j]);
    for (int h = 0; h < BP_PANEL; h++) {
      vec t = fma_of(splat(p[h]), x, splat(p[BP_PANEL + h] * TURNS_OF_RADIAN));
      vec wave = cosine_of_part(part_of_turn(t));
      UNROLL for (int j = 0; j < AMPLITUDES; j++)
        sums[j] = fma_of(splat(p[(2 + j) * BP_PANEL + h]), wave, sums[j]);
    }
    for (int j = 0; j < AMPLITUDES; j++) store(outputs[j], sums[j]);
    for (size_t i = 0; i < count; i++) {
      real *out = row_of(c.y, first + i);
      out[0] = inputs[i];
      for (int j = 0; j < AMPLITUDES; j++) out[1 + j] = outputs[j][i];
    }
  }
}

static void waves_gradient(bp_column c, const void *panel, bp_blocks blocks, void *sums,
                           void *offset_sums) {
  vec levels[BP_MOST_LEVELS][MOST_SUMS];
  for (int v = 0; v < V; v++) {
    const real *p = (const real *)panel + v * W;
    real *out = (real *)sums + v * W;
    vec frequency = load(p), phase = load(p + BP_PANEL) * splat(TURNS_OF_RADIAN);
    vec amplitudes[AMPLITUDES], sum[WAVE_ROWS];
    for (int j = 0; j < AMPLITUDES; j++) amplitudes[j] = load(p + (2 + j) * BP_PANEL);
    for (int i = 0; i < WAVE_ROWS; i++) sum[i] = splat(0);
    for (size_t block = 0;; block++) {
      const size_t end = block_start(block + 1, c.rows, blocks.count);
      for (size_t r = block_start(block, c.rows, blocks.count); r < end; r++) {
        const real *delta = row_of(c.y, r) + 1;
        vec x = splat(input_of(c, r)), slope = splat(0);
        vec part = part_of_turn(fma_of(frequency, x, phase));
        vec cosine = cosine_of_part(part);
        UNROLL for (int j = 0; j < AMPLITUDES; j++) {
          slope = fma_of(splat(delta[j]), amplitudes[j], slope);
          sum[2 + j] = fma_of(splat(delta[j]), cosine, sum[2 + j]);
        }
        slope = -slope * sine_of_part(part);
        sum[0] = fma_of(slope, x, sum[0]);
        sum[1] = sum[1] + slope;
      }
      sum[0] = sum[0] * splat(RADIANS_OF_TURN);
      if (add_to_tree(block, blocks.count, WAVE_ROWS, sum, levels)) break;
      for (int i = 0; i < WAVE_ROWS; i++) sum[i] = splat(0);
    }
    for (int i = 0; i < WAVE_ROWS; i++) store(out + i * BP_PANEL, sum[i]);
  }
  // The offsets' lie in a few lanes of a row.
  vec sum = splat(0);
  real errors[BP_PANEL] = {0};
  for (int j = 0; j < AMPLITUDES; j++) {
    for (size_t block = 0;; block++) {
      const size_t end = block_start(block + 1, c.rows, blocks.count);
      real error = 0;
      for (size_t r = block_start(block, c.rows, blocks.count); r < end; r++)
        error += row_of(c.y, r)[1 + j];
      sum = splat(error);
      if (add_to_tree(block, blocks.count, 1, &sum, levels)) break;
    }
    errors[j] = sum[0];
  }
  memcpy(offset_sums, errors, sizeof errors);
}

// MARK: Entries

static void copy_column(bp_column c, size_t columns) {
  for (size_t r = 0; r < c.rows; r++)
    memcpy(row_of(c.y, r), row_of(c.x, c.x_rows ? c.x_rows[r] : r), columns * sizeof(real));
}

// The entry of a row: what is none of them is the last, that of what nobody knows.
INLINE size_t entry_of(bp_column c, size_t r, size_t entries) {
  real code = input_of(c, r);
  return code >= 0 && code < (real)entries ? (size_t)code : entries - 1;
}

static void entries(bp_column c, size_t count, size_t width, const void *table) {
  const size_t stride = round_up(width, BP_PANEL);
  for (size_t r = 0; r < c.rows; r++)
    memcpy(row_of(c.y, r), (const real *)table + entry_of(c, r, count) * stride,
           width * sizeof(real));
}

// Heapsort: no memory but the keys' own.
static void sort_keys(uint64_t *keys, size_t count) {
  for (size_t start = count / 2, end = count; end > 1;) {
    if (start > 0) {
      start--;
    } else {
      uint64_t last = keys[--end];
      keys[end] = keys[0];
      keys[0] = last;
    }
    for (size_t root = start, child; (child = 2 * root + 1) < end; root = child) {
      if (child + 1 < end && keys[child] < keys[child + 1]) child++;
      if (keys[root] >= keys[child]) break;
      uint64_t key = keys[root];
      keys[root] = keys[child];
      keys[child] = key;
    }
  }
}

static void entries_gradient(bp_column c, size_t count, size_t width, bp_blocks blocks,
                             uint64_t *keys, void *table) {
  const size_t stride = round_up(width, BP_PANEL);
  vec levels[BP_MOST_LEVELS][MOST_SUMS];
  memset(table, 0, count * stride * sizeof(real));
  for (size_t r = 0; r < c.rows; r++) keys[r] = (uint64_t)entry_of(c, r, count) << 32 | r;
  sort_keys(keys, c.rows);
  for (size_t first = 0, next; first < c.rows; first = next) {
    const uint64_t entry = keys[first] >> 32;
    for (next = first; next < c.rows && keys[next] >> 32 == entry;) next++;
    for (size_t i = 0; i < width; i += W) {
      vec sum = splat(0);
      size_t k = first;
      for (size_t block = 0;; block++) {
        const size_t end = block_start(block + 1, c.rows, blocks.count);
        for (; k < next && (uint32_t)keys[k] < end; k++) {
          // No lane of the row beside it: another thread may write there.
          real errors[W] = {0};
          memcpy(errors, row_of(c.y, (uint32_t)keys[k]) + i, smaller(W, width - i) * sizeof(real));
          sum = sum + load(errors);
        }
        if (add_to_tree(block, blocks.count, 1, &sum, levels)) break;
        sum = splat(0);
      }
      store((real *)table + entry * stride + i, sum);
    }
  }
}
