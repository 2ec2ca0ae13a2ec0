// CBackprop: the element loops of backpropagation.
//
// Goals, in this order: results that depend on nothing but the operands (not on threads, vector
// width or the batch a row came in); speed; a contract short enough to be read before use.
//
// Contract of every kernel
//   * Sizes first, inputs, scalars, output last. Any size may be 0. No errors, no allocation, save
//     some scratch memory for packed operands at a thread's first product, kept until it ends.
//   * Matrices are row-major with a leading dimension (`ld…`, in elements, >= columns).
//   * Nothing that is documented as output is ever read (NaN in it does no harm).
//   * Inputs and outputs do not overlap, unless the kernel says so.
//   * Every multiply-add is one fused operation in all variants but BP_BASELINE on x86.
//     A sum over an inner index runs in ascending order, in blocks fixed by the inner extent alone;
//     a sum across a row is a fixed tree over 16 lanes (lane i takes elements i, i + 16, …).
//     (A multi-class hinge alone adds its margins in ascending order.)
//     So the bits are the same for any thread count and for all FMA variants, and a row's result
//     does not depend on the other rows of its batch.
//   * NaN in, NaN out, where the formula says so: exp(-inf) = 0, exp(+inf) = inf, tanh(-0) = -0.
//
// Panels: how the parameters of an affine map are kept
//   For k inputs and n outputs there are ceil(n / 16) panels. Panel p is (k + 1) rows of 16
//   elements: row i < k holds W[16 p + 0 … 15][i], row k the biases b[16 p + 0 … 15]. Columns past n
//   are zero, and every kernel that writes panels writes zero there. A gradient, a velocity and a
//   moment have the same layout.
//
// Padding of rows
//   Activations and errors have a leading dimension that is a multiple of 16. A kernel may write
//   anything finite to the columns between the last real column and the next multiple of 16, except
//   that every kernel that writes an error (delta) writes zeros there; `bp_parameter_gradient` and
//   `bp_pass_down` rely on it. Buffers are 64-byte aligned and at least 4 KiB of readable memory
//   lies behind each, so a tile may load past the end of a row.
#ifndef CBACKPROP_H
#define CBACKPROP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { BP_PANEL = 16 };

// Instruction sets. One is active at a time; the best one the processor has is chosen at load.
typedef enum bp_variant {
  BP_BASELINE = 0,  // what the compiler's default target has; fused only where that has FMA
  BP_FMA128 = 1,    // x86-64 with AVX + FMA, vectors of 128 bits
  BP_AVX2 = 2,      // x86-64 with AVX2 + FMA
  BP_AVX512 = 3,    // x86-64 with AVX-512 F, VL, DQ, BW
  BP_NEON = 4,      // arm64
} bp_variant;

bool bp_variant_supported(bp_variant variant);
bp_variant bp_variant_active(void);
// Switches all kernels to `variant`; false, and no change, if the processor lacks it. For tests and
// benchmarks: not to be called while another thread runs a kernel.
bool bp_variant_select(bp_variant variant);

// The length of the blocks in which a sum over an inner index of `extent` runs; the last one may be
// shorter. At most 575.
size_t bp_inner_block(size_t extent);

// A pool of threads that split output tiles, never a sum. `threads` counts the caller. Workers spin
// shortly after a region, then sleep. A pool serves one caller at a time; a second one meanwhile
// works alone. NULL means one thread.
typedef struct bp_pool bp_pool;
bp_pool *bp_pool_create(int threads);
void bp_pool_destroy(bp_pool *pool);
int bp_pool_threads(const bp_pool *pool);
// Runs body(context, 0 … parts - 1, parts), part 0 on the caller, and returns when all are done. If
// the pool is at work already, for another caller or for this one, the caller runs body as one part.
void bp_pool_run(bp_pool *pool, void (*body)(void *context, int part, int parts), void *context);

// Rows that will be read soon: `count` of `bytes` each, the i-th at source + places[indices[i]] ·
// stride. places may be NULL: then they are 0, 1, …
typedef struct bp_rows {
  const void *source;
  size_t stride, bytes;
  const uint32_t *places, *indices;
  size_t count;
} bp_rows;

// 64-byte aligned (2 MiB with huge pages when large), zero-filled, 4 KiB of slack behind the last
// byte. NULL when memory is exhausted.
void *bp_buffer_create(size_t bytes);
void bp_buffer_destroy(void *buffer, size_t bytes);
// Asks for huge pages where memory that is not touched yet is large enough to gain by them.
void bp_prefer_huge_pages(void *start, size_t bytes);

// Elementwise activations. `parameter` is the slope of BP_LEAKY_RELU and the alpha of BP_ELU; the
// others ignore it. The derivative is taken from the output a, save where bp_derivative_uses_z says
// that it needs the weighted input z (GELU, SiLU, Mish).
typedef enum bp_activation {
  BP_IDENTITY = 0,    // z                          1
  BP_SIGMOID = 1,     // 1 / (1 + e^-z)             a (1 - a)
  BP_TANH = 2,        // tanh z                     1 - a^2
  BP_RELU = 3,        // max(0, z)                  a > 0 ? 1 : 0
  BP_LEAKY_RELU = 4,  // z > 0 ? z : s z            a > 0 ? 1 : s          (s >= 0)
  BP_ELU = 5,         // z > 0 ? z : alpha (e^z-1)  a > 0 ? 1 : a + alpha  (alpha > 0)
  BP_SELU = 6,        // lambda elu(z; alpha)       a > 0 ? lambda : a + lambda alpha
  BP_SOFTPLUS = 7,    // log(1 + e^z)               1 - e^-a
  BP_GELU = 8,        // z Phi(z), Phi by erf       Phi(z) + z phi(z)
  BP_SILU = 9,        // z s(z), s the sigmoid      s(z) (1 + z (1 - s(z)))
  BP_MISH = 10,       // z tanh(softplus(z))        from z
} bp_activation;

bool bp_derivative_uses_z(bp_activation activation);

// Losses as functions of the outputs a and targets y of one example; C is the sum over its outputs.
// `parameter` is the delta of BP_HUBER and the q of BP_QUANTILE; the others ignore it.
typedef enum bp_loss {
  BP_SQUARED_ERROR = 0,         // 1/2 (a - y)^2                  a - y
  BP_ABSOLUTE_ERROR = 1,        // |a - y|                        sign(a - y), 0 at 0
  BP_HUBER = 2,                 // |r| <= d ? r^2/2 : d(|r|-d/2)  |r| <= d ? r : d sign r,  r = a - y
  BP_BINARY_CROSS_ENTROPY = 3,  // -y log a - (1-y) log(1-a)      (1-y)/(1-a) - y/a;  0 log 0 = 0
  BP_CROSS_ENTROPY = 4,         // -y log a                       -y/a, 0 where y = 0
  BP_HINGE = 5,                 // one output, y = +-1: max(0, 1 - y a); several outputs, one-hot y with
                                // correct class c (Weston-Watkins): sum over j != c of
                                // max(0, 1 + a_j - a_c). Derivative 0 at the kink.
  BP_POISSON = 6,               // a - y log a                    1 - y/a;  0 log 0 = 0
  BP_QUANTILE = 7,              // max(q (y-a), (q-1)(y-a))       a < y ? -q : a > y ? 1-q : 0
} bp_loss;

// Functions for bp_map: our own polynomials, so that a libm cannot change a bit.
typedef enum bp_function {
  BP_EXP = 0,
  BP_EXPM1 = 1,
  BP_LOG = 2,
  BP_LOG1P = 3,
  BP_ERF = 4,
} bp_function;

// A cell bytes[start … end - 1] of a row; form is 0 for plain text and the reader's own otherwise.
typedef struct {
  int32_t start;
  int32_t end;
  uint8_t form;
} bp_cell;

#define BP_NAME(verb) bp_##verb##_f32
#define BP_REAL float
#include "CBackpropKernels.h"
#undef BP_NAME
#undef BP_REAL
#define BP_NAME(verb) bp_##verb##_f64
#define BP_REAL double
#include "CBackpropKernels.h"
#undef BP_NAME
#undef BP_REAL

// MARK: Delimited text

// Cuts the row that begins at bytes[start] into plain cells; returns their number.
//   The row ends with LF, CRLF or CR before bytes[end], end <= INT32_MAX; *next is the place behind.
//   is_ascii: whether no byte of the row has its top bit set.
//   Returns 0, and writes neither *next nor *is_ascii, for a row that needs a closer look: it holds
//   a quote or a NUL, does not end before `end` (or with a CR there), or might have more than
//   capacity - 64 cells. 64 bytes from bytes[end] on are readable.
size_t bp_row_of_cells(const uint8_t *bytes, size_t start, size_t end, uint8_t delimiter,
                       size_t capacity, bp_cell *cells, size_t *next, bool *is_ascii);

// The range of each column without INT32_MIN, which is a missing value, and whether it has any.
void bp_decimal_ranges(size_t rows, size_t columns, const int32_t *x, int32_t *smallest,
                       int32_t *largest, int32_t *missing);
// out = x - bases[j], rounded to nothing: it must fit into integers of `width` 1, 2 or 4 bytes.
// INT32_MIN becomes the lowest of them.
void bp_pack_decimals(size_t rows, size_t columns, const int32_t *x, size_t ldx,
                      const int32_t *bases, size_t width, void *out, size_t ldout);

#ifdef __cplusplus
}
#endif
#endif
