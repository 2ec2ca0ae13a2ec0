// What acts on parameters and gradients beside the update itself: clipping, penalties, bounds on the
// norms of neurons, and averages of weights.
#pragma once
#include "updates.h"

// What an elementwise pass needs.
struct change {
  bp_panels panels;
  real factor, bound;
  const real *source;
  real *target;
};

// gradient ← factor · gradient, cut off at ± bound.
static void clip_part(void *context, int part, int parts) {
  const struct change c = *(const struct change *)context;
  const vec factor = splat(c.factor);
  struct rows r = share_of_rows(c.panels, part, parts);
  EACH_PARAMETER(r)
    store(c.target + i, at_most(at_least(factor * load(c.target + i), -c.bound), c.bound));
}
static void clip(bp_pool *pool, bp_panels panels, double factor, double bound, void *gradient) {
  struct change c = {panels, (real)factor, (real)bound, NULL, gradient};
  bp_pool_run(update_pool(pool, rows_of(panels)), clip_part, &c);
}

// gradient += λ θ.
static void penalty_part(void *context, int part, int parts) {
  const struct change c = *(const struct change *)context;
  const vec lambda = splat(c.factor);
  struct rows r = share_of_rows(c.panels, part, parts);
  EACH_PARAMETER(r)
    store(c.target + i, fma_of(lambda, load(c.source + i), load(c.target + i)));
}
static void add_penalty_gradient(bp_pool *pool, bp_panels panels, double lambda,
                                 const void *parameters, void *gradient) {
  struct change c = {panels, (real)lambda, 0, parameters, gradient};
  bp_pool_run(update_pool(pool, rows_of(panels)), penalty_part, &c);
}

// gradient += λ sign(θ).
static void sign_part(void *context, int part, int parts) {
  const struct change c = *(const struct change *)context;
  const vec lambda = splat(c.factor);
  struct rows r = share_of_rows(c.panels, part, parts);
  EACH_PARAMETER(r)
    store(c.target + i, fma_of(lambda, sign_of(load(c.source + i)), load(c.target + i)));
}
static void add_sign_gradient(bp_pool *pool, bp_panels panels, double lambda,
                              const void *parameters, void *gradient) {
  struct change c = {panels, (real)lambda, 0, parameters, gradient};
  bp_pool_run(update_pool(pool, rows_of(panels)), sign_part, &c);
}

// average += share (θ - average).
static void blend_part(void *context, int part, int parts) {
  const struct change c = *(const struct change *)context;
  const vec share = splat(c.factor);
  struct rows r = share_of_rows(c.panels, part, parts);
  EACH_PARAMETER(r) {
    vec mean = load(c.target + i);
    store(c.target + i, fma_of(share, load(c.source + i) - mean, mean));
  }
}
static void blend(bp_pool *pool, bp_panels panels, double share, const void *parameters,
                  void *average) {
  struct change c = {panels, (real)share, 0, parameters, average};
  bp_pool_run(update_pool(pool, rows_of(panels)), blend_part, &c);
}

// Σ of a function of θ, squares or magnitudes: 16 lanes down each panel, and at its end the tree.
INLINE double sum_down(bp_panels panels, const real *parameters, const bool squares) {
  double sum = 0;
  for (size_t p = 0; p < panels.count; p++) {
    double lanes[BP_PANEL] = {0};
    const real *panel = parameters + panels.start + p * panels.stride * BP_PANEL;
    for (int v = 0; v < V; v++) {
      widevec sums = (widevec)0.0;
      for (size_t i = 0; i < panels.rows; i++) {
        widevec x = __builtin_convertvector(load(panel + i * BP_PANEL + v * W), widevec);
        sums = squares ? FMA(x, x, sums) : sums + __builtin_elementwise_abs(x);
      }
      for (int i = 0; i < W; i++) lanes[v * W + i] = sums[i];
    }
    sum += tree_sum_wide(lanes);
  }
  return sum;
}
static double sum_squares(bp_panels panels, const void *parameters) {
  return sum_down(panels, parameters, true);
}
static double sum_panel_magnitudes(bp_panels panels, const void *parameters) {
  return sum_down(panels, parameters, false);
}

// A column of a panel is one neuron: its norm is a sum down the panel, and the threads split panels.
static void limit_part(void *context, int part, int parts) {
  const struct change c = *(const struct change *)context;
  const bp_panels panels = c.panels;
  size_t end = panels.count * ((size_t)part + 1) / (size_t)parts;
  double bound = (double)c.bound;
  for (size_t p = panels.count * (size_t)part / (size_t)parts; p < end; p++)
    for (int v = 0; v < V; v++) {
      real *column = c.target + panels.start + p * panels.stride * BP_PANEL + v * W;
      widevec squares = (widevec)0.0;
      for (size_t i = 0; i < panels.rows; i++) {
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
      for (size_t i = 0; i < panels.rows; i++)
        store(column + i * BP_PANEL, factor * load(column + i * BP_PANEL));
    }
}
static void limit_norms(bp_pool *pool, bp_panels panels, double bound, void *parameters) {
  struct change c = {.panels = panels, .bound = (real)bound, .target = parameters};
  bp_pool_run(update_pool(pool, rows_of(panels)), limit_part, &c);
}
