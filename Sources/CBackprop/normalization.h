// Layer and RMS normalisation: the function, then its Jacobian and the gradients of gain and shift.
//
// Sums along a row run in 16 lanes and the fixed tree, whatever the vector width; sums over the batch
// run in ascending order. The mean and 1/√(var + ε) of a row are kept, and ẑ is formed from them anew
// by the same operations, so that it has the same bits on the way back.
#pragma once
#include "blocks.h"

// x in the columns that exist, 0 in the padding behind them.
INLINE vec within(vec x, size_t i, size_t columns) {
  return i + W > columns ? first_lanes(x, i < columns ? columns - i : 0, 0) : x;
}

// Gain and shift of panel j / 16: rows of 16, the gain first.
INLINE const real *gain_at(const real *panels, size_t j, bool centred) {
  return panels + j * (centred ? 2 : 1);
}

static void normalize(bp_normalization norm, double epsilon, const void *panels, bp_matrix to) {
  const size_t columns = norm.columns;
  const bool centred = norm.centred;
  const real n = (real)columns;
  real *moments = norm.moments;
  for (size_t r = 0; r < norm.rows; r++) {
    const real *z = row_of(norm.z, r);
    real *out = row_of(to, r);
    real mean = 0;
    if (centred) {
      vec sums[V] = {0};
      for (size_t j = 0; j < columns; j += BP_PANEL)
        UNROLL for (int v = 0; v < V; v++) {
          size_t i = j + (size_t)v * W;
          sums[v] += within(load(z + i), i, columns);
        }
      mean = tree_sum(sums) / n;
    }
    vec squares[V] = {0};
    for (size_t j = 0; j < columns; j += BP_PANEL)
      UNROLL for (int v = 0; v < V; v++) {
        size_t i = j + (size_t)v * W;
        vec d = within(load(z + i) - splat(mean), i, columns);
        squares[v] = fma_of(d, d, squares[v]);
      }
    vec variance = splat(tree_sum(squares) / n + (real)epsilon);
    real inverse = 1 / __builtin_elementwise_sqrt(variance)[0];
    moments[2 * r] = mean;
    moments[2 * r + 1] = inverse;
    for (size_t j = 0; j < columns; j += BP_PANEL) {
      const real *gain = gain_at(panels, j, centred);
      UNROLL for (int v = 0; v < V; v++) {
        size_t i = j + (size_t)v * W;
        vec hat = within((load(z + i) - splat(mean)) * splat(inverse), i, columns);
        vec g = load(gain + v * W);
        store(out + i, centred ? fma_of(g, hat, load(gain + BP_PANEL + v * W)) : g * hat);
      }
    }
  }
}

static void normalize_delta(bp_normalization norm, bp_matrix slopes, const void *panels,
                            bp_matrix to) {
  const size_t columns = norm.columns;
  const bool centred = norm.centred;
  const real n = (real)columns, *moments = norm.moments;
  for (size_t r = 0; r < norm.rows; r++) {
    const real *gradient = row_of(slopes, r), *z = row_of(norm.z, r);
    real *out = row_of(to, r);
    const vec mean = splat(moments[2 * r]), inverse = splat(moments[2 * r + 1]);
    vec sums[V] = {0}, products[V] = {0};
    for (size_t j = 0; j < columns; j += BP_PANEL) {
      const real *gain = gain_at(panels, j, centred);
      UNROLL for (int v = 0; v < V; v++) {
        size_t i = j + (size_t)v * W;
        vec g = within(load(gradient + i) * load(gain + v * W), i, columns);
        vec hat = within((load(z + i) - mean) * inverse, i, columns);
        sums[v] += g;
        products[v] = fma_of(g, hat, products[v]);
      }
    }
    const vec along = splat(tree_sum(products) / n);
    const vec level = splat(centred ? tree_sum(sums) / n : 0);
    for (size_t j = 0; j < columns; j += BP_PANEL) {
      const real *gain = gain_at(panels, j, centred);
      UNROLL for (int v = 0; v < V; v++) {
        size_t i = j + (size_t)v * W;
        vec g = load(gradient + i) * load(gain + v * W);
        vec hat = (load(z + i) - mean) * inverse;
        store(out + i, within(fma_of(-hat, along, g - level) * inverse, i, columns));
      }
    }
  }
}

static void normalize_gradient(bp_normalization norm, bp_matrix gradient, bp_blocks blocks,
                               void *panels) {
  const size_t columns = norm.columns;
  const bool centred = norm.centred;
  const real *moments = norm.moments;
  vec levels[BP_MOST_LEVELS][MOST_SUMS];
  for (size_t j = 0; j < columns; j += BP_PANEL) {
    real *gain = (real *)panels + j * (centred ? 2 : 1);
    UNROLL for (int v = 0; v < V; v++) {
      size_t i = j + (size_t)v * W;
      vec sums[2] = {splat(0), splat(0)};  // of the gain and of the shift
      if (blocks.continues) {
        sums[0] = load(gain + v * W);
        if (centred) sums[1] = load(gain + BP_PANEL + v * W);
      }
      for (size_t block = 0;; block++) {
        const size_t end = block_start(block + 1, norm.rows, blocks.count);
        for (size_t r = block_start(block, norm.rows, blocks.count); r < end; r++) {
          vec g = within(load(row_of(gradient, r) + i), i, columns);
          vec hat = (load(row_of(norm.z, r) + i) - splat(moments[2 * r])) * splat(moments[2 * r + 1]);
          sums[0] = fma_of(g, within(hat, i, columns), sums[0]);
          sums[1] += g;
        }
        if (add_to_tree(block, blocks.count, 2, sums, levels)) break;
        sums[0] = sums[1] = splat(0);
      }
      store(gain + v * W, sums[0]);
      if (centred) store(gain + BP_PANEL + v * W, sums[1]);
    }
  }
}
