// The kernels, declared once for float and once for double (BP_REAL). Included by CBackprop.h only.

// MARK: Matrix products

// Forward: z = a Wᵀ + b, out = σ(z).
//   a [m, k], panels of W [n, k] and b [n], out [m, n]. Row r of a is a[a_rows[r]]: examples are read
//   where they are, not copied. NULL for rows in their order.
//   z [m, n] receives the weighted inputs too, unless NULL. `z` may be `out` only for BP_IDENTITY.
//   Sum over k: block 0 starts from the bias, later blocks from zero and are added at the end.
void BP_NAME(affine)(bp_pool *pool, size_t m, size_t k, size_t n, const BP_REAL *a, size_t lda,
                     const uint32_t *a_rows, const BP_REAL *panels, bp_activation activation,
                     BP_REAL parameter, BP_REAL *z, size_t ldz, BP_REAL *out, size_t ldout);

// BP2: out = (delta W) ⊙ σ′, the error of the layer below.
//   delta [m, n], panels of W [n, k], kept [m, k], out [m, k].
//   kept holds the lower layer's outputs a, or its weighted inputs z if bp_derivative_uses_z;
//   not read (may be NULL) for BP_IDENTITY. Columns k … of out up to a multiple of 16 become zero.
void BP_NAME(pass_down)(bp_pool *pool, size_t m, size_t n, size_t k, const BP_REAL *delta,
                        size_t lddelta, const BP_REAL *panels, bp_activation activation,
                        BP_REAL parameter, const BP_REAL *kept, size_t ldkept, BP_REAL *out,
                        size_t ldout);

// BP3 and BP4: gradient rows i < k: Σₓ aₓᵢ δₓⱼ; gradient row k: Σₓ δₓⱼ, both over the batch in
// ascending order.
//   a [m, k] with a_rows as in affine, delta [m, n] with zero padding, gradient: panels, overwritten.
//   Between the tiles the rows `ahead` (NULL for none) are fetched into the second cache, each by one of
//   the threads, unless they are more than half a megabyte.
void BP_NAME(parameter_gradient)(bp_pool *pool, size_t m, size_t k, size_t n, const BP_REAL *a,
                                 size_t lda, const uint32_t *a_rows, const BP_REAL *delta,
                                 size_t lddelta, const bp_rows *ahead, BP_REAL *gradient);

// Import and export of panels: weights [n, k] and biases [n], dense, row-major. `biases` may be NULL
// (zeros on packing, skipped on unpacking).
void BP_NAME(pack)(size_t k, size_t n, const BP_REAL *weights, const BP_REAL *biases,
                   BP_REAL *panels);
void BP_NAME(unpack)(size_t k, size_t n, const BP_REAL *panels, BP_REAL *weights, BP_REAL *biases);

// MARK: Activations (a function, then its derivative)

// out = σ(z). `out` may be `z`.
void BP_NAME(activate)(size_t rows, size_t columns, const BP_REAL *z, size_t ldz,
                       bp_activation activation, BP_REAL parameter, BP_REAL *out, size_t ldout);
// out = gradient ⊙ σ′, BP1 for an elementwise σ. `out` may be `gradient`. Padding becomes zero.
// kept as in pass_down. With gradient NULL, out = σ′ alone.
void BP_NAME(multiply_derivative)(size_t rows, size_t columns, const BP_REAL *gradient,
                                  size_t ldgradient, const BP_REAL *kept, size_t ldkept,
                                  bp_activation activation, BP_REAL parameter, BP_REAL *out,
                                  size_t ldout);

// out = e^(z - max z) / Σ e^(z - max z), row by row. `out` may be `z`.
void BP_NAME(softmax)(size_t rows, size_t columns, const BP_REAL *z, size_t ldz, BP_REAL *out,
                      size_t ldout);
// BP1 through the Jacobian of softmax: out = a ⊙ (g - Σ g a). `out` may be `gradient`. Padding zero.
void BP_NAME(softmax_delta)(size_t rows, size_t columns, const BP_REAL *gradient, size_t ldgradient,
                            const BP_REAL *a, size_t lda, BP_REAL *out, size_t ldout);

// Maxout (Goodfellow et al. 2013): out[u] = max over p < pieces of z[u * pieces + p].
//   z [rows, units * pieces], out [rows, units]. NaN among the pieces gives NaN.
void BP_NAME(maxout)(size_t rows, size_t units, size_t pieces, const BP_REAL *z, size_t ldz,
                     BP_REAL *out, size_t ldout);
// The error flows to the winner (the first of equals), the others get zero. gradient [rows, units],
// out [rows, units * pieces]. Padding becomes zero.
void BP_NAME(maxout_delta)(size_t rows, size_t units, size_t pieces, const BP_REAL *gradient,
                           size_t ldgradient, const BP_REAL *z, size_t ldz, BP_REAL *out,
                           size_t ldout);

// MARK: Normalisation (a function, then its derivatives)
//
// Layer normalisation (Ba, Kiros & Hinton 2016; `centred`) and RMS normalisation (Zhang & Sennrich
// 2019), row by row. panels: ⌈columns/16⌉ blocks of the gains' 16 and, if centred, the shifts' 16; zero
// behind the last column. Sums along a row: 16 lanes and the fixed tree. NaN in a row makes the row NaN.

// ẑ = (z - mean) s with s = 1/√(mean (z - mean)² + epsilon), out = γ ⊙ ẑ + β; not centred: mean = 0
// and no β. moments [rows, 2] receives mean and s of each row. `out` must not be `z`, which the
// derivatives want. Padding of out becomes zero.
void BP_NAME(normalize)(size_t rows, size_t columns, const BP_REAL *z, size_t ldz, bool centred,
                        BP_REAL epsilon, const BP_REAL *panels, BP_REAL *moments, BP_REAL *out,
                        size_t ldout);
// The error through the Jacobian: with g = gradient ⊙ γ, out = s (g - mean g - ẑ mean (g ⊙ ẑ)); not
// centred: without mean g. gradient is ∂C/∂n. `out` may be `gradient`. Padding becomes zero.
void BP_NAME(normalize_delta)(size_t rows, size_t columns, const BP_REAL *gradient,
                              size_t ldgradient, const BP_REAL *z, size_t ldz, bool centred,
                              const BP_REAL *panels, const BP_REAL *moments, BP_REAL *out,
                              size_t ldout);
// ∂C/∂γ = Σₓ gradient ⊙ ẑ and, if centred, ∂C/∂β = Σₓ gradient, over the batch in ascending order.
//   panels as above, overwritten; zero behind the last column.
void BP_NAME(normalize_gradient)(size_t rows, size_t columns, const BP_REAL *gradient,
                                 size_t ldgradient, const BP_REAL *z, size_t ldz, bool centred,
                                 const BP_REAL *moments, BP_REAL *panels);

// MARK: Losses (a function, then its gradient)
//
// Every loss takes `weights` [rows] (NULL: all 1) and `scale`; the weight of example x in the loss of
// the batch is w = weights[x] · scale. This is the only place where such factors enter.

// losses[x] = w C(aₓ, yₓ).
void BP_NAME(loss)(bp_loss loss, BP_REAL parameter, size_t rows, size_t columns,
                   const BP_REAL *outputs, size_t ldoutputs, const BP_REAL *targets,
                   size_t ldtargets, const BP_REAL *weights, BP_REAL scale, BP_REAL *losses);
// out = w ∇ₐC. Padding becomes zero.
void BP_NAME(loss_gradient)(bp_loss loss, BP_REAL parameter, size_t rows, size_t columns,
                            const BP_REAL *outputs, size_t ldoutputs, const BP_REAL *targets,
                            size_t ldtargets, const BP_REAL *weights, BP_REAL scale, BP_REAL *out,
                            size_t ldout);
// Cross-entropy of softmax(z), computed from z: losses[x] = w Σⱼ yⱼ (logsumexp(z) - zⱼ).
void BP_NAME(softmax_cross_entropy)(size_t rows, size_t columns, const BP_REAL *z, size_t ldz,
                                    const BP_REAL *targets, size_t ldtargets,
                                    const BP_REAL *weights, BP_REAL scale, BP_REAL *losses);
// Binary cross-entropy of sigmoid(z), from z: losses[x] = w Σⱼ (softplus(zⱼ) - yⱼ zⱼ).
void BP_NAME(sigmoid_cross_entropy)(size_t rows, size_t columns, const BP_REAL *z, size_t ldz,
                                    const BP_REAL *targets, size_t ldtargets,
                                    const BP_REAL *weights, BP_REAL scale, BP_REAL *losses);
// BP1 of a canonical pair: out = w (a - y). Padding becomes zero.
void BP_NAME(canonical_delta)(size_t rows, size_t columns, const BP_REAL *a, size_t lda,
                              const BP_REAL *targets, size_t ldtargets, const BP_REAL *weights,
                              BP_REAL scale, BP_REAL *out, size_t ldout);

// MARK: Optimiser updates
//
// The parameters of one tensor, viewed as `panels` blocks of `rows` × 16, of which the first
// `decayed` rows (the weights, not the bias) take part in decay and penalties. One elementwise pass.
// Decay is decoupled (Loshchilov & Hutter 2019): parameters -= rate · decay · parameters, first.

// θ ← θ - η g
void BP_NAME(update_sgd)(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
                         const BP_REAL *gradient, BP_REAL rate, BP_REAL decay, BP_REAL *parameters);
// v ← μ v + g;  θ ← θ - η v, or θ - η (g + μ v) for Nesterov.
void BP_NAME(update_momentum)(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
                              const BP_REAL *gradient, BP_REAL rate, BP_REAL momentum, bool nesterov,
                              BP_REAL decay, BP_REAL *velocity, BP_REAL *parameters);
// m ← β₁ m + (1-β₁) g;  v ← β₂ v + (1-β₂) g²;  θ ← θ - η (m/c₁) / (√(v/c₂) + ε)
// with c₁ = 1 - β₁ᵗ, c₂ = 1 - β₂ᵗ (Kingma & Ba 2015), both passed in; so are other1 = 1 - β₁ and
// other2 = 1 - β₂, which a β rounded to float would give with hardly a right digit, or as 0.
void BP_NAME(update_adam)(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
                          const BP_REAL *gradient, BP_REAL rate, BP_REAL beta1, BP_REAL other1,
                          BP_REAL beta2, BP_REAL other2, BP_REAL epsilon, BP_REAL correction1,
                          BP_REAL correction2, BP_REAL decay, BP_REAL *first_moment,
                          BP_REAL *second_moment, BP_REAL *parameters);
// m and v as Adam;  v̂ ← max(v̂, v);  θ ← θ - η (m/c₁) / (√(v̂/c₂) + ε) (Reddi et al. 2018).
void BP_NAME(update_amsgrad)(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
                             const BP_REAL *gradient, BP_REAL rate, BP_REAL beta1, BP_REAL other1,
                             BP_REAL beta2, BP_REAL other2, BP_REAL epsilon, BP_REAL correction1,
                             BP_REAL correction2, BP_REAL decay, BP_REAL *first_moment,
                             BP_REAL *second_moment, BP_REAL *maximum, BP_REAL *parameters);
// m and v as Adam;  θ ← θ - η (s_g g + s_m m) / (√(v/c₂) + ε) (Dozat 2016); the shares s_g of the
// gradient and s_m of the moment depend on t alone and are passed in.
void BP_NAME(update_nadam)(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
                           const BP_REAL *gradient, BP_REAL rate, BP_REAL beta1, BP_REAL other1,
                           BP_REAL beta2, BP_REAL other2, BP_REAL epsilon, BP_REAL gradient_share,
                           BP_REAL moment_share, BP_REAL correction2, BP_REAL decay,
                           BP_REAL *first_moment, BP_REAL *second_moment, BP_REAL *parameters);
// v ← ρ v + o g²;  θ ← θ - η g / (√v + ε) (Tieleman & Hinton 2012, with other o = 1 - ρ). With ρ = 1
// and o = 1 the sum of AdaGrad (Duchi et al. 2011).
void BP_NAME(update_rmsprop)(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
                             const BP_REAL *gradient, BP_REAL rate, BP_REAL rho, BP_REAL other,
                             BP_REAL epsilon, BP_REAL decay, BP_REAL *second_moment,
                             BP_REAL *parameters);
// v ← ρ v + (1-ρ) g²;  d = g √(u + ε) / √(v + ε);  u ← ρ u + (1-ρ) d²;  θ ← θ - η d (Zeiler 2012).
void BP_NAME(update_adadelta)(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
                              const BP_REAL *gradient, BP_REAL rate, BP_REAL rho, BP_REAL other,
                              BP_REAL epsilon, BP_REAL decay, BP_REAL *squared_steps,
                              BP_REAL *second_moment, BP_REAL *parameters);
// θ ← θ - η sign(β₁ m + (1-β₁) g);  m ← β₂ m + (1-β₂) g (Chen et al. 2023). The sign of 0 is 0, that
// of NaN is NaN.
void BP_NAME(update_lion)(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
                          const BP_REAL *gradient, BP_REAL rate, BP_REAL beta1, BP_REAL other1,
                          BP_REAL beta2, BP_REAL other2, BP_REAL decay, BP_REAL *first_moment,
                          BP_REAL *parameters);
// iRprop− (Igel & Hüsken 2000), s being the last sign: sign(g) s > 0: Δ ← min(grow Δ, largest);
// < 0: Δ ← max(shrink Δ, smallest), and g counts as 0.  θ ← θ - sign(g) Δ;  s ← sign(g). Signs of 0
// and NaN as in Lion. `rate` takes part in the decay only.
void BP_NAME(update_rprop)(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
                           const BP_REAL *gradient, BP_REAL rate, BP_REAL shrink, BP_REAL grow,
                           BP_REAL smallest, BP_REAL largest, BP_REAL decay, BP_REAL *signs,
                           BP_REAL *sizes, BP_REAL *parameters);
// gradient ← factor · gradient, then cut off at ± bound; NaN stays NaN. All rows.
void BP_NAME(clip)(bp_pool *pool, size_t panels, size_t rows, BP_REAL factor, BP_REAL bound,
                   BP_REAL *gradient);
// gradient += λ θ on the decayed rows: ∂/∂θ of ½ λ ‖W‖².
void BP_NAME(add_penalty_gradient)(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
                                   const BP_REAL *parameters, BP_REAL lambda, BP_REAL *gradient);
// Σ θ² over the decayed rows: 16 lanes in ascending order of rows within a panel, in double, then a
// fixed tree; panels in ascending order.
double BP_NAME(sum_squares)(size_t panels, size_t rows, size_t decayed, const BP_REAL *parameters);
// gradient += λ sign(θ) on the decayed rows: a subgradient of λ ‖W‖₁. Signs of 0 and NaN as in Lion.
void BP_NAME(add_sign_gradient)(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
                                const BP_REAL *parameters, BP_REAL lambda, BP_REAL *gradient);
// Σ |θ| over the decayed rows, in the order of sum_squares.
double BP_NAME(sum_weight_magnitudes)(size_t panels, size_t rows, size_t decayed,
                               const BP_REAL *parameters);
// Each column of 16 is a neuron: where the norm of its decayed rows exceeds `bound`, they are scaled
// to it. Sums in double, down the rows. A norm that is NaN or infinite scales to no finite weights.
void BP_NAME(limit_norms)(bp_pool *pool, size_t panels, size_t rows, size_t decayed, BP_REAL bound,
                          BP_REAL *parameters);
// average += share (θ - average), fused. All rows.
void BP_NAME(blend)(bp_pool *pool, size_t panels, size_t rows, const BP_REAL *parameters,
                    BP_REAL share, BP_REAL *average);

// MARK: Noise of training
//
// Word j of example i is a function of (seed, stream, first + i, j) alone: word ⌊j/16⌋ mod 4 of
// Philox 4×32-10 for the key `seed` and the counter (16 ⌊j/64⌋ + j mod 16, first + i, stream's lower
// half, stream's upper half). So threads, vectors and the batch's other rows change no bit.

// Inverted dropout (Srivastava et al. 2014): mask = word < threshold ? 0 : scale;  out = x ⊙ mask.
//   x, mask, out [rows, columns]; mask may be NULL, out may be x. NaN and infinities give NaN where
//   they are dropped.
void BP_NAME(dropout)(bp_pool *pool, size_t rows, size_t columns, const BP_REAL *x, size_t ldx,
                      uint64_t seed, uint64_t stream, size_t first, uint32_t threshold,
                      BP_REAL scale, BP_REAL *mask, size_t ldmask, BP_REAL *out, size_t ldout);
// out = x + deviation · normal, a standard normal number for each word. out may be x. The least and
// the greatest normal number are ∓6.34.
void BP_NAME(add_normal)(bp_pool *pool, size_t rows, size_t columns, const BP_REAL *x, size_t ldx,
                         uint64_t seed, uint64_t stream, size_t first, BP_REAL deviation,
                         BP_REAL *out, size_t ldout);
// out = out ⊙ x. Padding that is zero in out and finite in x stays zero.
void BP_NAME(multiply)(bp_pool *pool, size_t rows, size_t columns, const BP_REAL *x, size_t ldx,
                       BP_REAL *out, size_t ldout);
// out[i] = s x[i] + (1 - s) x[partners[i]], s = shares[i]: fma(s, x[i], (1 - s) x[partners[i]]).
void BP_NAME(mix)(size_t rows, size_t columns, const BP_REAL *x, size_t ldx,
                  const uint32_t *partners, const BP_REAL *shares, BP_REAL *out, size_t ldout);
// out = factor x + shift. out may be x.
void BP_NAME(scale_and_shift)(size_t rows, size_t columns, const BP_REAL *x, size_t ldx,
                              BP_REAL factor, BP_REAL shift, BP_REAL *out, size_t ldout);

// MARK: Rows and elements

// out[i] = source[indices[i]], rows of `columns` elements. Up to 15 elements behind a row of source are
// readable; behind a row of out, where ldout has room for a vector, they may be set to zero.
void BP_NAME(gather)(bp_pool *pool, size_t count, size_t columns, const BP_REAL *source,
                     size_t ldsource, const uint32_t *indices, BP_REAL *out, size_t ldout);
// out[i] = source[places[indices[i]]] / divisor, rows of `columns` bytes, each quotient rounded once.
// places and indices may be NULL: then they are 0, 1, …
void BP_NAME(gather_bytes)(bp_pool *pool, size_t count, size_t columns, const uint8_t *source,
                           size_t ldsource, const uint32_t *places, const uint32_t *indices,
                           BP_REAL divisor, BP_REAL *out, size_t ldout);

// MARK: Columns of tables, in double in either precision

// Reads the cells first … count - 1 of a row as multiples of 10^-fractions[i] into out[i]. Stops at
//   the first cell that is no such multiple at a glance, and returns its index; else `count`.
//   At a glance: a space if the cell is plain, [+-], then up to 8 digits with a point anywhere, at
//   most fractions[i] <= 7 of them behind it; |out[i]| <= limit, and not -0. The limit is at least
//   99,999,999 (above INT32_MAX for who does not need out, whose top bits are cut off). fractions[i] =
//   255 stops at the cell whatever it is. 9 bytes in front of bytes[0] and one behind the last cell are
//   readable.
size_t BP_NAME(decimals)(const uint8_t *bytes, const bp_cell *cells, size_t first, size_t count,
                         const uint8_t *fractions, uint64_t limit, int32_t *out);
// out = (x + base) / power, or NaN where x + base is `missing` (itself NaN for a column that misses
// none): x are integers of `width` 1, 2 or 4 bytes, base, power and missing are the column's.
void BP_NAME(unpack_decimals)(size_t rows, size_t columns, size_t width, const void *x, size_t ldx,
                              const int32_t *bases, const double *powers, const double *missing,
                              double *out, size_t ldout);
// Adds rows to the moments of columns (Welford, see Moments.swift), each column in ascending order
// and without fused operations; NaN is left out. The rows of `state` are count, mean, Σ (x − mean)²,
// smallest, largest, of ldstate elements each, a multiple of 16 >= columns; what they hold behind
// the last column is lost. 15 elements behind the last of x are readable.
void BP_NAME(add_moments)(size_t rows, size_t columns, const double *x, size_t ldx, double *state,
                          size_t ldstate);
// out = (x − mean) / deviation, 0 where x is NaN; returns whether all of them are finite.
bool BP_NAME(standardize)(size_t rows, size_t columns, const double *x, size_t ldx,
                          const double *means, const double *deviations, BP_REAL *out,
                          size_t ldout);

// out[j] = Σ over rows, ascending.
void BP_NAME(column_sums)(size_t rows, size_t columns, const BP_REAL *x, size_t ldx, BP_REAL *out);
// Σ of `count` elements by the fixed tree over 16 lanes, in double.
double BP_NAME(sum)(size_t count, const BP_REAL *x);
// The four passes of a line search over flat buffers (Nocedal & Wright 2006, Alg. 7.4 and 3.5).
// Σ x y: lane i takes elements i, i + 16, …, each product fused to the sum in double, then the tree.
double BP_NAME(dot)(size_t count, const BP_REAL *x, const BP_REAL *y);
// Σ |x| in the same order.
double BP_NAME(sum_magnitudes)(size_t count, const BP_REAL *x);
// max |x|, 0 without elements; NaN if there is one.
double BP_NAME(largest_magnitude)(size_t count, const BP_REAL *x);
// out = a x + b y: b y is rounded, a x fused to it. `out` may be `x` or `y`. With a factor of 1 or -1
// on either side, one rounding in all if it is b.
void BP_NAME(combine)(size_t count, BP_REAL a, const BP_REAL *x, BP_REAL b, const BP_REAL *y,
                      BP_REAL *out);
// The first row-major position (row * columns + column) of a NaN or infinity, or -1.
ptrdiff_t BP_NAME(first_nonfinite)(size_t rows, size_t columns, const BP_REAL *x, size_t ldx);
// out[i] = f(x[i]). `out` may be `x`.
void BP_NAME(map)(bp_function function, size_t count, const BP_REAL *x, BP_REAL *out);

// MARK: The kernels of one variant

// All of the above for one instruction set, whatever is active; safe beside other threads.
typedef struct BP_NAME(kernel_table) {
  __typeof__(BP_NAME(affine)) *affine;
  __typeof__(BP_NAME(pass_down)) *pass_down;
  __typeof__(BP_NAME(parameter_gradient)) *parameter_gradient;
  __typeof__(BP_NAME(pack)) *pack;
  __typeof__(BP_NAME(unpack)) *unpack;
  __typeof__(BP_NAME(activate)) *activate;
  __typeof__(BP_NAME(multiply_derivative)) *multiply_derivative;
  __typeof__(BP_NAME(softmax)) *softmax;
  __typeof__(BP_NAME(softmax_delta)) *softmax_delta;
  __typeof__(BP_NAME(maxout)) *maxout;
  __typeof__(BP_NAME(maxout_delta)) *maxout_delta;
  __typeof__(BP_NAME(normalize)) *normalize;
  __typeof__(BP_NAME(normalize_delta)) *normalize_delta;
  __typeof__(BP_NAME(normalize_gradient)) *normalize_gradient;
  __typeof__(BP_NAME(loss)) *loss;
  __typeof__(BP_NAME(loss_gradient)) *loss_gradient;
  __typeof__(BP_NAME(softmax_cross_entropy)) *softmax_cross_entropy;
  __typeof__(BP_NAME(sigmoid_cross_entropy)) *sigmoid_cross_entropy;
  __typeof__(BP_NAME(canonical_delta)) *canonical_delta;
  __typeof__(BP_NAME(update_sgd)) *update_sgd;
  __typeof__(BP_NAME(update_momentum)) *update_momentum;
  __typeof__(BP_NAME(update_adam)) *update_adam;
  __typeof__(BP_NAME(update_amsgrad)) *update_amsgrad;
  __typeof__(BP_NAME(update_nadam)) *update_nadam;
  __typeof__(BP_NAME(update_rmsprop)) *update_rmsprop;
  __typeof__(BP_NAME(update_adadelta)) *update_adadelta;
  __typeof__(BP_NAME(update_lion)) *update_lion;
  __typeof__(BP_NAME(update_rprop)) *update_rprop;
  __typeof__(BP_NAME(clip)) *clip;
  __typeof__(BP_NAME(add_penalty_gradient)) *add_penalty_gradient;
  __typeof__(BP_NAME(sum_squares)) *sum_squares;
  __typeof__(BP_NAME(dropout)) *dropout;
  __typeof__(BP_NAME(add_normal)) *add_normal;
  __typeof__(BP_NAME(multiply)) *multiply;
  __typeof__(BP_NAME(mix)) *mix;
  __typeof__(BP_NAME(scale_and_shift)) *scale_and_shift;
  __typeof__(BP_NAME(add_sign_gradient)) *add_sign_gradient;
  __typeof__(BP_NAME(sum_weight_magnitudes)) *sum_weight_magnitudes;
  __typeof__(BP_NAME(limit_norms)) *limit_norms;
  __typeof__(BP_NAME(blend)) *blend;
  __typeof__(BP_NAME(gather)) *gather;
  __typeof__(BP_NAME(gather_bytes)) *gather_bytes;
  __typeof__(BP_NAME(decimals)) *decimals;
  __typeof__(BP_NAME(unpack_decimals)) *unpack_decimals;
  __typeof__(BP_NAME(add_moments)) *add_moments;
  __typeof__(BP_NAME(standardize)) *standardize;
  __typeof__(BP_NAME(column_sums)) *column_sums;
  __typeof__(BP_NAME(sum)) *sum;
  __typeof__(BP_NAME(dot)) *dot;
  __typeof__(BP_NAME(sum_magnitudes)) *sum_magnitudes;
  __typeof__(BP_NAME(largest_magnitude)) *largest_magnitude;
  __typeof__(BP_NAME(combine)) *combine;
  __typeof__(BP_NAME(first_nonfinite)) *first_nonfinite;
  __typeof__(BP_NAME(map)) *map;
} BP_NAME(kernel_table);

// NULL if the processor lacks the variant. The table lives as long as the process.
const BP_NAME(kernel_table) *BP_NAME(kernels)(bp_variant variant);
