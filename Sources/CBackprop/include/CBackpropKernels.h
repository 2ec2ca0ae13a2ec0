// The kernels, each named here and where it is written. Included with different definitions of
// BP_KERNEL(result, name, arguments): by CBackprop.h for the table that callers have, by kernels.h to
// fill that of one variant and one precision.
//
// Elements are float in the tables of BP_F32 and double in those of BP_F64: what a `void *` points
// to, where nothing else is said, and what a scalar given as double is rounded to before use.

// MARK: Matrix products

// Forward: z = a Wᵀ + b, out = σ(z). See bp_affine.
BP_KERNEL(void, affine, (bp_pool *pool, bp_affine p))
// BP2: out = (delta W) ⊙ σ′, the error of the layer below. See bp_backpropagate.
BP_KERNEL(void, backpropagate, (bp_pool *pool, bp_backpropagate p))
// BP3 and BP4, the sums over a batch of δ and of δ aᵀ. See bp_parameter_gradient.
BP_KERNEL(void, parameter_gradient, (bp_pool *pool, bp_parameter_gradient p))

// Import and export of panels: weights [n, k] and biases [n], dense, row-major. `biases` may be NULL
// (zeros on packing, skipped on unpacking).
BP_KERNEL(void, pack,
          (size_t k, size_t n, const void *weights, const void *biases, void *panels))
BP_KERNEL(void, unpack,
          (size_t k, size_t n, const void *panels, void *weights, void *biases))

// MARK: Activations (a function, then its derivative)

// out = σ(z). `out` may be `z`.
BP_KERNEL(void, activate,
          (size_t rows, size_t columns, bp_matrix z, bp_activation activation, double parameter,
           bp_matrix out))
// out = gradient ⊙ σ′, BP1 for an elementwise σ. `out` may be `gradient`. Padding becomes zero.
// kept as in backpropagate. Where gradient.start is NULL, out = σ′ alone.
BP_KERNEL(void, multiply_derivative,
          (size_t rows, size_t columns, bp_matrix gradient, bp_matrix kept,
           bp_activation activation, double parameter, bp_matrix out))

// out = e^(z - max z) / Σ e^(z - max z), row by row. `out` may be `z`.
BP_KERNEL(void, softmax, (size_t rows, size_t columns, bp_matrix z, bp_matrix out))
// BP1 through the Jacobian of softmax: out = a ⊙ (g - Σ g a). `out` may be `gradient`. Padding zero.
BP_KERNEL(void, softmax_delta,
          (size_t rows, size_t columns, bp_matrix gradient, bp_matrix a, bp_matrix out))

// Maxout (Goodfellow et al. 2013): out[u] = max over p < pieces of z[u * pieces + p].
//   z [rows, units * pieces], out [rows, units]. NaN among the pieces gives NaN.
BP_KERNEL(void, maxout,
          (size_t rows, size_t units, size_t pieces, bp_matrix z, bp_matrix out))
// The error flows to the winner (the first of equals), the others get zero. gradient [rows, units],
// out [rows, units * pieces]. Padding becomes zero.
BP_KERNEL(void, maxout_delta,
          (size_t rows, size_t units, size_t pieces, bp_matrix gradient, bp_matrix z,
           bp_matrix out))

// MARK: Normalisation (a function, then its derivatives)
//
// Layer normalisation (Ba, Kiros & Hinton 2016; `centred`) and RMS normalisation (Zhang & Sennrich
// 2019), row by row. panels: ⌈columns/16⌉ blocks of the gains' 16 and, if centred, the shifts' 16; zero
// behind the last column. Sums along a row: 16 lanes and the fixed tree. NaN in a row makes the row NaN.

// ẑ = (z - mean) s with s = 1/√(mean (z - mean)² + epsilon), out = γ ⊙ ẑ + β; not centred: mean = 0
// and no β. moments [rows, 2] receives mean and s of each row. `out` must not be `z`, which the
// derivatives want. Padding of out becomes zero.
BP_KERNEL(void, normalize,
          (bp_normalization n, double epsilon, const void *panels, bp_matrix out))
// The error through the Jacobian: with g = gradient ⊙ γ, out = s (g - mean g - ẑ mean (g ⊙ ẑ)); not
// centred: without mean g. gradient is ∂C/∂n. `out` may be `gradient`. Padding becomes zero.
BP_KERNEL(void, normalize_delta,
          (bp_normalization n, bp_matrix gradient, const void *panels, bp_matrix out))
// ∂C/∂γ = Σₓ gradient ⊙ ẑ and, if centred, ∂C/∂β = Σₓ gradient, over the batch in the order of `blocks`.
//   panels as above, overwritten; zero behind the last column.
BP_KERNEL(void, normalize_gradient,
          (bp_normalization n, bp_matrix gradient, bp_blocks blocks, void *panels))

// MARK: A factor for each column (a function, then the gradient of the factors)

// out = f ⊙ x, or from + f ⊙ (x - from) in one fused operation. factors: f, padded to a multiple of 16.
// `out` may be `x` or `from`. Padding of out becomes zero.
BP_KERNEL(void, scale_columns, (bp_scaling s, const void *factors, bp_matrix out))
// ∂C/∂f = Σₓ δ ⊙ x, or Σₓ δ ⊙ (x - from), over the batch in the order of `blocks`.
//   sums: padded as the factors, overwritten; zero behind the last column.
BP_KERNEL(void, column_products,
          (bp_scaling s, bp_matrix delta, bp_blocks blocks, void *sums))

// MARK: Columns as vectors (a function, then the gradient of its parameters)

// y = x for some neighbouring columns.
BP_KERNEL(void, copy_column, (bp_column c, size_t columns))
// y = (x, A cos(2π f x + φ) + c) of one number, 16 waves.
//   panel: rows of 16: f, φ, and BP_WAVES of A; offsets: c, padded to 16.
BP_KERNEL(void, waves, (bp_column c, const void *panel, const void *offsets))
// The gradients of f, φ and A, and of c, over the batch in the order of `blocks`; y is the error.
//   sums, offset_sums: as panel and offsets, overwritten.
BP_KERNEL(void, waves_gradient,
          (bp_column c, const void *panel, bp_blocks blocks, void *sums, void *offset_sums))
// y = the entry of a table [count, width], each padded to a multiple of 16, whose number x is; the last where
// x is no number of an entry.
BP_KERNEL(void, entries, (bp_column c, size_t count, size_t width, const void *table))
// The gradient of the table, overwritten; y is the error. keys: room for one a row.
BP_KERNEL(void, entries_gradient, (bp_column c, size_t count, size_t width, bp_blocks blocks,
                                   uint64_t *keys, void *table))

// MARK: Losses (a function, then its gradient)
//
// Every loss takes the weight of example x in the loss of the batch from `targets`:
// w = weights[x] · scale. This is the only place where such factors enter.

// losses[x] = w C(aₓ, yₓ).
BP_KERNEL(void, loss,
          (bp_loss loss, double parameter, bp_targets targets, bp_matrix outputs, void *losses))
// out = w ∇ₐC. Padding becomes zero.
BP_KERNEL(void, loss_gradient,
          (bp_loss loss, double parameter, bp_targets targets, bp_matrix outputs, bp_matrix out))
// Cross-entropy of softmax(z), computed from z: losses[x] = w Σⱼ yⱼ (logsumexp(z) - zⱼ).
BP_KERNEL(void, softmax_cross_entropy, (bp_targets targets, bp_matrix z, void *losses))
// Binary cross-entropy of sigmoid(z), from z: losses[x] = w Σⱼ (softplus(zⱼ) - yⱼ zⱼ).
BP_KERNEL(void, sigmoid_cross_entropy, (bp_targets targets, bp_matrix z, void *losses))
// BP1 of a canonical pair: out = w (a - y). Padding becomes zero.
BP_KERNEL(void, canonical_delta, (bp_targets targets, bp_matrix a, bp_matrix out))

// MARK: Parameters

// One elementwise step of an optimiser over all spans. See bp_update.
BP_KERNEL(void, update, (bp_pool *pool, const bp_update *u))
// gradient ← factor · gradient, then cut off at ± bound; NaN stays NaN.
BP_KERNEL(void, clip,
          (bp_pool *pool, bp_panels panels, double factor, double bound, void *gradient))
// gradient += λ θ: ∂/∂θ of ½ λ ‖θ‖².
BP_KERNEL(void, add_penalty_gradient,
          (bp_pool *pool, bp_panels panels, double lambda, const void *parameters, void *gradient))
// gradient += λ sign(θ): a subgradient of λ ‖θ‖₁. Signs of 0 and NaN as in BP_LION.
BP_KERNEL(void, add_sign_gradient,
          (bp_pool *pool, bp_panels panels, double lambda, const void *parameters, void *gradient))
// Σ θ²: 16 lanes in ascending order of rows within a panel, in double, then a fixed tree; panels in
// ascending order.
BP_KERNEL(double, sum_squares, (bp_panels panels, const void *parameters))
// Σ |θ| in the order of sum_squares.
BP_KERNEL(double, sum_panel_magnitudes, (bp_panels panels, const void *parameters))
// Each column of 16 is a neuron: where the norm of its rows exceeds `bound`, they are scaled to it.
// Sums in double, down the rows. A norm that is NaN or infinite scales to no finite weights.
BP_KERNEL(void, limit_norms,
          (bp_pool *pool, bp_panels panels, double bound, void *parameters))
// average += share (θ - average), fused.
BP_KERNEL(void, blend,
          (bp_pool *pool, bp_panels panels, double share, const void *parameters, void *average))

// out[i] = Σ over blocks of sums[block · stride + i] by a binary tree whose left part is the largest power
// of two below the number of blocks: five are ((s₀ + s₁) + (s₂ + s₃)) + s₄. count and stride are
// multiples of 16, blocks at least 1; `out` may be `sums`.
BP_KERNEL(void, add_blocks,
          (bp_pool *pool, size_t count, size_t blocks, const void *sums, size_t stride, void *out))

// MARK: Noise of training

// Inverted dropout (Srivastava et al. 2014): mask = word < threshold ? 0 : scale;  out = x ⊙ mask.
//   x, mask, out [rows, columns]; mask.start may be NULL, out may be x. NaN and infinities give NaN
//   where they are dropped.
BP_KERNEL(void, dropout,
          (bp_pool *pool, bp_noise noise, uint32_t threshold, double scale, bp_matrix mask,
           bp_matrix out))
// out = x + deviation · normal, a standard normal number for each word. out may be x. The least and
// the greatest normal number are ∓6.34.
BP_KERNEL(void, add_normal, (bp_pool *pool, bp_noise noise, double deviation, bp_matrix out))
// out = out ⊙ x. Padding that is zero in out and finite in x stays zero.
BP_KERNEL(void, multiply,
          (bp_pool *pool, size_t rows, size_t columns, bp_matrix x, bp_matrix out))
// out[i] = s x[i] + (1 - s) x[partners[i]], s = shares[i]: fma(s, x[i], (1 - s) x[partners[i]]).
BP_KERNEL(void, mix,
          (size_t rows, size_t columns, bp_matrix x, const uint32_t *partners, const void *shares,
           bp_matrix out))
// out = factor x + shift. out may be x.
BP_KERNEL(void, scale_and_shift,
          (size_t rows, size_t columns, bp_matrix x, double factor, double shift, bp_matrix out))

// MARK: Rows and elements

// out[i] = source[indices[i]], rows of `columns` elements. Up to 15 elements behind a row of source are
// readable; behind a row of out, where its stride has room for a vector, they may be set to zero.
BP_KERNEL(void, gather,
          (bp_pool *pool, size_t count, size_t columns, bp_matrix source, const uint32_t *indices,
           bp_matrix out))
// out[i] = the bytes of row i / divisor, each quotient rounded once.
BP_KERNEL(void, gather_bytes, (bp_pool *pool, bp_rows rows, double divisor, bp_matrix out))

// MARK: Columns of tables, in double in either precision

// Reads the cells first … count - 1 of a row as multiples of 10^-fractions[i] into out[i]. Stops at
//   the first cell that is no such multiple at a glance, and returns its index; else `count`.
//   At a glance: a space if the cell is plain, [+-], then up to 8 digits with a point anywhere, at
//   most fractions[i] <= 7 of them behind it; |out[i]| <= limit, and not -0. The limit is at least
//   99,999,999 (above INT32_MAX for who does not need out, whose top bits are cut off). fractions[i] =
//   255 stops at the cell whatever it is. 9 bytes in front of bytes[0] and one behind the last cell are
//   readable.
BP_KERNEL(size_t, decimals,
          (const uint8_t *bytes, const bp_cell *cells, size_t first, size_t count,
           const uint8_t *fractions, uint64_t limit, int32_t *out))
// out = (x + base) / power, or NaN where x + base is `missing`: doubles, of packed integers.
BP_KERNEL(void, unpack_decimals,
          (size_t rows, size_t columns, bp_packing packing, bp_matrix x, bp_matrix out))
// Adds rows to the moments of columns (Welford, see Moments.swift), each column in ascending order
// and without fused operations; NaN is left out. The rows of `state` are count, mean, Σ (x − mean)²,
// smallest, largest, at a stride that is a multiple of 16 >= columns; what they hold behind the last
// column is lost. x and state are doubles; 15 elements behind the last of x are readable.
BP_KERNEL(void, add_moments, (size_t rows, size_t columns, bp_matrix x, bp_matrix state))
// out = (x − mean) / deviation, 0 where x is NaN; returns whether all of them are finite. x are
// doubles, and out elements.
BP_KERNEL(bool, standardize,
          (size_t rows, size_t columns, bp_matrix x, const double *means, const double *deviations,
           bp_matrix out))

// Σ of `count` elements by the fixed tree over 16 lanes, in double.
BP_KERNEL(double, sum, (size_t count, const void *x))
// The four passes of a line search over flat buffers (Nocedal & Wright 2006, Alg. 7.4 and 3.5).
// Σ x y: lane i takes elements i, i + 16, …, each product fused to the sum in double, then the tree.
BP_KERNEL(double, dot, (size_t count, const void *x, const void *y))
// Σ |x| in the same order.
BP_KERNEL(double, sum_magnitudes, (size_t count, const void *x))
// max |x|, 0 without elements; NaN if there is one.
BP_KERNEL(double, largest_magnitude, (size_t count, const void *x))
// out = a x + b y: b y is rounded, a x fused to it. `out` may be `x` or `y`. With a factor of 1 or -1
// on either side, one rounding in all if it is b.
BP_KERNEL(void, combine,
          (size_t count, double a, const void *x, double b, const void *y, void *out))
// The first row-major position (row * columns + column) of a NaN or infinity, or -1.
BP_KERNEL(ptrdiff_t, first_nonfinite, (size_t rows, size_t columns, bp_matrix x))
// out[i] = f(x[i]). `out` may be `x`.
BP_KERNEL(void, map, (bp_function function, size_t count, const void *x, void *out))
