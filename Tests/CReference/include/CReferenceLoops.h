// The loops, declared once for float and once for double. Included by CReference.h only.

// Weights are dense and row-major here, [n, k]: panels are the kernels' affair. With `fused` each
// multiply-add rounds once, as in all variants but the baseline of x86.

// out = a Wᵀ + b.
void REF_NAME(affine)(bool fused, size_t m, size_t k, size_t n, const REF_REAL *a, size_t lda,
                      const REF_REAL *weights, const REF_REAL *biases, REF_REAL *out,
                      size_t ldout);
// out = delta W.
void REF_NAME(backpropagate)(bool fused, size_t m, size_t n, size_t k, const REF_REAL *delta,
                             size_t lddelta, const REF_REAL *weights, REF_REAL *out, size_t ldout);
// Σᵣ x[r · dx] y[r · dy] over the rows of the blocks first ..< last, of `blocks` in all, as bp_blocks has
// it.
REF_REAL REF_NAME(sum_of_blocks)(bool fused, size_t rows, size_t blocks, size_t first, size_t last,
                                 const REF_REAL *x, size_t dx, const REF_REAL *y, size_t dy);
// weights[j][i] = Σₓ delta[x][j] a[x][i], biases[j] = Σₓ delta[x][j].
void REF_NAME(parameter_gradient)(bool fused, size_t m, size_t k, size_t n, const REF_REAL *a,
                                  size_t lda, const REF_REAL *delta, size_t lddelta, size_t blocks,
                                  REF_REAL *weights, REF_REAL *biases);

// The distance of x from the exact value in units of x's last place; 0 if both are NaN or the same
// infinity, infinite if only one is.
double REF_NAME(ulps)(REF_REAL x, long double exact);
// The largest of these over count pairs f(x[i]) and y[i]; *worst receives its index.
double REF_NAME(function_error)(bp_function function, size_t count, const REF_REAL *x,
                                const REF_REAL *y, size_t *worst);
// The same of an activation, from the weighted input z.
double REF_NAME(activation_error)(bp_activation activation, REF_REAL parameter, size_t count,
                                  const REF_REAL *z, const REF_REAL *y, size_t *worst);
// The largest |y[i] - σ′(z[i])|, not in ulps: σ′ of a rounded a has an absolute error.
double REF_NAME(derivative_error)(bp_activation activation, REF_REAL parameter, size_t count,
                                  const REF_REAL *z, const REF_REAL *y, size_t *worst);
// The index of the first element whose bits differ, all NaNs being the same; -1 if there is none.
ptrdiff_t REF_NAME(first_difference)(size_t rows, size_t columns, const REF_REAL *x, size_t ldx,
                                     const REF_REAL *y, size_t ldy);

// One kernel or a few against the loops, at one size, on one variant: NULL, or what differs. Outputs
// are full of NaN at first. Products, updates, sums and selections must agree in every bit, losses
// within some ulps of long double.
const char *REF_NAME(check_products)(bp_variant variant, bp_pool *pool, size_t m, size_t k,
                                     size_t n);
// The sums over a batch of m rows in so many blocks: gradients of an affine map and of a normalisation,
// sums of columns.
const char *REF_NAME(check_blocks)(bp_variant variant, bp_pool *pool, size_t m, size_t k, size_t n,
                                   size_t blocks);
const char *REF_NAME(check_batches)(bp_variant variant, size_t m, size_t k, size_t n);
const char *REF_NAME(check_losses)(bp_variant variant, size_t rows, size_t columns);
const char *REF_NAME(check_updates)(bp_variant variant, bp_pool *pool, size_t panels, size_t rows);
const char *REF_NAME(check_rows)(bp_variant variant, bp_pool *pool, size_t rows, size_t columns);
const char *REF_NAME(check_scaling)(bp_variant variant, size_t rows, size_t columns, size_t blocks);
const char *REF_NAME(check_decimals)(bp_variant variant);
// A hash of the bits of products, activations and functions: equal for all fused variants.
uint64_t REF_NAME(fingerprint)(bp_variant variant, bp_pool *pool);
