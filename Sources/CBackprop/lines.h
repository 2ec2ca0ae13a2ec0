// Passes over flat buffers for a search along a line: inner products and linear combinations.
#pragma once
#include "simd.h"

// Σ x y: 16 lanes in double, then the fixed tree.
static double dot(size_t count, const void *left, const void *right) {
  const real *x = left, *y = right;
  widevec sums[V] = {0};
  size_t j = 0;
  for (; j + BP_PANEL <= count; j += BP_PANEL)
    UNROLL for (int v = 0; v < V; v++) {
      widevec a = __builtin_convertvector(load(x + j + v * W), widevec);
      widevec b = __builtin_convertvector(load(y + j + v * W), widevec);
      sums[v] = FMA(a, b, sums[v]);
    }
  double lanes[BP_PANEL];
  for (int v = 0; v < V; v++)
    for (int i = 0; i < W; i++) lanes[v * W + i] = sums[v][i];
  for (int i = 0; j < count; i++, j++) lanes[i] = FMA((double)x[j], (double)y[j], lanes[i]);
  return tree_sum_wide(lanes);
}

// Σ |x| in the order of `dot`.
static double sum_magnitudes(size_t count, const void *elements) {
  const real *x = elements;
  widevec sums[V] = {0};
  size_t j = 0;
  for (; j + BP_PANEL <= count; j += BP_PANEL)
    UNROLL for (int v = 0; v < V; v++)
      sums[v] += __builtin_convertvector(absolute(load(x + j + v * W)), widevec);
  double lanes[BP_PANEL];
  for (int v = 0; v < V; v++)
    for (int i = 0; i < W; i++) lanes[v * W + i] = sums[v][i];
  for (int i = 0; j < count; i++, j++) lanes[i] += x[j] < 0 ? -(double)x[j] : (double)x[j];
  return tree_sum_wide(lanes);
}

// max |x|. A NaN is taken, and stays: no number is greater than it.
static double largest_magnitude(size_t count, const void *elements) {
  const real *x = elements;
  real most = 0;
  for (size_t j = 0; j < count; j++) {
    real magnitude = x[j] < 0 ? -x[j] : x[j];
    if (magnitude > most || magnitude != magnitude) most = magnitude;
  }
  return most;
}

// out = a x + b y.
static void combine(size_t count, double a, const void *left, double b, const void *right,
                    void *sums) {
  const real *x = left, *y = right, p = (real)a, q = (real)b;
  real *out = sums;
  size_t j = 0;
  for (; j + W <= count; j += W)
    store(out + j, fma_of(splat(p), load(x + j), splat(q) * load(y + j)));
  for (; j < count; j++) out[j] = FMA(p, x[j], q * y[j]);
}
