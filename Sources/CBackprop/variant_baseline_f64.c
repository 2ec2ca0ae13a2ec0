// What the compiler's default target has: SSE2 on x86-64, NEON with FMA on arm64, anything elsewhere.
#include "internal.h"

#define BP_DOUBLE 1
#define BP_VECTOR_BYTES 16
#if defined(__FMA__) || defined(__aarch64__)
#define BP_FUSED 1
#else
#define BP_FUSED 0
#endif
#define BP_TABLE bp_baseline_f64
#include "kernels.h"
