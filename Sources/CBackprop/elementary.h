// e^x, e^x - 1, log, log(1 + x), erf and what activations are made of, on vectors.
//
// Goals, in this order: the same bits on every FMA target; NaN, infinities, signed zeros and
// denormals as the formulas have them; few ulps; speed. No tables and no branches, so that every lane
// does the same work. Accuracy, as measured by the tests, stands at each function (float; double).
#pragma once
#include "simd.h"

// A sum of the form x + 1.5 · 2^(mantissa bits) rounds x to an integer, which then stands in the low
// bits of the sum.
#define ROUNDER BP_CHOOSE(0x1.8p23f, 0x1.8p52)
#define ROUNDER_WORD BP_CHOOSE(0x4B400000u, UINT64_C(0x4338000000000000))
#define MANTISSA_BITS BP_CHOOSE(23, 52)
#define MANTISSA_MASK (((word)1 << MANTISSA_BITS) - 1)
#define EXPONENT_BIAS BP_CHOOSE(127, 1023)
#define LEAST_NORMAL BP_CHOOSE(0x1p-126f, 0x1p-1022)
#define INFINITE ((real)__builtin_inf())
#define LOG2_E BP_CHOOSE(1.44269504f, 1.4426950408889634074)
// ln 2 = high + low; high has so few bits that n · high is exact (fdlibm).
#define LN2_HIGH BP_CHOOSE(0.693359375f, 6.93147180369123816490e-01)
#define LN2_LOW BP_CHOOSE(-2.12194440e-4f, 1.90821492927058770002e-10)

// c[0] + x (c[1] + x (… )), `count` coefficients.
#define POLYNOMIAL(c, x) polynomial(c, sizeof(c) / sizeof((c)[0]), x)
INLINE vec polynomial(const real *c, size_t count, vec x) {
  vec sum = splat(c[count - 1]);
  UNROLL for (size_t i = count - 1; i > 0; i--) sum = FMA(sum, x, splat(c[i - 1]));
  return sum;
}

INLINE vec power_of_two(wordvec n) { return reals((n + EXPONENT_BIAS) << MANTISSA_BITS); }

// x + low = n ln 2 + r with |r| <= ln 2 / 2; e^r - 1 = r + r² Q(r), Q Taylor's series. With (ln 2)/2
// put in, the first term left out is 5e-9 (float) and 4e-18 (double) of the sum.
static const real exp_series[] = {
    (real)1 / 2,       (real)1 / 6,        (real)1 / 24,       (real)1 / 120,
    (real)1 / 720,     (real)1 / 5040,
#if BP_DOUBLE
    (real)1 / 40320,   (real)1 / 362880,   (real)1 / 3628800,  (real)1 / 39916800,
    (real)1 / 479001600, (real)1 / 6227020800,
#endif
};
INLINE vec reduced_expm1(vec x, vec low, wordvec *n) {
  vec shifted = fma_of(x, splat(LOG2_E), splat(ROUNDER));
  vec whole = shifted - splat(ROUNDER);
  vec r = fma_of(whole, splat(-LN2_HIGH), x);
  r = fma_of(whole, splat(-LN2_LOW), r) + low;
  *n = words(shifted) - ROUNDER_WORD;
  return fma_of(r * r, POLYNOMIAL(exp_series, r), r);
}

// e^(x + low), |low| small. 2^n is applied in two halves: neither overflows, and a denormal result is
// rounded once. At most 1.0; 1.0 ulp.
INLINE vec exp_of_sum(vec x, vec low) {
  wordvec n;
  x = at_least(at_most(x, BP_CHOOSE(89, 710)), BP_CHOOSE(-105, -746));
  vec q = reduced_expm1(x, low, &n);
  wordvec half = ((n + 4096) >> 1) - 2048;  // arithmetic shift of a signed n
  return (splat(1) + q) * power_of_two(half) * power_of_two(n - half);
}
INLINE vec exp_of(vec x) { return exp_of_sum(x, splat(0)); }

// e^x - 1 = 2 (2^(n-1) q + (2^(n-1) - 1/2)), q = e^r - 1: for n = 0 it is q itself, so nothing
// cancels near 0. At most 1.6; 1.9 ulp.
INLINE vec expm1_of(vec x) {
  wordvec n;
  vec q = reduced_expm1(at_least(at_most(x, BP_CHOOSE(89, 710)), -40), splat(0), &n);
  vec half = power_of_two(n - 1);
  vec y = splat(2) * fma_of(half, q, half - splat((real)0.5));
  return x == splat(0) ? x : y;
}

// log(2^k (1 + f) ) + c, with s = f / (2 + f): log(1 + f) = f - f²/2 + s (f²/2 + R(s²)), fdlibm's
// e_log.c (Sun 1993) and FreeBSD's e_logf.c; c is a small correction of the argument.
static const real log_series[] = {
#if BP_DOUBLE
    6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01,
    2.222219843214978396e-01, 1.818357216161805012e-01, 1.531383769920937332e-01,
    1.479819860511658591e-01,
#else
    0xaaaaaa.0p-24f, 0xccce13.0p-25f, 0x91e9ee.0p-25f, 0xf89e26.0p-26f,
#endif
};
INLINE vec log_of_parts(vec k, vec f, vec c) {
  vec s = f / (splat(2) + f);
  vec z = s * s;
  vec r = z * POLYNOMIAL(log_series, z);
  vec half_square = splat((real)0.5) * f * f;
  vec small = fma_of(s, half_square + r, fma_of(k, splat(LN2_LOW), c));
  return fma_of(k, splat(LN2_HIGH), f - (half_square - small));
}

// x = 2^k m with m in [√½, √2): musl's way with the bits.
INLINE vec split_exponent(vec x, vec *k) {
  const word half_root = BP_CHOOSE(0x3f3504f3u, UINT64_C(0x3fe6a09e667f3bcd));
  const word one = (word)EXPONENT_BIAS << MANTISSA_BITS;
  wordvec shifted = words(x) + (one - half_root);
  *k = reals((shifted >> MANTISSA_BITS) - EXPONENT_BIAS + ROUNDER_WORD) - splat(ROUNDER);
  return reals((shifted & MANTISSA_MASK) + half_root);
}

// log x = -inf at 0, NaN below. At most 1.0; 1.0 ulp.
INLINE vec log_of(vec x) {
  const real lift = BP_CHOOSE(0x1p25f, 0x1p54);
  vec k;
  vec m = split_exponent(x < splat(LEAST_NORMAL) ? x * splat(lift) : x, &k);
  k = x < splat(LEAST_NORMAL) ? k - splat(BP_CHOOSE(25, 54)) : k;
  vec y = log_of_parts(k, m - splat(1), splat(0));
  y = x == splat(INFINITE) ? x : y;
  y = x == splat(0) ? splat(-INFINITE) : y;
  return x >= splat(0) ? y : splat((real)__builtin_nan(""));
}

// log(1 + x): u = 1 + x rounds; what it lost, over u, is the correction c (fdlibm's s_log1p.c). At
// most 0.9; 0.9 ulp.
INLINE vec log1p_of(vec x) {
  vec k, u = splat(1) + x;
  vec f = split_exponent(u, &k) - splat(1);
  vec lost = u > splat(2) ? splat(1) - (u - x) : x - (u - splat(1));
  vec c = lost / u;
  c = k == splat(0) ? splat(0) : c;
  f = k == splat(0) ? x : f;
  vec y = log_of_parts(k, f, c);
  y = x == splat(INFINITE) ? x : y;
  y = x == splat(0) ? x : y;
  y = x == splat(-1) ? splat(-INFINITE) : y;
  return x >= splat(-1) ? y : splat((real)__builtin_nan(""));
}

// e^(-scale x²) for x >= 0, scale 1 or ½. x² is taken apart, h² exactly and (x - h)(x + h): its
// rounding alone would cost 60 ulps in the tail.
INLINE vec gaussian(vec x, real scale) {
  vec h = reals(words(x) & ~(((word)1 << BP_CHOOSE(12, 27)) - 1));
  return exp_of_sum(splat(-scale) * h * h, splat(-scale) * (x - h) * (x + h));
}

// e^(x²) erfc(x) for 0 <= x <= 27 (10 in float), as a polynomial in (x - k) / (x + k) over 1 + 2x
// (Schonfelder 1978; Shepherd and Laframboise 1981, doi:10.1090/S0025-5718-1981-0595058-X).
// Coefficients: Reference/erf-polynomials.py.
static const real erfc_series[] = {
#if BP_DOUBLE
    1.237512630837827584,      -0.140240598585547026,     0.003585415485462977916,
    0.08227673849015162153,    -0.1088039301416620978,    0.09230432116019562092,
    -0.05869339859167792179,   0.02836227742111227145,    -0.009746579533168665117,
    0.001755625841853901054,   0.0002937134874921231744,  -0.000290154075879451241,
    0.00005164989833800855511, 0.00002238447080742570361, -0.00001144644784680993085,
    -9.748303206442844946e-7,  1.755832647041915045e-6,   -5.386613083436982768e-8,
    -2.631900847644228065e-7,  1.831277305119642822e-8,   4.096643915199850583e-8,
    1.85784890222781595e-10,   -5.078022763403985436e-9,  -9.990569607064295655e-10,
#else
    1.276978391f,      -0.0927639157f,  -0.1660313243f,  0.1640535936f,    -0.05420541611f,
    -0.008047373481f,  0.00863850709f,  0.00128016806f,  -0.001250953712f, -0.000370280981f,
    2.299568454e-5f,
#endif
};
INLINE vec scaled_erfc(vec x) {
  const real k = BP_CHOOSE(2, 3.75);
  vec t = (x - splat(k)) / (x + splat(k));
  return POLYNOMIAL(erfc_series, t) / fma_of(splat(2), x, splat(1));
}

// erf x = x + x P(x²) in the centre, 1 - erfc |x| outside it. At most 1.2; 1.4 ulp.
static const real erf_series[] = {
#if BP_DOUBLE
    0.1283791670955125665,     -0.3761263890318354044,   0.1128379167094500627,
    -0.02686617064323777036,   0.005223977607116422732,  -0.0008548325975389692081,
    0.0001205529490483970792,  -0.00001492473690741966034, 1.644742470331736241e-6,
    -1.62084838018717059e-7,   1.37200645467776856e-8,   -7.795898827002142242e-10,
#else
    0.1283791658f,   -0.3761262667f,    0.1128359472f,   -0.02685421201f,
    0.005189087423f, -0.0008016864287f, 7.875875063e-5f,
#endif
};
INLINE vec erf_of(vec x) {
  vec size = at_most(absolute(x), BP_CHOOSE(10, 27));
  vec centre = fma_of(x, POLYNOMIAL(erf_series, x * x), x);
  vec outside = splat(1) - gaussian(size, 1) * scaled_erfc(size);
  vec y = size < splat(1) ? centre : with_sign_of(outside, x);
  return x == splat(0) ? x : y;
}

// tanh x = -t / (t + 2) with t = e^(-2|x|) - 1: nothing overflows, nothing cancels. At most
// 2.5; 2.5 ulp.
INLINE vec tanh_of(vec x) {
  vec t = expm1_of(splat(-2) * absolute(x));
  return with_sign_of(absolute(t / (t + splat(2))), x);
}

// 1 / (1 + e^-x), with the exponential of -|x| so that the left tail keeps its digits. At
// most 2.3; 2.3 ulp.
INLINE vec sigmoid_of(vec x) {
  vec e = exp_of(-absolute(x));
  return (x < splat(0) ? e : splat(1)) / (splat(1) + e);
}

// log(1 + e^x) = max(0, x) + log(1 + e^-|x|). At most 1.6; 1.7 ulp.
INLINE vec softplus_of(vec x) { return at_least(x, 0) + log1p_of(exp_of(-absolute(x))); }
