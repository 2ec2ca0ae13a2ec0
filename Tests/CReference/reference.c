// See CReference.h.
#include "CReference.h"

#include <float.h>
#include <math.h>
#include <string.h>

// A multiply-add is fused here only where it says so.
#pragma STDC FP_CONTRACT OFF

long double ref_function(bp_function function, long double x) {
  switch (function) {
    case BP_EXP: return expl(x);
    case BP_EXPM1: return expm1l(x);
    case BP_LOG: return logl(x);
    case BP_LOG1P: return log1pl(x);
    case BP_ERF: return erfl(x);
  }
  return NAN;
}

static const long double selu_scale = 1.0507009873554804934193349852946L;
static const long double selu_alpha = 1.6732632423543772848170429916717L;

static long double sigmoid(long double z) { return 1 / (1 + expl(-z)); }
static long double softplus(long double z) { return fmaxl(z, 0) + log1pl(expl(-fabsl(z))); }
// Φ and φ of the normal distribution.
static long double normal_share(long double z) { return erfcl(-z * sqrtl(0.5L)) / 2; }
static long double normal_density(long double z) {
  return expl(-z * z / 2) * 0.398942280401432677939946059934L;
}

long double ref_activation(bp_activation activation, long double parameter, long double z) {
  if (isnan(z)) return z;
  switch (activation) {
    case BP_IDENTITY: return z;
    case BP_SIGMOID: return sigmoid(z);
    case BP_TANH: return tanhl(z);
    case BP_RELU: return z > 0 ? z : z < 0 ? 0 : z;
    case BP_LEAKY_RELU: return z > 0 ? z : parameter * z;
    case BP_ELU: return z > 0 ? z : parameter * expm1l(z);
    case BP_SELU: return selu_scale * (z > 0 ? z : selu_alpha * expm1l(z));
    case BP_SOFTPLUS: return softplus(z);
    case BP_GELU: return z == -INFINITY ? -0.0L : z * normal_share(z);
    case BP_SILU: return z == -INFINITY ? -0.0L : z * sigmoid(z);
    case BP_MISH: return z == -INFINITY ? -0.0L : z * tanhl(softplus(z));
  }
  return NAN;
}

long double ref_derivative(bp_activation activation, long double parameter, long double z) {
  if (isnan(z)) return z;
  long double s = sigmoid(z), t = tanhl(softplus(z));
  switch (activation) {
    case BP_IDENTITY: return 1;
    case BP_SIGMOID: return s * sigmoid(-z);
    case BP_TANH: return 1 / (coshl(z) * coshl(z));
    case BP_RELU: return z > 0 ? 1 : 0;
    case BP_LEAKY_RELU: return z > 0 ? 1 : parameter;
    case BP_ELU: return z > 0 ? 1 : parameter * expl(z);
    case BP_SELU: return selu_scale * (z > 0 ? 1 : selu_alpha * expl(z));
    case BP_SOFTPLUS: return s;
    case BP_GELU: return isinf(z) ? z > 0 : normal_share(z) + z * normal_density(z);
    case BP_SILU: return isinf(z) ? z > 0 : s * (1 + z * sigmoid(-z));
    case BP_MISH: return isinf(z) ? z > 0 : t + z * s * (1 - t * t);
  }
  return NAN;
}

#define REF_NAME(verb) ref_##verb##_f32
#define REF_REAL float
#define REF_FMA fmaf
#define REF_DIGITS FLT_MANT_DIG
#define REF_LEAST_EXPONENT FLT_MIN_EXP
#include "loops.h"
#undef REF_NAME
#undef REF_REAL
#undef REF_FMA
#undef REF_DIGITS
#undef REF_LEAST_EXPONENT
#define REF_NAME(verb) ref_##verb##_f64
#define REF_REAL double
#define REF_FMA fma
#define REF_DIGITS DBL_MANT_DIG
#define REF_LEAST_EXPONENT DBL_MIN_EXP
#include "loops.h"
