// Losses: the value of each example, and BP1's gradient beside it. All factors (weights, scale) enter
// here and nowhere else. A term with the factor 0 is 0, whatever the logarithm beside it.
#pragma once
#include "activations.h"

INLINE vec zero_where_zero(vec factor, vec product) {
  return factor == splat(0) ? splat(0) : product;
}

INLINE vec squared_error_of(vec a, vec y) { return splat((real)0.5) * (a - y) * (a - y); }
INLINE vec absolute_error_gradient(vec a, vec y) {
  vec r = a - y;
  return r > splat(0) ? splat(1) : r < splat(0) ? splat(-1) : r;  // NaN stays
}
INLINE vec huber_of(vec a, vec y, real delta) {
  vec r = absolute(a - y);
  vec quadratic = splat((real)0.5) * r * r;
  return r <= splat(delta) ? quadratic : splat(delta) * (r - splat((real)0.5 * delta));
}
INLINE vec huber_gradient(vec a, vec y, real delta) {
  return at_most(at_least(a - y, -delta), delta);
}
INLINE vec binary_cross_entropy_of(vec a, vec y) {
  vec other = splat(1) - y;
  return -(zero_where_zero(y, y * log_of(a)) +
           zero_where_zero(other, other * log1p_of(-a)));
}
INLINE vec binary_cross_entropy_gradient(vec a, vec y) {
  vec other = splat(1) - y;
  return zero_where_zero(other, other / (splat(1) - a)) - zero_where_zero(y, y / a);
}
INLINE vec cross_entropy_of(vec a, vec y) { return zero_where_zero(y, -y * log_of(a)); }
INLINE vec cross_entropy_gradient(vec a, vec y) { return zero_where_zero(y, -y / a); }
INLINE vec hinge_of(vec a, vec y) { return at_least(splat(1) - y * a, 0); }
INLINE vec hinge_gradient(vec a, vec y) { return splat(1) - y * a > splat(0) ? -y : splat(0); }
INLINE vec poisson_of(vec a, vec y) { return a - zero_where_zero(y, y * log_of(a)); }
INLINE vec poisson_gradient(vec a, vec y) { return splat(1) - zero_where_zero(y, y / a); }
INLINE vec quantile_of(vec a, vec y, real q) {
  vec r = y - a;
  return (r < splat(0) ? splat(q - 1) : splat(q)) * r;
}
INLINE vec quantile_gradient(vec a, vec y, real q) {
  vec r = a - y;
  return r < splat(0) ? splat(-q) : r > splat(0) ? splat(1 - q) : r;  // NaN stays
}

// The correct class of a one-hot row: the first of the largest targets.
INLINE size_t correct_class(size_t columns, const real *y) {
  size_t best = 0;
  for (size_t j = 1; j < columns; j++)
    if (y[j] > y[best]) best = j;
  return best;
}

INLINE real weight_of(bp_targets t, size_t row) {
  const real *weights = t.weights, scale = (real)t.scale;
  return weights ? weights[row] * scale : scale;
}

// losses[r] = w Σⱼ of the expression in a and y: 16 lanes and the fixed tree.
#define EACH_ROW(expression)                                                       \
  for (size_t r = 0; r < rows; r++) {                                              \
    vec sums[V] = {0};                                                             \
    for (size_t j = 0; j < columns; j += BP_PANEL)                                 \
      for (int v = 0; v < V; v++) {                                                \
        size_t i = j + (size_t)v * W;                                              \
        if (i >= columns) break;                                                   \
        vec a = load(row_of(outputs, r) + i);                                 \
        vec y = load(row_of(t.y, r) + i);                                 \
        vec c = expression;                                                        \
        if (i + W > columns) c = first_lanes(c, columns - i, 0);                   \
        sums[v] += c;                                                              \
      }                                                                            \
    losses[r] = weight_of(t, r) * tree_sum(sums);                     \
  }                                                                                \
  break

static void loss(bp_loss loss, double parameter, bp_targets t, bp_matrix outputs,
                 void *values) {
  const size_t rows = t.rows, columns = t.columns;
  real *losses = values;
  switch (loss) {
    case BP_SQUARED_ERROR: EACH_ROW(squared_error_of(a, y));
    case BP_ABSOLUTE_ERROR: EACH_ROW(absolute(a - y));
    case BP_HUBER: EACH_ROW(huber_of(a, y, parameter));
    case BP_BINARY_CROSS_ENTROPY: EACH_ROW(binary_cross_entropy_of(a, y));
    case BP_CROSS_ENTROPY: EACH_ROW(cross_entropy_of(a, y));
    case BP_POISSON: EACH_ROW(poisson_of(a, y));
    case BP_QUANTILE: EACH_ROW(quantile_of(a, y, parameter));
    case BP_HINGE:
      if (columns == 1) {
        EACH_ROW(hinge_of(a, y));
      }
      for (size_t r = 0; r < rows; r++) {
        const real *a = row_of(outputs, r);
        size_t correct = correct_class(columns, row_of(t.y, r));
        real sum = 0;
        for (size_t j = 0; j < columns; j++) {
          real margin = 1 + a[j] - a[correct];
          if (j != correct) sum += margin <= 0 ? 0 : margin;  // NaN stays
        }
        losses[r] = weight_of(t, r) * sum;
      }
      break;
  }
}
#undef EACH_ROW

// out = w · the expression in a and y; padding zero.
#define EACH_ROW(expression)                                                        \
  for (size_t r = 0; r < rows; r++) {                                               \
    vec w = splat(weight_of(t, r));                                    \
    for (size_t j = 0; j < round_up(columns, BP_PANEL); j += W) {                   \
      vec a = load(row_of(outputs, r) + j);                                    \
      vec y = load(row_of(t.y, r) + j);                                    \
      vec c = w * (expression);                                                     \
      if (j + W > columns) c = first_lanes(c, j < columns ? columns - j : 0, 0);    \
      store(row_of(out, r) + j, c);                                                \
    }                                                                               \
  }                                                                                 \
  break

static void loss_gradient(bp_loss loss, double parameter, bp_targets t, bp_matrix outputs,
                          bp_matrix out) {
  const size_t rows = t.rows, columns = t.columns;
  switch (loss) {
    case BP_SQUARED_ERROR: EACH_ROW(a - y);
    case BP_ABSOLUTE_ERROR: EACH_ROW(absolute_error_gradient(a, y));
    case BP_HUBER: EACH_ROW(huber_gradient(a, y, parameter));
    case BP_BINARY_CROSS_ENTROPY: EACH_ROW(binary_cross_entropy_gradient(a, y));
    case BP_CROSS_ENTROPY: EACH_ROW(cross_entropy_gradient(a, y));
    case BP_POISSON: EACH_ROW(poisson_gradient(a, y));
    case BP_QUANTILE: EACH_ROW(quantile_gradient(a, y, parameter));
    case BP_HINGE:
      if (columns == 1) {
        EACH_ROW(hinge_gradient(a, y));
      }
      for (size_t r = 0; r < rows; r++) {
        const real *a = row_of(outputs, r);
        real *slopes = row_of(out, r);
        real w = weight_of(t, r);
        size_t correct = correct_class(columns, row_of(t.y, r));
        size_t violations = 0;
        for (size_t j = 0; j < columns; j++) {
          bool violates = j != correct && 1 + a[j] - a[correct] > 0;
          slopes[j] = violates ? w : 0;
          violations += violates;
        }
        if (columns > 0) slopes[correct] = -w * (real)violations;
        for (size_t j = columns; j < round_up(columns, BP_PANEL); j++) slopes[j] = 0;
      }
      break;
  }
}
#undef EACH_ROW

// losses[r] = w Σⱼ yⱼ ((max - zⱼ) + log Σ e^(z - max)).
static void softmax_cross_entropy(bp_targets t, bp_matrix weighted_inputs, void *values) {
  const size_t columns = t.columns;
  real *losses = values;
  for (size_t r = 0; r < t.rows; r++) {
    const real *z = row_of(weighted_inputs, r), *targets = row_of(t.y, r);
    real maximum = row_maximum(columns, z);
    vec log_sum = log_of(splat(row_exponentials(columns, z, maximum, NULL)));
    vec sums[V] = {0};
    for (size_t j = 0; j < columns; j += BP_PANEL)
      for (int v = 0; v < V; v++) {
        size_t i = j + (size_t)v * W;
        if (i >= columns) break;
        vec y = load(targets + i);
        vec c = zero_where_zero(y, y * ((splat(maximum) - load(z + i)) + log_sum));
        if (i + W > columns) c = first_lanes(c, columns - i, 0);
        sums[v] += c;
      }
    losses[r] = weight_of(t, r) * tree_sum(sums);
  }
}

// losses[r] = w Σⱼ (softplus(zⱼ) - yⱼ zⱼ). With max(0, z) - y z = (z > 0 ? 1 - y : -y) z nothing
// cancels, and a certain, correct answer (z = ±inf) costs 0.
static void sigmoid_cross_entropy(bp_targets t, bp_matrix weighted_inputs, void *values) {
  const size_t columns = t.columns;
  real *losses = values;
  for (size_t r = 0; r < t.rows; r++) {
    const real *z = row_of(weighted_inputs, r), *targets = row_of(t.y, r);
    vec sums[V] = {0};
    for (size_t j = 0; j < columns; j += BP_PANEL)
      for (int v = 0; v < V; v++) {
        size_t i = j + (size_t)v * W;
        if (i >= columns) break;
        vec x = load(z + i), y = load(targets + i);
        vec factor = x > splat(0) ? splat(1) - y : -y;
        vec c = zero_where_zero(factor, factor * x) + log1p_of(exp_of(-absolute(x)));
        if (i + W > columns) c = first_lanes(c, columns - i, 0);
        sums[v] += c;
      }
    losses[r] = weight_of(t, r) * tree_sum(sums);
  }
}

// out = w (a - y); padding zero.
static void canonical_delta(bp_targets t, bp_matrix a, bp_matrix out) {
  loss_gradient(BP_SQUARED_ERROR, 0, t, a, out);
}
