// x86-64 with AVX2 + FMA.
#include "internal.h"

#if defined(__x86_64__)
#define BP_DOUBLE 0
#define BP_VECTOR_BYTES 32
#define BP_FUSED 1
#define BP_TABLE bp_avx2_f32
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "kernels.h"
#pragma clang attribute pop
#endif
