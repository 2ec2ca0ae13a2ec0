// x86-64 with AVX + FMA, vectors of 128 bits.
#include "internal.h"

#if defined(__x86_64__)
#define BP_DOUBLE 0
#define BP_VECTOR_BYTES 16
#define BP_FUSED 1
#define BP_TABLE bp_fma128_f32
#pragma clang attribute push(__attribute__((target("avx,fma"))), apply_to = function)
#include "kernels.h"
#pragma clang attribute pop
#endif
