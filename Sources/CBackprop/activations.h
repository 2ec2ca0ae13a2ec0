// Activations and their derivatives, elementwise; softmax; maxout.
#pragma once
#include "elementary.h"

#define SELU_SCALE ((real)1.0507009873554804934193349852946)  // Klambauer et al. 2017
#define SELU_ALPHA ((real)1.6732632423543772848170429916717)

// Below this an activation of the form z · (something that tends to 0) is 0; z is held there, since
// -inf · 0 would be NaN.
#define VANISHING BP_CHOOSE(-200, -1000)

INLINE vec elu_of(vec z, real alpha) {
  return z > splat(0) ? z : splat(alpha) * expm1_of(z);
}
INLINE vec silu_of(vec z) { return at_least(z, VANISHING) * sigmoid_of(z); }
// s (1 + z (1 - s)), 1 - s taken as sigmoid(-z).
INLINE vec silu_derivative(vec z) {
  vec held = at_most(at_least(z, VANISHING), -VANISHING);
  return sigmoid_of(held) * fma_of(held, sigmoid_of(-held), splat(1));
}

// Φ(z) by erfc, so that the left tail keeps its digits: Φ(-x) = ½ erfc(x / √2). φ(z) falls out.
INLINE vec normal_distribution(vec z, vec *density) {
  const real end = BP_CHOOSE(14.25f, 38.5);
  vec size = at_most(absolute(z), end);
  vec e = gaussian(size, (real)0.5);
  vec tail = splat((real)0.5) * e * scaled_erfc(size * splat((real)0.70710678118654752440));
  *density = e * splat((real)0.39894228040143267794);
  return z > splat(0) ? splat(1) - tail : tail;
}
INLINE vec gelu_of(vec z) {
  vec density;
  return at_least(z, VANISHING) * normal_distribution(z, &density);
}
INLINE vec gelu_derivative(vec z) {
  vec density;
  vec distribution = normal_distribution(z, &density);
  vec held = at_most(at_least(z, VANISHING), -VANISHING);
  return fma_of(held, density, distribution);
}

// With e = e^z and n = e (e + 2): tanh(log(1 + e)) = n / (n + 2). From z = 40 on the ratio is 1.
INLINE vec mish_of(vec z) {
  vec e = exp_of(at_most(z, BP_CHOOSE(20, 40)));
  vec n = e * (e + splat(2));
  return at_least(z, VANISHING) * (n / (n + splat(2)));
}
// n / (n + 2) + z s(z) (1 - tanh²) = n / (n + 2) + z 4 e (1 + e) / (n + 2)².
INLINE vec mish_derivative(vec z) {
  vec held = at_least(at_most(z, BP_CHOOSE(20, 40)), VANISHING);
  vec e = exp_of(held);
  vec n = e * (e + splat(2));
  vec ratio = splat(1) / (n + splat(2));
  return fma_of(splat(4) * held * e, (splat(1) + e) * ratio * ratio, n * ratio);
}

// One activation over rows: the switch stands outside of the loops.
#define EACH_ELEMENT(expression)                                       \
  for (size_t r = 0; r < rows; r++)                                    \
    for (size_t j = 0; j < columns; j += W) {                          \
      vec x = load(row_of(z, r) + j);                                  \
      store(row_of(out, r) + j, expression);                           \
    }                                                                  \
  break

// out = σ(z), [rows, columns]; may write the padding of out.
NOINLINE void activate(size_t rows, size_t columns, bp_matrix z, bp_activation activation,
                       double parameter, bp_matrix out) {
  switch (activation) {
    case BP_IDENTITY:
      if (out.start == z.start) break;
      EACH_ELEMENT(x);
    case BP_SIGMOID: EACH_ELEMENT(sigmoid_of(x));
    case BP_TANH: EACH_ELEMENT(tanh_of(x));
    case BP_RELU: EACH_ELEMENT(at_least(x, 0));
    case BP_LEAKY_RELU: EACH_ELEMENT(x > splat(0) ? x : splat(parameter) * x);
    case BP_ELU: EACH_ELEMENT(elu_of(x, parameter));
    case BP_SELU: EACH_ELEMENT(splat(SELU_SCALE) * elu_of(x, SELU_ALPHA));
    case BP_SOFTPLUS: EACH_ELEMENT(softplus_of(x));
    case BP_GELU: EACH_ELEMENT(gelu_of(x));
    case BP_SILU: EACH_ELEMENT(silu_of(x));
    case BP_MISH: EACH_ELEMENT(mish_of(x));
  }
}
#undef EACH_ELEMENT

#define EACH_ELEMENT(derivative)                                                  \
  for (size_t r = 0; r < rows; r++)                                               \
    for (size_t j = 0; j < width; j += W) {                                       \
      vec x = kept.start ? load(row_of(kept, r) + j) : splat(0);                  \
      vec y = derivative;                                                         \
      if (gradient.start) y = load(row_of(gradient, r) + j) * y;                  \
      if (j + W > columns) y = first_lanes(y, j < columns ? columns - j : 0, 0);  \
      store(row_of(out, r) + j, y);                                               \
    }                                                                             \
  break

// out = gradient ⊙ σ′, [rows, columns], and zeros on to `width`, a multiple of W. kept: a, or z where
// σ′ needs it.
NOINLINE void multiply_derivative_to(size_t width, size_t rows, size_t columns,
                                     bp_matrix gradient, bp_matrix kept,
                                     bp_activation activation, real parameter, bp_matrix out) {
  const real selu_shift = SELU_SCALE * SELU_ALPHA;
  switch (activation) {
    case BP_IDENTITY:
      kept.start = NULL;
      EACH_ELEMENT(x + splat(1));  // x is 0
    case BP_SIGMOID: EACH_ELEMENT(x * (splat(1) - x));
    case BP_TANH: EACH_ELEMENT(fma_of(-x, x, splat(1)));
    case BP_RELU: EACH_ELEMENT(x > splat(0) ? splat(1) : splat(0));
    case BP_LEAKY_RELU: EACH_ELEMENT(x > splat(0) ? splat(1) : splat(parameter));
    case BP_ELU: EACH_ELEMENT(x > splat(0) ? splat(1) : x + splat(parameter));
    case BP_SELU: EACH_ELEMENT(x > splat(0) ? splat(SELU_SCALE) : x + splat(selu_shift));
    case BP_SOFTPLUS: EACH_ELEMENT(-expm1_of(-x));
    case BP_GELU: EACH_ELEMENT(gelu_derivative(x));
    case BP_SILU: EACH_ELEMENT(silu_derivative(x));
    case BP_MISH: EACH_ELEMENT(mish_derivative(x));
  }
}
#undef EACH_ELEMENT

static void multiply_derivative(size_t rows, size_t columns, bp_matrix gradient, bp_matrix kept,
                                bp_activation activation, double parameter, bp_matrix out) {
  multiply_derivative_to(round_up(columns, BP_PANEL), rows, columns, gradient, kept, activation,
                         (real)parameter, out);
}

// max over a row, 16 lanes and a tree; -inf for an empty row.
INLINE real row_maximum(size_t columns, const real *z) {
  vec most = splat(-INFINITE);
  for (size_t j = 0; j < columns; j += W) {
    vec x = load(z + j);
    if (j + W > columns) x = first_lanes(x, columns - j, -INFINITE);
    most = x > most ? x : most;
  }
  real lanes[W];
  store(lanes, most);
  for (int half = W / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++) lanes[i] = lanes[i + half] > lanes[i] ? lanes[i + half] : lanes[i];
  return lanes[0];
}

// Σ e^(z - max) over a row. With `out`, the exponentials stay there (padding zero).
INLINE real row_exponentials(size_t columns, const real *z, real maximum, real *out) {
  vec sums[V] = {0};
  for (size_t j = 0; j < columns; j += BP_PANEL)
    UNROLL for (int v = 0; v < V; v++) {
      size_t i = j + (size_t)v * W;
      vec e = exp_of(load(z + i) - splat(maximum));
      if (i + W > columns) e = first_lanes(e, i < columns ? columns - i : 0, 0);
      if (out) store(out + i, e);
      sums[v] += e;
    }
  return tree_sum(sums);
}

static void softmax(size_t rows, size_t columns, bp_matrix z, bp_matrix out) {
  for (size_t r = 0; r < rows; r++) {
    const real *from = row_of(z, r);
    real *to = row_of(out, r);
    real sum = row_exponentials(columns, from, row_maximum(columns, from), to);
    for (size_t j = 0; j < columns; j += W) store(to + j, load(to + j) / splat(sum));
  }
}

// out = a ⊙ (g - Σ g a), row by row.
static void softmax_delta(size_t rows, size_t columns, bp_matrix gradient, bp_matrix a,
                          bp_matrix out) {
  for (size_t r = 0; r < rows; r++) {
    const real *slopes = row_of(gradient, r), *shares = row_of(a, r);
    vec sums[V] = {0};
    for (size_t j = 0; j < columns; j += BP_PANEL)
      UNROLL for (int v = 0; v < V; v++) {
        size_t i = j + (size_t)v * W;
        vec g = load(slopes + i), b = load(shares + i);
        if (i + W > columns) {
          g = first_lanes(g, i < columns ? columns - i : 0, 0);
          b = first_lanes(b, i < columns ? columns - i : 0, 0);
        }
        sums[v] = fma_of(g, b, sums[v]);
      }
    vec mean = splat(tree_sum(sums));
    for (size_t j = 0; j < round_up(columns, BP_PANEL); j += W) {
      vec y = load(shares + j) * (load(slopes + j) - mean);
      if (j + W > columns) y = first_lanes(y, j < columns ? columns - j : 0, 0);
      store(row_of(out, r) + j, y);
    }
  }
}

static void maxout(size_t rows, size_t units, size_t pieces, bp_matrix z, bp_matrix out) {
  for (size_t r = 0; r < rows; r++)
    for (size_t u = 0; u < units; u++) {
      const real *piece = row_of(z, r) + u * pieces;
      real best = piece[0];
      for (size_t p = 1; p < pieces; p++)
        best = piece[p] > best || piece[p] != piece[p] ? piece[p] : best;
      row_of(out, r)[u] = best;
    }
}

static void maxout_delta(size_t rows, size_t units, size_t pieces, bp_matrix gradient, bp_matrix z,
                         bp_matrix out) {
  size_t columns = units * pieces;
  for (size_t r = 0; r < rows; r++) {
    real *to = row_of(out, r);
    for (size_t u = 0; u < units; u++) {
      const real *piece = row_of(z, r) + u * pieces;
      size_t best = 0;
      for (size_t p = 1; p < pieces; p++)
        if (piece[p] > piece[best] || piece[p] != piece[p]) best = p;
      for (size_t p = 0; p < pieces; p++)
        to[u * pieces + p] = p == best ? row_of(gradient, r)[u] : 0;
    }
    for (size_t j = columns; j < round_up(columns, BP_PANEL); j++) to[j] = 0;
  }
}
