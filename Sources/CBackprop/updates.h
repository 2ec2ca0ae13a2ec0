// Optimiser updates and other elementwise passes over parameters, [panels][rows][16].
#pragma once
#include "simd.h"

// Below so many elements one thread does it all.
enum { UPDATE_SHARE = 16384 };

INLINE size_t rows_of(bp_panels p) { return p.count * p.rows; }

INLINE bp_pool *update_pool(bp_pool *pool, size_t rows) {
  return rows * BP_PANEL < UPDATE_SHARE ? NULL : pool;
}

// The share of one thread in rows numbered through all panels.
struct rows {
  bp_panels panels;
  size_t row, end;
};
INLINE struct rows share_of_rows(bp_panels p, int part, int parts) {
  const size_t all = rows_of(p);
  return (struct rows){p, all * (size_t)part / (size_t)parts, all * ((size_t)part + 1) / (size_t)parts};
}

// The elements of the next rows that follow one another: up to the end of a panel, or all of them.
struct run {
  size_t first, last;
};
INLINE struct run next_run(struct rows *r) {
  const size_t within = r->row % r->panels.rows, left = r->end - r->row;
  const size_t rows =
      r->panels.rows == r->panels.stride ? left : smaller(r->panels.rows - within, left);
  const size_t first =
      r->panels.start + (r->row / r->panels.rows * r->panels.stride + within) * BP_PANEL;
  r->row += rows;
  return (struct run){first, first + rows * BP_PANEL};
}

// Before a block that is run for each vector of these rows, at the elements i … i + W - 1.
#define EACH_PARAMETER(r)                                                      \
  for (struct run run; (r).row < (r).end && (run = next_run(&(r)), true);)     \
    for (size_t i = run.first; i < run.last; i += W)

// What a rule does to one thread's rows of a span; decay = η λ.

// θ ← θ - decay θ - η g.
static void sgd(const bp_update *u, const bp_span *s, struct rows r) {
  const vec rate = splat(-(real)s->rate), decay = splat((real)s->rate * (real)s->decay);
  const real *gradient = u->gradient;
  real *parameters = u->parameters;
  EACH_PARAMETER(r) {
    vec p = load(parameters + i);
    p = fma_of(-decay, p, p);
    store(parameters + i, fma_of(rate, load(gradient + i), p));
  }
}

// v ← μ v + g;  θ ← θ - η v, or θ - η (g + μ v).
static void momentum(const bp_update *u, const bp_span *s, struct rows r) {
  const vec rate = splat(-(real)s->rate), decay = splat((real)s->rate * (real)s->decay);
  const vec share = splat((real)u->beta1);
  const bool nesterov = u->rule == BP_NESTEROV;
  const real *gradient = u->gradient;
  real *velocity = u->first, *parameters = u->parameters;
  EACH_PARAMETER(r) {
    vec g = load(gradient + i);
    vec v = fma_of(share, load(velocity + i), g);
    vec p = load(parameters + i);
    p = fma_of(-decay, p, p);
    store(velocity + i, v);
    store(parameters + i, fma_of(rate, nesterov ? fma_of(share, v, g) : v, p));
  }
}

// m ← β₁ m + (1-β₁) g;  v ← β₂ v + (1-β₂) g²;  θ ← θ - (η/c₁) m / (√(v · 1/c₂) + ε): the two
// corrections are divided once a span, not once an element. AMSGrad has the largest v so far under the
// root; NAdam has (η s_g) g + (η s_m) m above it.
INLINE void adam_kind(const bp_update *u, const bp_span *s, struct rows r, const bp_rule rule) {
  const real eta = (real)s->rate;
  const vec decay = splat(eta * (real)s->decay), epsilon = splat((real)s->epsilon);
  const vec beta1 = splat((real)u->beta1), other1 = splat((real)u->other1);
  const vec beta2 = splat((real)u->beta2), other2 = splat((real)u->other2);
  const vec gradient_step = splat(eta * (real)u->gradient_share);
  const vec step =
      splat(rule == BP_NADAM ? eta * (real)u->moment_share : eta / (real)u->correction1);
  const vec root_scale = splat(1 / (real)u->correction2);
  const real *gradient = u->gradient;
  real *first = u->first, *second = u->second, *third = u->third, *parameters = u->parameters;
  EACH_PARAMETER(r) {
    vec g = load(gradient + i);
    vec m = fma_of(beta1, load(first + i), other1 * g);
    vec v = fma_of(beta2, load(second + i), other2 * g * g);
    vec p = load(parameters + i);
    p = fma_of(-decay, p, p);
    store(first + i, m);
    store(second + i, v);
    if (rule == BP_AMSGRAD) {
      // A v that is NaN stays: the comparison is false.
      vec most = load(third + i);
      v = most > v ? most : v;
      store(third + i, v);
    }
    vec move = rule == BP_NADAM ? fma_of(gradient_step, g, step * m) : step * m;
    vec root = __builtin_elementwise_sqrt(v * root_scale);
    store(parameters + i, p - move / (root + epsilon));
  }
}
static void adam(const bp_update *u, const bp_span *s, struct rows r) {
  adam_kind(u, s, r, BP_ADAM);
}
static void amsgrad(const bp_update *u, const bp_span *s, struct rows r) {
  adam_kind(u, s, r, BP_AMSGRAD);
}
static void nadam(const bp_update *u, const bp_span *s, struct rows r) {
  adam_kind(u, s, r, BP_NADAM);
}

// v ← ρ v + o g²;  θ ← θ - η g / (√v + ε).
static void rmsprop(const bp_update *u, const bp_span *s, struct rows r) {
  const vec rate = splat((real)s->rate), decay = splat((real)s->rate * (real)s->decay);
  const vec rho = splat((real)u->beta2), other = splat((real)u->other2);
  const vec epsilon = splat((real)s->epsilon);
  const real *gradient = u->gradient;
  real *second = u->second, *parameters = u->parameters;
  EACH_PARAMETER(r) {
    vec g = load(gradient + i);
    vec v = fma_of(rho, load(second + i), other * g * g);
    vec p = load(parameters + i);
    p = fma_of(-decay, p, p);
    store(second + i, v);
    store(parameters + i, p - rate * g / (__builtin_elementwise_sqrt(v) + epsilon));
  }
}

// v ← ρ v + o g²;  d = g √(u + ε) / √(v + ε);  u ← ρ u + o d²;  θ ← θ - η d.
static void adadelta(const bp_update *u, const bp_span *s, struct rows r) {
  const vec rate = splat(-(real)s->rate), decay = splat((real)s->rate * (real)s->decay);
  const vec rho = splat((real)u->beta2), other = splat((real)u->other2);
  const vec epsilon = splat((real)s->epsilon);
  const real *gradient = u->gradient;
  real *moves = u->first, *second = u->second, *parameters = u->parameters;
  EACH_PARAMETER(r) {
    vec g = load(gradient + i);
    vec v = fma_of(rho, load(second + i), other * g * g);
    vec moved = load(moves + i);
    vec d = __builtin_elementwise_sqrt(moved + epsilon) / __builtin_elementwise_sqrt(v + epsilon) * g;
    vec p = load(parameters + i);
    p = fma_of(-decay, p, p);
    store(second + i, v);
    store(moves + i, fma_of(rho, moved, other * d * d));
    store(parameters + i, fma_of(rate, d, p));
  }
}

// -1, 1, or x itself where it is 0 or NaN.
INLINE vec sign_of(vec x) {
  vec negative = x < splat(0) ? splat(-1) : x;
  return x > splat(0) ? splat(1) : negative;
}

// c = β₁ m + (1-β₁) g;  θ ← θ - η sign(c);  m ← β₂ m + (1-β₂) g.
static void lion(const bp_update *u, const bp_span *s, struct rows r) {
  const vec rate = splat(-(real)s->rate), decay = splat((real)s->rate * (real)s->decay);
  const vec beta1 = splat((real)u->beta1), other1 = splat((real)u->other1);
  const vec beta2 = splat((real)u->beta2), other2 = splat((real)u->other2);
  const real *gradient = u->gradient;
  real *first = u->first, *parameters = u->parameters;
  EACH_PARAMETER(r) {
    vec g = load(gradient + i);
    vec m = load(first + i);
    vec direction = sign_of(fma_of(beta1, m, other1 * g));
    vec p = load(parameters + i);
    p = fma_of(-decay, p, p);
    store(first + i, fma_of(beta2, m, other2 * g));
    store(parameters + i, fma_of(rate, direction, p));
  }
}

// The size of each step grows while its sign stays and shrinks when it turns; then the parameter
// rests for one step.
static void rprop(const bp_update *u, const bp_span *s, struct rows r) {
  const vec decay = splat((real)s->rate * (real)s->decay);
  const vec shrink = splat((real)u->shrink), grow = splat((real)u->grow);
  const real smallest = (real)u->smallest, largest = (real)u->largest;
  const real *gradient = u->gradient;
  real *signs = u->first, *sizes = u->second, *parameters = u->parameters;
  EACH_PARAMETER(r) {
    vec direction = sign_of(load(gradient + i));
    vec turn = direction * load(signs + i);
    vec size = load(sizes + i);
    vec factor = turn < splat(0) ? shrink : splat(1);
    factor = turn > splat(0) ? grow : factor;
    size = at_most(at_least(size * factor, smallest), largest);
    direction = turn < splat(0) ? splat(0) : direction;
    vec p = load(parameters + i);
    p = fma_of(-decay, p, p);
    store(signs + i, direction);
    store(sizes + i, size);
    store(parameters + i, fma_of(-size, direction, p));
  }
}

// Joins a span with the one behind it if that has the next rows of the same panels and the same terms:
// weights and biases then are a single run.
INLINE bool join(bp_span *s, const bp_span *next) {
  const bp_panels *p = &s->panels, *q = &next->panels;
  if (q->start != p->start + p->rows * BP_PANEL || q->count != p->count || q->stride != p->stride ||
      s->rate != next->rate || s->decay != next->decay || s->epsilon != next->epsilon)
    return false;
  s->panels.rows += q->rows;
  return true;
}

// Each thread takes its share of each span: so it meets the same panels as in the products, and they
// are in its cache.
static void update_part(void *context, int part, int parts) {
  static void (*const rules[])(const bp_update *, const bp_span *, struct rows) = {
      [BP_SGD] = sgd,         [BP_MOMENTUM] = momentum, [BP_NESTEROV] = momentum,
      [BP_ADAM] = adam,       [BP_AMSGRAD] = amsgrad,   [BP_NADAM] = nadam,
      [BP_RMSPROP] = rmsprop, [BP_ADADELTA] = adadelta, [BP_LION] = lion,
      [BP_RPROP] = rprop};
  const bp_update *u = context;
  for (size_t i = 0; i < u->span_count; i++) {
    bp_span s = u->spans[i];
    while (i + 1 < u->span_count && join(&s, &u->spans[i + 1])) i++;
    rules[u->rule](u, &s, share_of_rows(s.panels, part, parts));
  }
}
static void update(bp_pool *pool, const bp_update *u) {
  size_t rows = 0;
  for (size_t i = 0; i < u->span_count; i++) rows += rows_of(u->spans[i].panels);
  bp_pool_run(update_pool(pool, rows), update_part, (void *)u);
}
