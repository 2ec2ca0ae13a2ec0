// What the files of CBackprop share.
#ifndef CBACKPROP_INTERNAL_H
#define CBACKPROP_INTERNAL_H

#include <string.h>

#include "CBackprop.h"

// bp_inner_block returns at most 575 (see there), and kernels cut rows into chunks of at most 192. Sums
// over blocks of a batch have a tree of at most 16 levels, at each of which an area of so many stands.
enum { BP_LONGEST_BLOCK = 576, BP_MOST_PACKED_ROWS = 192, BP_MOST_LEVELS = 16, BP_LEVEL = 98304 };
enum { BP_MOST_PACKED = BP_MOST_PACKED_ROWS * BP_LONGEST_BLOCK };

// A word with the same byte in each of its 8 lanes.
#define BP_LANES(byte) (0x0101010101010101u * (uint64_t)(byte))

// This thread's memory for packed operands of a product, 64-byte aligned, for one block and chunk.
// Made at the thread's first call and kept until the thread ends.
void *bp_scratch(void);

// What `decimals` does, cell by cell.
size_t bp_decimals_one_by_one(const uint8_t *bytes, const bp_cell *cells, size_t first, size_t count,
                              const uint8_t *fractions, uint64_t limit, int32_t *out);

extern const bp_kernels bp_baseline_f32, bp_fma128_f32, bp_avx2_f32, bp_avx512_f32, bp_neon_f32;
extern const bp_kernels bp_baseline_f64, bp_fma128_f64, bp_avx2_f64, bp_avx512_f64, bp_neon_f64;

#endif
