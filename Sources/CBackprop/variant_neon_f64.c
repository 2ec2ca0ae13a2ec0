// arm64. 32 registers of 128 bits: a tile of 6 × 4 vectors.
#include "internal.h"

#if defined(__aarch64__)
#define BP_DOUBLE 1
#define BP_VECTOR_BYTES 16
#define BP_FUSED 1
#define TILE_VECTORS 4
#define BP_TABLE bp_neon_f64
#include "kernels.h"
#endif
