// CBackprop: the element loops of backpropagation.
//
// Goals, in this order: results that depend on nothing but the operands (not on threads, vector
// width or the batch a row came in); speed; a contract short enough to be read before use.
//
// Contract of every kernel
//   * Sizes first, inputs, scalars, output last. Any size may be 0. No errors, no allocation, save
//     some scratch memory for packed operands at a thread's first product, kept until it ends.
//   * What takes more than seven arguments takes a struct, whose comment is its contract.
//   * Matrices are row-major with a stride in elements, >= columns.
//   * Nothing that is documented as output is ever read (NaN in it does no harm).
//   * Inputs and outputs do not overlap, unless the kernel says so.
//   * Every multiply-add is one fused operation in all variants but BP_BASELINE on x86.
//     A sum over an inner index runs in ascending order, in blocks fixed by the inner extent alone;
//     one over the rows of a batch as bp_blocks has it;
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
//   Activations and errors have a stride that is a multiple of 16. A kernel may write
//   anything finite to the columns between the last real column and the next multiple of 16, except
//   that every kernel that writes an error (delta) writes zeros there; `parameter_gradient` and
//   `backpropagate` rely on it. Buffers are 64-byte aligned and at least 4 KiB of readable memory
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

// 64-byte aligned (2 MiB with huge pages when large), zero-filled, 4 KiB of slack behind the last
// byte. NULL when memory is exhausted.
void *bp_buffer_create(size_t bytes);
void bp_buffer_destroy(void *buffer, size_t bytes);
// Ends the process because so many bytes could not be had and nobody can be told by an error: by the
// handler if there is one, else with a line on standard error and a trap.
_Noreturn void bp_exhausted(size_t bytes);
void bp_on_exhaustion(void (*handler)(size_t bytes));
// What the limits of this process's address space and data (ulimit -v, -d) leave; INT64_MAX if
// there are none.
int64_t bp_limit_left(void);
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

// Functions for `map`: our own polynomials, so that a libm cannot change a bit.
typedef enum bp_function {
  BP_EXP = 0,
  BP_EXPM1 = 1,
  BP_LOG = 2,
  BP_LOG1P = 3,
  BP_ERF = 4,
} bp_function;

// MARK: Arguments of kernels

// Rows of elements, `stride` elements from one to the next, >= their columns, which the kernel knows.
// Whether they are read or written is the kernel's to say too.
typedef struct bp_matrix {
  void *start;
  size_t stride;
} bp_matrix;

// The order of a sum over the rows of a batch. The m rows are cut by position into `count` blocks, block
// i being the rows ⌊i m/count⌋ ..< ⌊(i + 1) m/count⌋; some are empty, with the sum 0, if count > m. A
// block is one ascending chain that begins with 0. Blocks are added by the binary tree whose left part
// is the largest power of two below the number of blocks: five are ((b₀ + b₁) + (b₂ + b₃)) + b₄.
//   count is 1 … 65,536. With `continues`, for count 1 alone, the chain begins with what stands where the
//   sum goes, so that a block's rows, given in several calls, have the bits that they have in one.
typedef struct bp_blocks {
  size_t count;
  bool continues;
} bp_blocks;

// Forward: z = a Wᵀ + b, out = σ(z).
//   a [m, k], panels of W [n, k] and b [n], out [m, n]. Row r of a is a[a_rows[r]]: examples are read
//   where they are, not copied. NULL for rows in their order.
//   z [m, n] receives the weighted inputs too, unless its start is NULL. `z` may be `out` only for
//   BP_IDENTITY.
//   Sum over k: block 0 starts from the bias, later blocks from zero and are added at the end.
typedef struct bp_affine {
  size_t m, k, n;
  bp_matrix a;
  const uint32_t *a_rows;
  const void *panels;
  bp_activation activation;
  double parameter;
  bp_matrix z, out;
} bp_affine;

// BP2: out = (delta W) ⊙ σ′.
//   delta [m, n], panels of W [n, k], kept [m, k], out [m, k].
//   kept holds the lower layer's outputs a, or its weighted inputs z if bp_derivative_uses_z;
//   not read (may be NULL) for BP_IDENTITY. Columns k … of out up to a multiple of 16 become zero.
typedef struct bp_backpropagate {
  size_t m, n, k;
  bp_matrix delta;
  const void *panels;
  bp_activation activation;
  double parameter;
  bp_matrix kept, out;
} bp_backpropagate;

// Rows of bytes: `count` of `bytes` each, the i-th at source + places[indices[i]] · stride. places and
// indices may be NULL: then they are 0, 1, …
typedef struct bp_rows {
  const void *source;
  size_t stride, bytes;
  const uint32_t *places, *indices;
  size_t count;
} bp_rows;

// BP3 and BP4: gradient rows i < k: Σₓ aₓᵢ δₓⱼ; gradient row k: Σₓ δₓⱼ, both over the batch in the
// order of `blocks`, each step one fused multiply-add.
//   a [m, k] with a_rows as in bp_affine, delta [m, n] with zero padding, gradient: panels,
//   overwritten.
//   Between the tiles the rows `ahead` (NULL for none), which will be read soon, are fetched into the
//   second cache, each by one of the threads.
typedef struct bp_parameter_gradient {
  size_t m, k, n;
  bp_matrix a;
  const uint32_t *a_rows;
  bp_matrix delta;
  bp_blocks blocks;
  const bp_rows *ahead;
  void *gradient;
} bp_parameter_gradient;

// z [rows, columns] and what its normalisation keeps of each row, moments [rows, 2].
typedef struct bp_normalization {
  size_t rows, columns;
  bool centred;
  bp_matrix z;
  void *moments;
} bp_normalization;

// x [rows, columns], row r of it x[x_rows[r]], NULL for rows in their order; and from [rows, columns],
// whose start is NULL where there is none.
typedef struct bp_scaling {
  size_t rows, columns;
  bp_matrix x;
  const uint32_t *x_rows;
  bp_matrix from;
} bp_scaling;

// One input of every row, x[x_rows[r]], NULL for rows in their order, and what it becomes, or the error of
// that: both begin at their column.
typedef struct bp_column {
  size_t rows;
  bp_matrix x;
  const uint32_t *x_rows;
  bp_matrix y;
} bp_column;

// Numbers beside a number itself that it becomes, sums of 16 waves each.
#define BP_WAVES 3

// What a loss compares with: y [rows, columns], and the weights [rows] of the examples (NULL: all 1),
// each times `scale`.
typedef struct bp_targets {
  size_t rows, columns;
  bp_matrix y;
  const void *weights;
  double scale;
} bp_targets;

// Some rows of a tensor: the first `rows` rows of 16 in each of `count` blocks, `stride` rows from one
// block to the next, block 0 at `start` elements behind that of the buffer.
typedef struct bp_panels {
  size_t start, count, rows, stride;
} bp_panels;

// What an optimiser does to the parameters θ, given their gradient g: first decoupled decay
// (Loshchilov & Hutter 2019), θ ← θ - η λ θ, then the step.
typedef enum bp_rule {
  // θ ← θ - η g
  BP_SGD = 0,
  // v ← μ v + g;  θ ← θ - η v.  μ = beta1, v = first
  BP_MOMENTUM = 1,
  // v ← μ v + g;  θ ← θ - η (g + μ v)
  BP_NESTEROV = 2,
  // m ← β₁ m + (1-β₁) g;  v ← β₂ v + (1-β₂) g²;  θ ← θ - η (m/c₁) / (√(v/c₂) + ε)
  // with c₁ = 1 - β₁ᵗ, c₂ = 1 - β₂ᵗ (Kingma & Ba 2015), both passed in; so are other1 = 1 - β₁ and
  // other2 = 1 - β₂, which a β rounded to float would give with hardly a right digit, or as 0.
  // m = first, v = second
  BP_ADAM = 3,
  // m and v as Adam;  v̂ ← max(v̂, v);  θ ← θ - η (m/c₁) / (√(v̂/c₂) + ε) (Reddi et al. 2018).
  // v̂ = third
  BP_AMSGRAD = 4,
  // m and v as Adam;  θ ← θ - η (s_g g + s_m m) / (√(v/c₂) + ε) (Dozat 2016); the shares s_g of the
  // gradient and s_m of the moment depend on t alone and are passed in.
  BP_NADAM = 5,
  // v ← β₂ v + o g²;  θ ← θ - η g / (√v + ε) (Tieleman & Hinton 2012, with other2 = o = 1 - β₂). With
  // β₂ = 1 and o = 1 the sum of AdaGrad (Duchi et al. 2011).  v = second
  BP_RMSPROP = 6,
  // v ← β₂ v + (1-β₂) g²;  d = g √(u + ε) / √(v + ε);  u ← β₂ u + (1-β₂) d²;  θ ← θ - η d (Zeiler
  // 2012).  u = first, v = second
  BP_ADADELTA = 7,
  // θ ← θ - η sign(β₁ m + (1-β₁) g);  m ← β₂ m + (1-β₂) g (Chen et al. 2023). The sign of 0 is 0,
  // that of NaN is NaN.  m = first
  BP_LION = 8,
  // iRprop− (Igel & Hüsken 2000), s being the last sign: sign(g) s > 0: Δ ← min(grow Δ, largest);
  // < 0: Δ ← max(shrink Δ, smallest), and g counts as 0.  θ ← θ - sign(g) Δ;  s ← sign(g). Signs of 0
  // and NaN as in Lion. η takes part in the decay only.  s = first, Δ = second
  BP_RPROP = 9,
} bp_rule;

// Parameters with an η, a λ and an ε of their own.
typedef struct bp_span {
  bp_panels panels;
  double rate, decay, epsilon;
} bp_span;

// One step of a rule, elementwise, over spans that do not overlap, in one pass; each thread takes its
// share of each span. What a rule does not name is not read.
typedef struct bp_update {
  bp_rule rule;
  const bp_span *spans;
  size_t span_count;
  const void *gradient;
  double beta1, other1, beta2, other2;
  double correction1, correction2, gradient_share, moment_share;
  double shrink, grow, smallest, largest;
  void *first, *second, *third, *parameters;
} bp_update;

// x [rows, columns] and a word of 32 bits for each element: word j of example i is a function of
// (seed, stream, first + i, j) alone, word ⌊j/16⌋ mod 4 of Philox 4×32-10 for the key `seed` and the
// counter (16 ⌊j/64⌋ + j mod 16, first + i, stream's lower half, stream's upper half). So threads,
// vectors and the batch's other rows change no bit.
typedef struct bp_noise {
  size_t rows, columns;
  bp_matrix x;
  uint64_t seed, stream;
  size_t first;
} bp_noise;

// A cell bytes[start … end - 1] of a row; form is 0 for plain text and the reader's own otherwise.
typedef struct {
  int32_t start;
  int32_t end;
  uint8_t form;
} bp_cell;

// How decimals are kept in columns: as integers of `width` 1, 2 or 4 bytes, x - base of x / power;
// x = missing (itself NaN for a column that misses none) is no number.
typedef struct bp_packing {
  size_t width;
  const int32_t *bases;
  const double *powers, *missing;
} bp_packing;

// MARK: The kernels

// What they are called with, and their contracts, stand in CBackpropKernels.h.
typedef struct bp_kernels {
#define BP_KERNEL(result, name, arguments) result(*name) arguments;
#include "CBackpropKernels.h"
#undef BP_KERNEL
} bp_kernels;

typedef enum bp_precision {
  BP_F32 = 0,
  BP_F64 = 1,
} bp_precision;

// The kernels of the active variant. A table lives as long as the process.
const bp_kernels *bp_active_kernels(bp_precision precision);
// The kernels of one variant, whatever is active; safe beside other threads. NULL if the processor
// lacks it.
const bp_kernels *bp_kernels_of(bp_variant variant, bp_precision precision);

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
