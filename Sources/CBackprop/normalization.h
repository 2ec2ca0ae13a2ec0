// Layer and RMS normalisation: the function, then its Jacobian and the gradients of gain and shift.
//
// Sums along a row run in 16 lanes and the fixed tree, whatever the vector width; sums over the batch
// run in ascending order. The mean and 1/√(var + ε) of a row are kept, and ẑ is formed from them anew
// by the same operations, so that it has the same bits on the way back.
#pragma once
#include "simd.h"

// x in the columns that exist, 0 in the padding behind them.
INLINE vec within(vec x, size_t i, size_t columns) {
  return i + W > columns ? first_lanes(x, i < columns ? columns - i : 0, 0) : x;
}

// Gain and shift of panel j / 16: rows of 16, the gain first.
INLINE const real *gain_at(const real *panels, size_t j, bool centred) {
  return panels + j * (centred ? 2 : 1);
}

static void normalize(size_t rows, size_t columns, const real *z, size_t ldz, bool centred,
                      real epsilon, const real *panels, real *moments, real *out, size_t ldout) {
  const real n = (real)columns;
  for (size_t r = 0; r < rows; r++, z += ldz, out += ldout) {
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
    vec variance = splat(tree_sum(squares) / n + epsilon);
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

static void normalize_delta(size_t rows, size_t columns, const real *gradient, size_t ldgradient,
                            const real *z, size_t ldz, bool centred, const real *panels,
                            const real *moments, real *out, size_t ldout) {
  const real n = (real)columns;
  for (size_t r = 0; r < rows; r++, gradient += ldgradient, z += ldz, out += ldout) {
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

static void normalize_gradient(size_t rows, size_t columns, const real *gradient,
                               size_t ldgradient, const real *z, size_t ldz, bool centred,
                               const real *moments, real *panels) {
  for (size_t j = 0; j < columns; j += BP_PANEL) {
    real *gain = panels + j * (centred ? 2 : 1);
    UNROLL for (int v = 0; v < V; v++) {
      size_t i = j + (size_t)v * W;
      vec gains = splat(0), shifts = splat(0);
      for (size_t r = 0; r < rows; r++) {
        vec g = within(load(gradient + r * ldgradient + i), i, columns);
        vec hat = (load(z + r * ldz + i) - splat(moments[2 * r])) * splat(moments[2 * r + 1]);
        gains = fma_of(g, within(hat, i, columns), gains);
        shifts += g;
      }
      store(gain + v * W, gains);
      if (centred) store(gain + BP_PANEL + v * W, shifts);
    }
  }
}
