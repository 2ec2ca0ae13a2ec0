// What acts on weights beside the update itself: the L1 penalty, bounds on the norms of neurons, and
// averages of weights. Tensors are [panels][rows][16], as in updates.h.
#pragma once
#include "updates.h"

// gradient += λ sign(θ) on the decayed rows.
static void sign_part(void *context, int part, int parts) {
  const struct update *u = context;
  EACH_PARAMETER(u, {
    if (!decays) break;
    vec g = load(u->first + i);
    store(u->first + i, fma_of(decay, sign_of(load(u->parameters + i)), g));
  })
}
static void add_sign_gradient(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
                              const real *parameters, real lambda, real *gradient) {
  struct update u = {.panels = panels, .rows = rows, .decayed = decayed, .decay = lambda,
                     .first = gradient, .parameters = (real *)parameters};
  bp_pool_run(update_pool(pool, panels, rows), sign_part, &u);
}

// Σ |θ| over the decayed rows, in the order of sum_squares.
static double sum_weight_magnitudes(size_t panels, size_t rows, size_t decayed, const real *parameters) {
  double sum = 0;
  for (size_t p = 0; p < panels; p++) {
    double lanes[BP_PANEL] = {0};
    const real *panel = parameters + p * rows * BP_PANEL;
    for (int v = 0; v < V; v++) {
      widevec magnitudes = (widevec)0.0;
      for (size_t i = 0; i < decayed; i++) {
        vec x = __builtin_elementwise_abs(load(panel + i * BP_PANEL + v * W));
        magnitudes += __builtin_convertvector(x, widevec);
      }
      for (int i = 0; i < W; i++) lanes[v * W + i] = magnitudes[i];
    }
    sum += tree_sum_wide(lanes);
  }
  return sum;
}

// A column of a panel is one neuron: its norm is a sum down the panel, and the threads split panels.
static void limit_part(void *context, int part, int parts) {
  const struct update *u = context;
  size_t end = u->panels * ((size_t)part + 1) / (size_t)parts;
  double bound = (double)u->largest;
  for (size_t p = u->panels * (size_t)part / (size_t)parts; p < end; p++)
    for (int v = 0; v < V; v++) {
      real *column = u->parameters + p * u->rows * BP_PANEL + v * W;
      widevec squares = (widevec)0.0;
      for (size_t i = 0; i < u->decayed; i++) {
        widevec x = __builtin_convertvector(load(column + i * BP_PANEL), widevec);
        squares = FMA(x, x, squares);
      }
      real factors[W];
      bool exceeds = false;
      for (int i = 0; i < W; i++) {
        bool is_long = squares[i] > bound * bound;
        factors[i] = is_long ? (real)(bound / __builtin_sqrt(squares[i])) : 1;
        exceeds |= is_long;
      }
      if (!exceeds) continue;
      vec factor = load(factors);
      for (size_t i = 0; i < u->decayed; i++)
        store(column + i * BP_PANEL, factor * load(column + i * BP_PANEL));
    }
}
static void limit_norms(bp_pool *pool, size_t panels, size_t rows, size_t decayed, real bound,
                        real *parameters) {
  struct update u = {.panels = panels, .rows = rows, .decayed = decayed, .largest = bound,
                     .parameters = parameters};
  bp_pool_run(update_pool(pool, panels, rows), limit_part, &u);
}

// average += share (θ - average). All rows.
static void blend_part(void *context, int part, int parts) {
  const struct update *u = context;
  vec share = splat(u->rate);
  EACH_PARAMETER(u, {
    (void)decay;
    vec mean = load(u->first + i);
    store(u->first + i, fma_of(share, load(u->parameters + i) - mean, mean));
  })
}
static void blend(bp_pool *pool, size_t panels, size_t rows, const real *parameters, real share,
                  real *average) {
  struct update u = {.panels = panels, .rows = rows, .rate = share, .first = average,
                     .parameters = (real *)parameters};
  bp_pool_run(update_pool(pool, panels, rows), blend_part, &u);
}
