// The loops of one precision; see CReferenceLoops.h. Included by reference.c, which defines REF_NAME,
// REF_REAL, REF_FMA, REF_DIGITS and REF_LEAST_EXPONENT.

static REF_REAL REF_NAME(multiply_add)(bool fused, REF_REAL a, REF_REAL b, REF_REAL c) {
  if (fused) return REF_FMA(a, b, c);
  REF_REAL product = a * b;
  return product + c;
}

// Σₜ x[t · dx] y[t · dy] as the contract has it: blocks in ascending order; the first starts from
// `start`, the others from zero and are added at the end.
static REF_REAL REF_NAME(inner)(bool fused, size_t count, REF_REAL start, const REF_REAL *x,
                                size_t dx, const REF_REAL *y, size_t dy) {
  size_t block = bp_inner_block(count);
  REF_REAL total = start;
  for (size_t first = 0; first < count; first += block) {
    REF_REAL sum = first == 0 ? start : 0;
    for (size_t t = first; t < count && t < first + block; t++)
      sum = REF_NAME(multiply_add)(fused, x[t * dx], y[t * dy], sum);
    total = first == 0 ? sum : total + sum;
  }
  return total;
}

void REF_NAME(affine)(bool fused, size_t m, size_t k, size_t n, const REF_REAL *a, size_t lda,
                      const REF_REAL *weights, const REF_REAL *biases, REF_REAL *out,
                      size_t ldout) {
  for (size_t x = 0; x < m; x++)
    for (size_t j = 0; j < n; j++)
      out[x * ldout + j] =
          REF_NAME(inner)(fused, k, biases[j], a + x * lda, 1, weights + j * k, 1);
}

void REF_NAME(backpropagate)(bool fused, size_t m, size_t n, size_t k, const REF_REAL *delta,
                             size_t lddelta, const REF_REAL *weights, REF_REAL *out, size_t ldout) {
  for (size_t x = 0; x < m; x++)
    for (size_t i = 0; i < k; i++)
      out[x * ldout + i] = REF_NAME(inner)(fused, n, 0, delta + x * lddelta, 1, weights + i, k);
}

REF_REAL REF_NAME(sum_of_blocks)(bool fused, size_t rows, size_t blocks, size_t first, size_t last,
                                 const REF_REAL *x, size_t dx, const REF_REAL *y, size_t dy) {
  if (last - first == 1) {
    REF_REAL sum = 0;
    for (size_t r = first * rows / blocks; r < last * rows / blocks; r++)
      sum = REF_NAME(multiply_add)(fused, x[r * dx], y[r * dy], sum);
    return sum;
  }
  size_t left = 1;
  while (2 * left < last - first) left *= 2;
  REF_REAL sum = REF_NAME(sum_of_blocks)(fused, rows, blocks, first, first + left, x, dx, y, dy);
  return sum + REF_NAME(sum_of_blocks)(fused, rows, blocks, first + left, last, x, dx, y, dy);
}

void REF_NAME(parameter_gradient)(bool fused, size_t m, size_t k, size_t n, const REF_REAL *a,
                                  size_t lda, const REF_REAL *delta, size_t lddelta, size_t blocks,
                                  REF_REAL *weights, REF_REAL *biases) {
  const REF_REAL one = 1;
  for (size_t j = 0; j < n; j++) {
    for (size_t i = 0; i < k; i++)
      weights[j * k + i] = REF_NAME(sum_of_blocks)(fused, m, blocks, 0, blocks, a + i, lda,
                                                   delta + j, lddelta);
    biases[j] = REF_NAME(sum_of_blocks)(fused, m, blocks, 0, blocks, &one, 0, delta + j, lddelta);
  }
}

double REF_NAME(ulps)(REF_REAL x, long double exact) {
  REF_REAL rounded = (REF_REAL)exact;
  if (isnan(x) || isnan(exact)) return isnan(x) && isnan(exact) ? 0 : INFINITY;
  if (isinf(x) || isinf(rounded)) return x == rounded ? 0 : INFINITY;
  if (x == 0 && rounded == 0) return signbit(x) == signbit(rounded) || exact != 0 ? 0 : INFINITY;
  // The spacing of numbers at the exact value; that of the least normal for all denormals.
  int exponent = 0;
  (void)frexpl(exact, &exponent);
  if (exponent < REF_LEAST_EXPONENT) exponent = REF_LEAST_EXPONENT;
  return (double)fabsl(ldexpl((long double)x - exact, REF_DIGITS - exponent));
}

double REF_NAME(function_error)(bp_function function, size_t count, const REF_REAL *x,
                                const REF_REAL *y, size_t *worst) {
  double most = 0;
  for (size_t i = 0; i < count; i++) {
    double error = REF_NAME(ulps)(y[i], ref_function(function, x[i]));
    if (error > most) most = error, *worst = i;
  }
  return most;
}

double REF_NAME(activation_error)(bp_activation activation, REF_REAL parameter, size_t count,
                                  const REF_REAL *z, const REF_REAL *y, size_t *worst) {
  double most = 0;
  for (size_t i = 0; i < count; i++) {
    double error = REF_NAME(ulps)(y[i], ref_activation(activation, parameter, z[i]));
    if (error > most) most = error, *worst = i;
  }
  return most;
}

double REF_NAME(derivative_error)(bp_activation activation, REF_REAL parameter, size_t count,
                                  const REF_REAL *z, const REF_REAL *y, size_t *worst) {
  double most = 0;
  for (size_t i = 0; i < count; i++) {
    double error = (double)fabsl(y[i] - ref_derivative(activation, parameter, z[i]));
    if (!(error <= most)) most = error, *worst = i;
  }
  return most;
}

ptrdiff_t REF_NAME(first_difference)(size_t rows, size_t columns, const REF_REAL *x, size_t ldx,
                                     const REF_REAL *y, size_t ldy) {
  for (size_t r = 0; r < rows; r++)
    for (size_t j = 0; j < columns; j++) {
      const REF_REAL *p = x + r * ldx + j, *q = y + r * ldy + j;
      if (memcmp(p, q, sizeof *p) != 0 && !(isnan(*p) && isnan(*q)))
        return (ptrdiff_t)(r * columns + j);
    }
  return -1;
}
