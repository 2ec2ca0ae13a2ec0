// See checks.h.
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "CReference.h"

#pragma STDC FP_CONTRACT OFF

static size_t ref_padded(size_t columns) { return (columns + 15) / 16 * 16; }
static const char *const ref_loss_names[] = {"squared error", "absolute error", "huber",
                                             "binary cross-entropy", "cross-entropy", "hinge",
                                             "poisson", "quantile"};

bool ref_fuses(bp_variant variant) {
#if defined(__aarch64__)
  (void)variant;
  return true;
#else
  return variant != BP_BASELINE;
#endif
}

#define REF_NAME(verb) ref_##verb##_f32
#define REF_REAL float
#define REF_PRECISION BP_F32
#define REF_FMA fmaf
#define REF_SQRT sqrtf
#define REF_EPSILON FLT_EPSILON
#define REF_SMALLEST FLT_MIN
#include "checks.h"
#undef REF_NAME
#undef REF_REAL
#undef REF_PRECISION
#undef REF_FMA
#undef REF_SQRT
#undef REF_EPSILON
#undef REF_SMALLEST
#define REF_NAME(verb) ref_##verb##_f64
#define REF_REAL double
#define REF_PRECISION BP_F64
#define REF_FMA fma
#define REF_SQRT sqrt
#define REF_EPSILON DBL_EPSILON
#define REF_SMALLEST DBL_MIN
#include "checks.h"
