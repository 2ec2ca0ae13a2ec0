// Optimiser updates: one elementwise pass over the parameters of a tensor, [panels][rows][16].
#pragma once
#include "simd.h"

// Below so many elements one thread does it all.
enum { UPDATE_SHARE = 16384 };

// What a pass needs; the rows of all panels are numbered through and split among threads.
struct update {
  size_t panels, rows, decayed;
  const real *gradient;
  real rate, decay, momentum, beta1, other1, beta2, other2, epsilon, step, root_scale;
  real gradient_step, shrink, grow, smallest, largest;
  bool nesterov;
  real *first, *second, *third, *parameters;
};

INLINE bp_pool *update_pool(bp_pool *pool, size_t panels, size_t rows) {
  return panels * rows * BP_PANEL < UPDATE_SHARE ? NULL : pool;
}

// The rows of one thread, cut at the ends of panels and at their first undecayed row; `statement`
// sees an element's index i and the factor `decay` of its run.
#define EACH_PARAMETER(u, statement)                                        \
  size_t all = (u)->panels * (u)->rows;                                     \
  size_t row = all * (size_t)part / (size_t)parts;                          \
  size_t end = all * ((size_t)part + 1) / (size_t)parts;                    \
  while (row < end) {                                                       \
    size_t within = row % (u)->rows;                                        \
    bool decays = within < (u)->decayed;                                    \
    size_t run = (decays ? (u)->decayed : (u)->rows) - within;              \
    size_t last = smaller(row + run, end) * BP_PANEL;                       \
    vec decay = splat(decays ? (u)->decay : 0);                             \
    for (size_t i = row * BP_PANEL; i < last; i += W) statement             \
    row = last / BP_PANEL;                                                  \
  }

// θ ← θ - decay θ - η g, decay = rate · decay of the contract.
static void sgd_part(void *context, int part, int parts) {
  const struct update *u = context;
  vec rate = splat(-u->rate);
  EACH_PARAMETER(u, {
    vec p = load(u->parameters + i);
    p = fma_of(-decay, p, p);
    store(u->parameters + i, fma_of(rate, load(u->gradient + i), p));
  })
}
static void update_sgd(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
                       const real *gradient, real rate, real decay, real *parameters) {
  struct update u = {.panels = panels, .rows = rows, .decayed = decayed, .gradient = gradient,
                     .rate = rate, .decay = rate * decay, .parameters = parameters};
  bp_pool_run(update_pool(pool, panels, rows), sgd_part, &u);
}

// v ← μ v + g;  θ ← θ - η v, or θ - η (g + μ v).
static void momentum_part(void *context, int part, int parts) {
  const struct update *u = context;
  vec rate = splat(-u->rate), momentum = splat(u->momentum);
  bool nesterov = u->nesterov;
  EACH_PARAMETER(u, {
    vec g = load(u->gradient + i);
    vec v = fma_of(momentum, load(u->first + i), g);
    vec p = load(u->parameters + i);
    p = fma_of(-decay, p, p);
    store(u->first + i, v);
    store(u->parameters + i, fma_of(rate, nesterov ? fma_of(momentum, v, g) : v, p));
  })
}
static void update_momentum(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
                            const real *gradient, real rate, real momentum, bool nesterov,
                            real decay, real *velocity, real *parameters) {
  struct update u = {.panels = panels, .rows = rows, .decayed = decayed, .gradient = gradient,
                     .rate = rate, .decay = rate * decay, .momentum = momentum,
                     .nesterov = nesterov, .first = velocity, .parameters = parameters};
  bp_pool_run(update_pool(pool, panels, rows), momentum_part, &u);
}

// m ← β₁ m + (1-β₁) g;  v ← β₂ v + (1-β₂) g²;  θ ← θ - (η/c₁) m / (√(v · 1/c₂) + ε): the two
// corrections are divided once a call, not once an element.
static void adam_part(void *context, int part, int parts) {
  const struct update *u = context;
  vec beta1 = splat(u->beta1), other1 = splat(u->other1);
  vec beta2 = splat(u->beta2), other2 = splat(u->other2);
  vec step = splat(u->step), root_scale = splat(u->root_scale), epsilon = splat(u->epsilon);
  EACH_PARAMETER(u, {
    vec g = load(u->gradient + i);
    vec m = fma_of(beta1, load(u->first + i), other1 * g);
    vec v = fma_of(beta2, load(u->second + i), other2 * g * g);
    vec p = load(u->parameters + i);
    p = fma_of(-decay, p, p);
    store(u->first + i, m);
    store(u->second + i, v);
    vec root = __builtin_elementwise_sqrt(v * root_scale);
    store(u->parameters + i, p - step * m / (root + epsilon));
  })
}
static void update_adam(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
                        const real *gradient, real rate, real beta1, real other1, real beta2,
                        real other2, real epsilon, real correction1, real correction2, real decay,
                        real *first_moment, real *second_moment, real *parameters) {
  struct update u = {.panels = panels, .rows = rows, .decayed = decayed, .gradient = gradient,
                     .decay = rate * decay, .beta1 = beta1, .other1 = other1, .beta2 = beta2,
                     .other2 = other2, .epsilon = epsilon, .step = rate / correction1,
                     .root_scale = 1 / correction2, .first = first_moment,
                     .second = second_moment, .parameters = parameters};
  bp_pool_run(update_pool(pool, panels, rows), adam_part, &u);
}

// As Adam, with the largest v so far under the root.
static void amsgrad_part(void *context, int part, int parts) {
  const struct update *u = context;
  vec beta1 = splat(u->beta1), other1 = splat(u->other1);
  vec beta2 = splat(u->beta2), other2 = splat(u->other2);
  vec step = splat(u->step), root_scale = splat(u->root_scale), epsilon = splat(u->epsilon);
  EACH_PARAMETER(u, {
    vec g = load(u->gradient + i);
    vec m = fma_of(beta1, load(u->first + i), other1 * g);
    vec v = fma_of(beta2, load(u->second + i), other2 * g * g);
    vec most = load(u->third + i);
    // A v that is NaN stays: the comparison is false.
    most = most > v ? most : v;
    vec p = load(u->parameters + i);
    p = fma_of(-decay, p, p);
    store(u->first + i, m);
    store(u->second + i, v);
    store(u->third + i, most);
    vec root = __builtin_elementwise_sqrt(most * root_scale);
    store(u->parameters + i, p - step * m / (root + epsilon));
  })
}
static void update_amsgrad(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
                           const real *gradient, real rate, real beta1, real other1, real beta2,
                           real other2, real epsilon, real correction1, real correction2,
                           real decay, real *first_moment, real *second_moment, real *maximum,
                           real *parameters) {
  struct update u = {.panels = panels, .rows = rows, .decayed = decayed, .gradient = gradient,
                     .decay = rate * decay, .beta1 = beta1, .other1 = other1, .beta2 = beta2,
                     .other2 = other2, .epsilon = epsilon, .step = rate / correction1,
                     .root_scale = 1 / correction2, .first = first_moment,
                     .second = second_moment, .third = maximum, .parameters = parameters};
  bp_pool_run(update_pool(pool, panels, rows), amsgrad_part, &u);
}

// As Adam, with (η s_g) g + (η s_m) m above the root.
static void nadam_part(void *context, int part, int parts) {
  const struct update *u = context;
  vec beta1 = splat(u->beta1), other1 = splat(u->other1);
  vec beta2 = splat(u->beta2), other2 = splat(u->other2), gradient_step = splat(u->gradient_step);
  vec step = splat(u->step), root_scale = splat(u->root_scale), epsilon = splat(u->epsilon);
  EACH_PARAMETER(u, {
    vec g = load(u->gradient + i);
    vec m = fma_of(beta1, load(u->first + i), other1 * g);
    vec v = fma_of(beta2, load(u->second + i), other2 * g * g);
    vec p = load(u->parameters + i);
    p = fma_of(-decay, p, p);
    store(u->first + i, m);
    store(u->second + i, v);
    vec root = __builtin_elementwise_sqrt(v * root_scale);
    store(u->parameters + i, p - fma_of(gradient_step, g, step * m) / (root + epsilon));
  })
}
static void update_nadam(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
                         const real *gradient, real rate, real beta1, real other1, real beta2,
                         real other2, real epsilon, real gradient_share, real moment_share,
                         real correction2, real decay, real *first_moment, real *second_moment,
                         real *parameters) {
  struct update u = {.panels = panels, .rows = rows, .decayed = decayed, .gradient = gradient,
                     .decay = rate * decay, .beta1 = beta1, .other1 = other1, .beta2 = beta2,
                     .other2 = other2, .epsilon = epsilon, .gradient_step = rate * gradient_share,
                     .step = rate * moment_share, .root_scale = 1 / correction2,
                     .first = first_moment, .second = second_moment, .parameters = parameters};
  bp_pool_run(update_pool(pool, panels, rows), nadam_part, &u);
}

// v ← ρ v + o g²;  θ ← θ - η g / (√v + ε).
static void rmsprop_part(void *context, int part, int parts) {
  const struct update *u = context;
  vec rho = splat(u->beta2), other = splat(u->other2);
  vec rate = splat(u->rate), epsilon = splat(u->epsilon);
  EACH_PARAMETER(u, {
    vec g = load(u->gradient + i);
    vec v = fma_of(rho, load(u->second + i), other * g * g);
    vec p = load(u->parameters + i);
    p = fma_of(-decay, p, p);
    store(u->second + i, v);
    store(u->parameters + i, p - rate * g / (__builtin_elementwise_sqrt(v) + epsilon));
  })
}
static void update_rmsprop(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
                           const real *gradient, real rate, real rho, real other, real epsilon,
                           real decay, real *second_moment, real *parameters) {
  struct update u = {.panels = panels, .rows = rows, .decayed = decayed, .gradient = gradient,
                     .rate = rate, .decay = rate * decay, .beta2 = rho, .other2 = other,
                     .epsilon = epsilon, .second = second_moment, .parameters = parameters};
  bp_pool_run(update_pool(pool, panels, rows), rmsprop_part, &u);
}

// v ← ρ v + o g²;  d = g √(u + ε) / √(v + ε);  u ← ρ u + o d²;  θ ← θ - η d.
static void adadelta_part(void *context, int part, int parts) {
  const struct update *u = context;
  vec rho = splat(u->beta2), other = splat(u->other2);
  vec rate = splat(-u->rate), epsilon = splat(u->epsilon);
  EACH_PARAMETER(u, {
    vec g = load(u->gradient + i);
    vec v = fma_of(rho, load(u->second + i), other * g * g);
    vec moved = load(u->first + i);
    vec d = __builtin_elementwise_sqrt(moved + epsilon) / __builtin_elementwise_sqrt(v + epsilon) * g;
    vec p = load(u->parameters + i);
    p = fma_of(-decay, p, p);
    store(u->second + i, v);
    store(u->first + i, fma_of(rho, moved, other * d * d));
    store(u->parameters + i, fma_of(rate, d, p));
  })
}
static void update_adadelta(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
                            const real *gradient, real rate, real rho, real other, real epsilon,
                            real decay, real *squared_steps, real *second_moment,
                            real *parameters) {
  struct update u = {.panels = panels, .rows = rows, .decayed = decayed, .gradient = gradient,
                     .rate = rate, .decay = rate * decay, .beta2 = rho, .other2 = other,
                     .epsilon = epsilon, .first = squared_steps, .second = second_moment,
                     .parameters = parameters};
  bp_pool_run(update_pool(pool, panels, rows), adadelta_part, &u);
}

// -1, 1, or x itself where it is 0 or NaN.
INLINE vec sign_of(vec x) {
  vec negative = x < splat(0) ? splat(-1) : x;
  return x > splat(0) ? splat(1) : negative;
}

// c = β₁ m + (1-β₁) g;  θ ← θ - η sign(c);  m ← β₂ m + (1-β₂) g.
static void lion_part(void *context, int part, int parts) {
  const struct update *u = context;
  vec beta1 = splat(u->beta1), other1 = splat(u->other1);
  vec beta2 = splat(u->beta2), other2 = splat(u->other2), rate = splat(-u->rate);
  EACH_PARAMETER(u, {
    vec g = load(u->gradient + i);
    vec m = load(u->first + i);
    vec direction = sign_of(fma_of(beta1, m, other1 * g));
    vec p = load(u->parameters + i);
    p = fma_of(-decay, p, p);
    store(u->first + i, fma_of(beta2, m, other2 * g));
    store(u->parameters + i, fma_of(rate, direction, p));
  })
}
static void update_lion(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
                        const real *gradient, real rate, real beta1, real other1, real beta2,
                        real other2, real decay, real *first_moment, real *parameters) {
  struct update u = {.panels = panels, .rows = rows, .decayed = decayed, .gradient = gradient,
                     .rate = rate, .decay = rate * decay, .beta1 = beta1, .other1 = other1,
                     .beta2 = beta2, .other2 = other2, .first = first_moment,
                     .parameters = parameters};
  bp_pool_run(update_pool(pool, panels, rows), lion_part, &u);
}

// The size of each step grows while its sign stays and shrinks when it turns; then the parameter
// rests for one step.
static void rprop_part(void *context, int part, int parts) {
  const struct update *u = context;
  vec shrink = splat(u->shrink), grow = splat(u->grow);
  EACH_PARAMETER(u, {
    vec direction = sign_of(load(u->gradient + i));
    vec turn = direction * load(u->first + i);
    vec size = load(u->second + i);
    vec factor = turn < splat(0) ? shrink : splat(1);
    factor = turn > splat(0) ? grow : factor;
    size = at_most(at_least(size * factor, u->smallest), u->largest);
    direction = turn < splat(0) ? splat(0) : direction;
    vec p = load(u->parameters + i);
    p = fma_of(-decay, p, p);
    store(u->first + i, direction);
    store(u->second + i, size);
    store(u->parameters + i, fma_of(-size, direction, p));
  })
}
static void update_rprop(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
                         const real *gradient, real rate, real shrink, real grow, real smallest,
                         real largest, real decay, real *signs, real *sizes, real *parameters) {
  struct update u = {.panels = panels, .rows = rows, .decayed = decayed, .gradient = gradient,
                     .decay = rate * decay, .shrink = shrink, .grow = grow, .smallest = smallest,
                     .largest = largest, .first = signs, .second = sizes,
                     .parameters = parameters};
  bp_pool_run(update_pool(pool, panels, rows), rprop_part, &u);
}

// gradient ← factor · gradient, cut off at ± bound.
static void clip_part(void *context, int part, int parts) {
  const struct update *u = context;
  vec factor = splat(u->rate);
  EACH_PARAMETER(u, {
    (void)decay;
    vec g = factor * load(u->first + i);
    store(u->first + i, at_most(at_least(g, -u->largest), u->largest));
  })
}
static void clip(bp_pool *pool, size_t panels, size_t rows, real factor, real bound,
                 real *gradient) {
  struct update u = {.panels = panels, .rows = rows, .rate = factor, .largest = bound,
                     .first = gradient};
  bp_pool_run(update_pool(pool, panels, rows), clip_part, &u);
}

// gradient += λ θ on the decayed rows.
static void penalty_part(void *context, int part, int parts) {
  const struct update *u = context;
  EACH_PARAMETER(u, {
    if (!decays) break;
    store(u->first + i, fma_of(decay, load(u->parameters + i), load(u->first + i)));
  })
}
static void add_penalty_gradient(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
                                 const real *parameters, real lambda, real *gradient) {
  struct update u = {.panels = panels, .rows = rows, .decayed = decayed, .decay = lambda,
                     .first = gradient, .parameters = (real *)parameters};
  bp_pool_run(update_pool(pool, panels, rows), penalty_part, &u);
}

// Σ θ² over the decayed rows: 16 lanes down each panel, and at its end the tree.
static double sum_squares(size_t panels, size_t rows, size_t decayed, const real *parameters) {
  double sum = 0;
  for (size_t p = 0; p < panels; p++) {
    double lanes[BP_PANEL] = {0};
    const real *panel = parameters + p * rows * BP_PANEL;
    for (int v = 0; v < V; v++) {
      widevec squares = (widevec)0.0;
      for (size_t i = 0; i < decayed; i++) {
        widevec x = __builtin_convertvector(load(panel + i * BP_PANEL + v * W), widevec);
        squares = FMA(x, x, squares);
      }
      for (int i = 0; i < W; i++) lanes[v * W + i] = squares[i];
    }
    sum += tree_sum_wide(lanes);
  }
  return sum;
}
