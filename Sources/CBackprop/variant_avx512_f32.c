// x86-64 with AVX-512 F, VL, DQ, BW. 32 registers: a tile of 12 × 2 vectors.
#include "internal.h"

#if defined(__x86_64__)
#define BP_DOUBLE 0
#define BP_VECTOR_BYTES 64
#define BP_FUSED 1
#define TILE_ROWS 12
#define BP_TABLE bp_avx512_f32
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma"))), apply_to = function)
#include "kernels.h"
#pragma clang attribute pop
#endif
