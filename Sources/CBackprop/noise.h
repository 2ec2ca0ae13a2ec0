// What is random in a training step: dropout's masks and Gaussian noise; and what mixes examples.
//
// Philox 4×32-10 (Salmon et al. 2011, doi:10.1145/2063384.2063405) is a function of a counter and a
// key, so a number depends on where it stands and on nothing else: not on threads, not on the width
// of vectors, not on what was drawn before. Sixteen counters are worked on at a time, each word in a
// lane of 64 bits, whose product with a constant of 32 bits is then a single instruction.
#pragma once
#include <string.h>

#include "elementary.h"

// Below so many elements one thread works alone.
enum { NOISE_SHARE = 32768 };

enum { PHILOX_LANES = BP_VECTOR_BYTES / 8, PHILOX_GROUP = 4 * BP_PANEL };
typedef uint64_t philoxvec __attribute__((ext_vector_type(BP_VECTOR_BYTES / 8)));
typedef uint32_t philoxwords __attribute__((ext_vector_type(BP_VECTOR_BYTES / 8)));
// As many words of 32 bits as a vector has reals.
typedef uint32_t drawvec __attribute__((ext_vector_type(BP_VECTOR_BYTES / sizeof(real))));
typedef int32_t signedvec __attribute__((ext_vector_type(BP_VECTOR_BYTES / sizeof(real))));

static const uint64_t lane_counters[8] = {0, 1, 2, 3, 4, 5, 6, 7};

// The 64 words of blocks block … block + 15 for one example: draws[16 w + b] is word w of block b.
INLINE void philox_group(const bp_noise *n, uint32_t block, uint32_t position,
                         uint32_t draws[PHILOX_GROUP]) {
  const philoxvec low = (philoxvec)(uint64_t)0xFFFFFFFFu;
  for (unsigned b = 0; b < BP_PANEL; b += PHILOX_LANES) {
    philoxvec c0, c1 = (philoxvec)(uint64_t)position;
    philoxvec c2 = (philoxvec)(n->stream & 0xFFFFFFFFu), c3 = (philoxvec)(n->stream >> 32);
    memcpy(&c0, lane_counters, sizeof c0);
    c0 += (philoxvec)(uint64_t)(block + b);
    uint32_t k0 = (uint32_t)n->seed, k1 = (uint32_t)(n->seed >> 32);
    UNROLL for (int round = 0; round < 10; round++) {
      philoxvec p0 = (c0 & low) * (philoxvec)(uint64_t)0xD2511F53u;
      philoxvec p1 = (c2 & low) * (philoxvec)(uint64_t)0xCD9E8D57u;
      c0 = (p1 >> 32) ^ c1 ^ (philoxvec)(uint64_t)k0;
      c1 = p1 & low;
      c2 = (p0 >> 32) ^ c3 ^ (philoxvec)(uint64_t)k1;
      c3 = p0 & low;
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    const philoxvec words[4] = {c0, c1, c2, c3};
    UNROLL for (int w = 0; w < 4; w++) {
      philoxwords narrow = __builtin_convertvector(words[w], philoxwords);
      memcpy(draws + w * BP_PANEL + b, &narrow, sizeof narrow);
    }
  }
}

// What a pass over x needs: the words, what becomes of them, and where it goes.
struct noise {
  bp_noise noise;
  uint32_t threshold;
  real scale;
  bp_matrix mask, out;
};

INLINE bp_pool *noise_pool(bp_pool *pool, size_t rows, size_t columns) {
  return rows * columns < NOISE_SHARE ? NULL : pool;
}

// Runs `statement` for each vector of the rows of one part; it sees the row r, the column j and the
// vector `draw` of random words.
#define EACH_DRAW(n, statement)                                                \
  size_t end = (n)->rows * ((size_t)part + 1) / (size_t)parts;                 \
  size_t width = round_up((n)->columns, BP_PANEL);                             \
  for (size_t r = (n)->rows * (size_t)part / (size_t)parts; r < end; r++)      \
    for (size_t group = 0; group < width; group += PHILOX_GROUP) {             \
      uint32_t draws[PHILOX_GROUP];                                            \
      philox_group(n, (uint32_t)(group / 4), (uint32_t)((n)->first + r), draws); \
      size_t last = smaller(width - group, PHILOX_GROUP);                      \
      for (size_t i = 0; i < last; i += W) {                                   \
        size_t j = group + i;                                                  \
        drawvec draw;                                                          \
        memcpy(&draw, draws + i, sizeof draw);                                 \
        statement                                                              \
      }                                                                        \
    }

static void dropout_part(void *context, int part, int parts) {
  const struct noise *n = context;
  EACH_DRAW(&n->noise, {
    wordvec kept = (wordvec)(__builtin_convertvector(draw, wordvec) >= (wordvec)n->threshold);
    vec factor = reals(words(splat(n->scale)) & kept);
    if (n->mask.start) store(row_of(n->mask, r) + j, factor);
    store(row_of(n->out, r) + j, load(row_of(n->noise.x, r) + j) * factor);
  })
}
static void dropout(bp_pool *pool, bp_noise noise, uint32_t threshold, double scale, bp_matrix mask,
                    bp_matrix out) {
  struct noise n = {noise, threshold, (real)scale, mask, out};
  bp_pool_run(noise_pool(pool, noise.rows, noise.columns), dropout_part, &n);
}

// Wichura 1988, algorithm AS 241, doi:10.2307/2347330: PPND7 for float, PPND16 for double. For the
// tail m in (0, 1/2), -Φ⁻¹(m): around the middle q P(r)/Q(r) with q = 1/2 - m, farther out a
// quotient in √(-log m). m is at least 2^-33, where the third region of the algorithm has not begun.
static const real normal_middle_p[] = {
#if BP_DOUBLE
    3.387132872796366608,  133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
    45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727,
#else
    3.3871327179f, 50.434271938f, 159.29113202f, 59.109374720f,
#endif
};
static const real normal_middle_q[] = {
#if BP_DOUBLE
    1, 42.313330701600911252, 687.1870074920579083, 5394.1960214247511077,
    21213.794301586595867, 39307.89580009271061, 28729.085735721942674, 5226.495278852854561,
#else
    1, 17.895169469f, 78.757757664f, 67.187563600f,
#endif
};
static const real normal_tail_p[] = {
#if BP_DOUBLE
    1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055, 3.64784832476320460504,
    1.27045825245236838258, 0.24178072517745061177, 0.0227238449892691845833,
    7.7454501427834140764e-4,
#else
    1.4234372777f, 2.7568153900f, 1.3067284816f, 0.17023821103f,
#endif
};
static const real normal_tail_q[] = {
#if BP_DOUBLE
    1, 2.05319162663775882187, 1.6763848301838038494, 0.68976733498510000455,
    0.14810397642748007459, 0.0151986665636164571966, 5.475938084995344946e-4,
    1.05075007164441684324e-9,
#else
    1, 0.73700164250f, 0.12021132975f,
#endif
};

// A standard normal number for each word: its highest bit is the sign, the others n are the tail
// m = (n + 1/2) / 2³².
INLINE vec normal_of(drawvec draw) {
  vec n = __builtin_convertvector((signedvec)(draw & 0x7FFFFFFFu), vec);
  vec m = (n + splat((real)0.5)) * splat((real)0x1p-32);
  vec q = splat((real)0.5) - m;
  vec r = fma_of(-q, q, splat((real)0.180625));
  vec middle = q * POLYNOMIAL(normal_middle_p, r) / POLYNOMIAL(normal_middle_q, r);
  vec t = __builtin_elementwise_sqrt(-log_of(m)) - splat((real)1.6);
  vec tail = POLYNOMIAL(normal_tail_p, t) / POLYNOMIAL(normal_tail_q, t);
  vec magnitude = q <= splat((real)0.425) ? middle : tail;
  return with_sign_of(magnitude, __builtin_convertvector((signedvec)draw, vec));
}

static void add_normal_part(void *context, int part, int parts) {
  const struct noise *n = context;
  EACH_DRAW(&n->noise, {
    vec x = load(row_of(n->noise.x, r) + j);
    store(row_of(n->out, r) + j, fma_of(splat(n->scale), normal_of(draw), x));
  })
}
static void add_normal(bp_pool *pool, bp_noise noise, double deviation, bp_matrix out) {
  struct noise n = {.noise = noise, .scale = (real)deviation, .out = out};
  bp_pool_run(noise_pool(pool, noise.rows, noise.columns), add_normal_part, &n);
}

// out ← out ⊙ x.
static void multiply_part(void *context, int part, int parts) {
  const struct noise *n = context;
  const size_t rows = n->noise.rows, width = round_up(n->noise.columns, BP_PANEL);
  size_t end = rows * ((size_t)part + 1) / (size_t)parts;
  for (size_t r = rows * (size_t)part / (size_t)parts; r < end; r++)
    for (size_t j = 0; j < width; j += W) {
      real *out = row_of(n->out, r) + j;
      store(out, load(out) * load(row_of(n->noise.x, r) + j));
    }
}
static void multiply(bp_pool *pool, size_t rows, size_t columns, bp_matrix x, bp_matrix out) {
  struct noise n = {.noise = {.rows = rows, .columns = columns, .x = x}, .out = out};
  bp_pool_run(noise_pool(pool, rows, columns), multiply_part, &n);
}

// out[i] = s x[i] + (1 - s) x[partner], s = shares[i].
static void mix(size_t rows, size_t columns, bp_matrix x, const uint32_t *partners,
                const void *shares, bp_matrix out) {
  for (size_t r = 0; r < rows; r++) {
    const real *own = row_of(x, r), *other = row_of(x, partners[r]), s = ((const real *)shares)[r];
    vec share = splat(s), rest = splat(1 - s);
    for (size_t j = 0; j < columns; j += W)
      store(row_of(out, r) + j, fma_of(share, load(own + j), rest * load(other + j)));
  }
}

// out = factor x + shift.
static void scale_and_shift(size_t rows, size_t columns, bp_matrix x, double factor, double shift,
                            bp_matrix out) {
  const vec scale = splat((real)factor), level = splat((real)shift);
  for (size_t r = 0; r < rows; r++)
    for (size_t j = 0; j < columns; j += W)
      store(row_of(out, r) + j, fma_of(scale, load(row_of(x, r) + j), level));
}
