// The public kernels: each calls the active variant's. Included once per precision by dispatch.c,
// which defines BP_NAME, BP_REAL and BP_ACTIVE.
void BP_NAME(affine)(bp_pool *pool, size_t m, size_t k, size_t n, const BP_REAL *a, size_t lda,
    const uint32_t *a_rows, const BP_REAL *panels, bp_activation activation, BP_REAL parameter,
    BP_REAL *z, size_t ldz, BP_REAL *out, size_t ldout) {
  BP_ACTIVE->affine(pool, m, k, n, a, lda, a_rows, panels, activation, parameter, z, ldz, out, ldout);
}
void BP_NAME(pass_down)(bp_pool *pool, size_t m, size_t n, size_t k, const BP_REAL *delta,
    size_t lddelta, const BP_REAL *panels, bp_activation activation, BP_REAL parameter,
    const BP_REAL *kept, size_t ldkept, BP_REAL *out, size_t ldout) {
  BP_ACTIVE->pass_down(pool, m, n, k, delta, lddelta, panels, activation, parameter, kept, ldkept,
      out, ldout);
}
void BP_NAME(parameter_gradient)(bp_pool *pool, size_t m, size_t k, size_t n, const BP_REAL *a,
    size_t lda, const uint32_t *a_rows, const BP_REAL *delta, size_t lddelta, const bp_rows *ahead,
    BP_REAL *gradient) {
  BP_ACTIVE->parameter_gradient(pool, m, k, n, a, lda, a_rows, delta, lddelta, ahead, gradient);
}
void BP_NAME(pack)(size_t k, size_t n, const BP_REAL *weights, const BP_REAL *biases,
    BP_REAL *panels) {
  BP_ACTIVE->pack(k, n, weights, biases, panels);
}
void BP_NAME(unpack)(size_t k, size_t n, const BP_REAL *panels, BP_REAL *weights,
    BP_REAL *biases) {
  BP_ACTIVE->unpack(k, n, panels, weights, biases);
}
void BP_NAME(activate)(size_t rows, size_t columns, const BP_REAL *z, size_t ldz,
    bp_activation activation, BP_REAL parameter, BP_REAL *out, size_t ldout) {
  BP_ACTIVE->activate(rows, columns, z, ldz, activation, parameter, out, ldout);
}
void BP_NAME(multiply_derivative)(size_t rows, size_t columns, const BP_REAL *gradient,
    size_t ldgradient, const BP_REAL *kept, size_t ldkept, bp_activation activation,
    BP_REAL parameter, BP_REAL *out, size_t ldout) {
  BP_ACTIVE->multiply_derivative(rows, columns, gradient, ldgradient, kept, ldkept, activation,
      parameter, out, ldout);
}
void BP_NAME(softmax)(size_t rows, size_t columns, const BP_REAL *z, size_t ldz, BP_REAL *out,
    size_t ldout) {
  BP_ACTIVE->softmax(rows, columns, z, ldz, out, ldout);
}
void BP_NAME(softmax_delta)(size_t rows, size_t columns, const BP_REAL *gradient,
    size_t ldgradient, const BP_REAL *a, size_t lda, BP_REAL *out, size_t ldout) {
  BP_ACTIVE->softmax_delta(rows, columns, gradient, ldgradient, a, lda, out, ldout);
}
void BP_NAME(maxout)(size_t rows, size_t units, size_t pieces, const BP_REAL *z, size_t ldz,
    BP_REAL *out, size_t ldout) {
  BP_ACTIVE->maxout(rows, units, pieces, z, ldz, out, ldout);
}
void BP_NAME(maxout_delta)(size_t rows, size_t units, size_t pieces, const BP_REAL *gradient,
    size_t ldgradient, const BP_REAL *z, size_t ldz, BP_REAL *out, size_t ldout) {
  BP_ACTIVE->maxout_delta(rows, units, pieces, gradient, ldgradient, z, ldz, out, ldout);
}
void BP_NAME(normalize)(size_t rows, size_t columns, const BP_REAL *z, size_t ldz, bool centred,
    BP_REAL epsilon, const BP_REAL *panels, BP_REAL *moments, BP_REAL *out, size_t ldout) {
  BP_ACTIVE->normalize(rows, columns, z, ldz, centred, epsilon, panels, moments, out, ldout);
}
void BP_NAME(normalize_delta)(size_t rows, size_t columns, const BP_REAL *gradient,
    size_t ldgradient, const BP_REAL *z, size_t ldz, bool centred, const BP_REAL *panels,
    const BP_REAL *moments, BP_REAL *out, size_t ldout) {
  BP_ACTIVE->normalize_delta(rows, columns, gradient, ldgradient, z, ldz, centred, panels, moments,
      out, ldout);
}
void BP_NAME(normalize_gradient)(size_t rows, size_t columns, const BP_REAL *gradient,
    size_t ldgradient, const BP_REAL *z, size_t ldz, bool centred, const BP_REAL *moments,
    BP_REAL *panels) {
  BP_ACTIVE->normalize_gradient(rows, columns, gradient, ldgradient, z, ldz, centred, moments,
      panels);
}
void BP_NAME(loss)(bp_loss loss, BP_REAL parameter, size_t rows, size_t columns,
    const BP_REAL *outputs, size_t ldoutputs, const BP_REAL *targets, size_t ldtargets,
    const BP_REAL *weights, BP_REAL scale, BP_REAL *losses) {
  BP_ACTIVE->loss(loss, parameter, rows, columns, outputs, ldoutputs, targets, ldtargets, weights,
      scale, losses);
}
void BP_NAME(loss_gradient)(bp_loss loss, BP_REAL parameter, size_t rows, size_t columns,
    const BP_REAL *outputs, size_t ldoutputs, const BP_REAL *targets, size_t ldtargets,
    const BP_REAL *weights, BP_REAL scale, BP_REAL *out, size_t ldout) {
  BP_ACTIVE->loss_gradient(loss, parameter, rows, columns, outputs, ldoutputs, targets, ldtargets,
      weights, scale, out, ldout);
}
void BP_NAME(softmax_cross_entropy)(size_t rows, size_t columns, const BP_REAL *z, size_t ldz,
    const BP_REAL *targets, size_t ldtargets, const BP_REAL *weights, BP_REAL scale,
    BP_REAL *losses) {
  BP_ACTIVE->softmax_cross_entropy(rows, columns, z, ldz, targets, ldtargets, weights, scale,
      losses);
}
void BP_NAME(sigmoid_cross_entropy)(size_t rows, size_t columns, const BP_REAL *z, size_t ldz,
    const BP_REAL *targets, size_t ldtargets, const BP_REAL *weights, BP_REAL scale,
    BP_REAL *losses) {
  BP_ACTIVE->sigmoid_cross_entropy(rows, columns, z, ldz, targets, ldtargets, weights, scale,
      losses);
}
void BP_NAME(canonical_delta)(size_t rows, size_t columns, const BP_REAL *a, size_t lda,
    const BP_REAL *targets, size_t ldtargets, const BP_REAL *weights, BP_REAL scale, BP_REAL *out,
    size_t ldout) {
  BP_ACTIVE->canonical_delta(rows, columns, a, lda, targets, ldtargets, weights, scale, out,
      ldout);
}
void BP_NAME(update_sgd)(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
    const BP_REAL *gradient, BP_REAL rate, BP_REAL decay, BP_REAL *parameters) {
  BP_ACTIVE->update_sgd(pool, panels, rows, decayed, gradient, rate, decay, parameters);
}
void BP_NAME(update_momentum)(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
    const BP_REAL *gradient, BP_REAL rate, BP_REAL momentum, bool nesterov, BP_REAL decay,
    BP_REAL *velocity, BP_REAL *parameters) {
  BP_ACTIVE->update_momentum(pool, panels, rows, decayed, gradient, rate, momentum, nesterov,
      decay, velocity, parameters);
}
void BP_NAME(update_adam)(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
    const BP_REAL *gradient, BP_REAL rate, BP_REAL beta1, BP_REAL other1, BP_REAL beta2,
    BP_REAL other2, BP_REAL epsilon, BP_REAL correction1, BP_REAL correction2, BP_REAL decay,
    BP_REAL *first_moment, BP_REAL *second_moment, BP_REAL *parameters) {
  BP_ACTIVE->update_adam(pool, panels, rows, decayed, gradient, rate, beta1, other1, beta2, other2,
      epsilon, correction1, correction2, decay, first_moment, second_moment, parameters);
}
void BP_NAME(update_amsgrad)(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
    const BP_REAL *gradient, BP_REAL rate, BP_REAL beta1, BP_REAL other1, BP_REAL beta2,
    BP_REAL other2, BP_REAL epsilon, BP_REAL correction1, BP_REAL correction2, BP_REAL decay,
    BP_REAL *first_moment, BP_REAL *second_moment, BP_REAL *maximum, BP_REAL *parameters) {
  BP_ACTIVE->update_amsgrad(pool, panels, rows, decayed, gradient, rate, beta1, other1, beta2,
      other2, epsilon, correction1, correction2, decay, first_moment, second_moment, maximum,
      parameters);
}
void BP_NAME(update_nadam)(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
    const BP_REAL *gradient, BP_REAL rate, BP_REAL beta1, BP_REAL other1, BP_REAL beta2,
    BP_REAL other2, BP_REAL epsilon, BP_REAL gradient_share, BP_REAL moment_share,
    BP_REAL correction2, BP_REAL decay, BP_REAL *first_moment, BP_REAL *second_moment,
    BP_REAL *parameters) {
  BP_ACTIVE->update_nadam(pool, panels, rows, decayed, gradient, rate, beta1, other1, beta2, other2,
      epsilon, gradient_share, moment_share, correction2, decay, first_moment, second_moment,
      parameters);
}
void BP_NAME(update_rmsprop)(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
    const BP_REAL *gradient, BP_REAL rate, BP_REAL rho, BP_REAL other, BP_REAL epsilon,
    BP_REAL decay, BP_REAL *second_moment, BP_REAL *parameters) {
  BP_ACTIVE->update_rmsprop(pool, panels, rows, decayed, gradient, rate, rho, other, epsilon, decay,
      second_moment, parameters);
}
void BP_NAME(update_adadelta)(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
    const BP_REAL *gradient, BP_REAL rate, BP_REAL rho, BP_REAL other, BP_REAL epsilon,
    BP_REAL decay, BP_REAL *squared_steps, BP_REAL *second_moment, BP_REAL *parameters) {
  BP_ACTIVE->update_adadelta(pool, panels, rows, decayed, gradient, rate, rho, other, epsilon,
      decay, squared_steps, second_moment, parameters);
}
void BP_NAME(update_lion)(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
    const BP_REAL *gradient, BP_REAL rate, BP_REAL beta1, BP_REAL other1, BP_REAL beta2,
    BP_REAL other2, BP_REAL decay, BP_REAL *first_moment, BP_REAL *parameters) {
  BP_ACTIVE->update_lion(pool, panels, rows, decayed, gradient, rate, beta1, other1, beta2, other2,
      decay, first_moment, parameters);
}
void BP_NAME(update_rprop)(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
    const BP_REAL *gradient, BP_REAL rate, BP_REAL shrink, BP_REAL grow, BP_REAL smallest,
    BP_REAL largest, BP_REAL decay, BP_REAL *signs, BP_REAL *sizes, BP_REAL *parameters) {
  BP_ACTIVE->update_rprop(pool, panels, rows, decayed, gradient, rate, shrink, grow, smallest,
      largest, decay, signs, sizes, parameters);
}
void BP_NAME(clip)(bp_pool *pool, size_t panels, size_t rows, BP_REAL factor, BP_REAL bound,
    BP_REAL *gradient) {
  BP_ACTIVE->clip(pool, panels, rows, factor, bound, gradient);
}
void BP_NAME(add_penalty_gradient)(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
    const BP_REAL *parameters, BP_REAL lambda, BP_REAL *gradient) {
  BP_ACTIVE->add_penalty_gradient(pool, panels, rows, decayed, parameters, lambda, gradient);
}
double BP_NAME(sum_squares)(size_t panels, size_t rows, size_t decayed,
    const BP_REAL *parameters) {
  return BP_ACTIVE->sum_squares(panels, rows, decayed, parameters);
}
void BP_NAME(dropout)(bp_pool *pool, size_t rows, size_t columns, const BP_REAL *x, size_t ldx,
    uint64_t seed, uint64_t stream, size_t first, uint32_t threshold, BP_REAL scale, BP_REAL *mask,
    size_t ldmask, BP_REAL *out, size_t ldout) {
  BP_ACTIVE->dropout(pool, rows, columns, x, ldx, seed, stream, first, threshold, scale, mask,
      ldmask, out, ldout);
}
void BP_NAME(add_normal)(bp_pool *pool, size_t rows, size_t columns, const BP_REAL *x, size_t ldx,
    uint64_t seed, uint64_t stream, size_t first, BP_REAL deviation, BP_REAL *out, size_t ldout) {
  BP_ACTIVE->add_normal(pool, rows, columns, x, ldx, seed, stream, first, deviation, out, ldout);
}
void BP_NAME(multiply)(bp_pool *pool, size_t rows, size_t columns, const BP_REAL *x, size_t ldx,
    BP_REAL *out, size_t ldout) {
  BP_ACTIVE->multiply(pool, rows, columns, x, ldx, out, ldout);
}
void BP_NAME(mix)(size_t rows, size_t columns, const BP_REAL *x, size_t ldx,
    const uint32_t *partners, const BP_REAL *shares, BP_REAL *out, size_t ldout) {
  BP_ACTIVE->mix(rows, columns, x, ldx, partners, shares, out, ldout);
}
void BP_NAME(scale_and_shift)(size_t rows, size_t columns, const BP_REAL *x, size_t ldx,
    BP_REAL factor, BP_REAL shift, BP_REAL *out, size_t ldout) {
  BP_ACTIVE->scale_and_shift(rows, columns, x, ldx, factor, shift, out, ldout);
}
void BP_NAME(add_sign_gradient)(bp_pool *pool, size_t panels, size_t rows, size_t decayed,
    const BP_REAL *parameters, BP_REAL lambda, BP_REAL *gradient) {
  BP_ACTIVE->add_sign_gradient(pool, panels, rows, decayed, parameters, lambda, gradient);
}
double BP_NAME(sum_weight_magnitudes)(size_t panels, size_t rows, size_t decayed,
    const BP_REAL *parameters) {
  return BP_ACTIVE->sum_weight_magnitudes(panels, rows, decayed, parameters);
}
void BP_NAME(limit_norms)(bp_pool *pool, size_t panels, size_t rows, size_t decayed, BP_REAL bound,
    BP_REAL *parameters) {
  BP_ACTIVE->limit_norms(pool, panels, rows, decayed, bound, parameters);
}
void BP_NAME(blend)(bp_pool *pool, size_t panels, size_t rows, const BP_REAL *parameters,
    BP_REAL share, BP_REAL *average) {
  BP_ACTIVE->blend(pool, panels, rows, parameters, share, average);
}
void BP_NAME(gather)(bp_pool *pool, size_t count, size_t columns, const BP_REAL *source,
    size_t ldsource, const uint32_t *indices, BP_REAL *out, size_t ldout) {
  BP_ACTIVE->gather(pool, count, columns, source, ldsource, indices, out, ldout);
}
void BP_NAME(gather_bytes)(bp_pool *pool, size_t count, size_t columns, const uint8_t *source,
    size_t ldsource, const uint32_t *places, const uint32_t *indices, BP_REAL divisor,
    BP_REAL *out, size_t ldout) {
  BP_ACTIVE->gather_bytes(pool, count, columns, source, ldsource, places, indices, divisor, out,
                          ldout);
}
size_t BP_NAME(decimals)(const uint8_t *bytes, const bp_cell *cells, size_t first, size_t count,
    const uint8_t *fractions, uint64_t limit, int32_t *out) {
  return BP_ACTIVE->decimals(bytes, cells, first, count, fractions, limit, out);
}
void BP_NAME(unpack_decimals)(size_t rows, size_t columns, size_t width, const void *x, size_t ldx,
    const int32_t *bases, const double *powers, const double *missing, double *out, size_t ldout) {
  BP_ACTIVE->unpack_decimals(rows, columns, width, x, ldx, bases, powers, missing, out, ldout);
}
void BP_NAME(add_moments)(size_t rows, size_t columns, const double *x, size_t ldx, double *state,
    size_t ldstate) {
  BP_ACTIVE->add_moments(rows, columns, x, ldx, state, ldstate);
}
bool BP_NAME(standardize)(size_t rows, size_t columns, const double *x, size_t ldx,
    const double *means, const double *deviations, BP_REAL *out, size_t ldout) {
  return BP_ACTIVE->standardize(rows, columns, x, ldx, means, deviations, out, ldout);
}
void BP_NAME(column_sums)(size_t rows, size_t columns, const BP_REAL *x, size_t ldx,
    BP_REAL *out) {
  BP_ACTIVE->column_sums(rows, columns, x, ldx, out);
}
double BP_NAME(sum)(size_t count, const BP_REAL *x) {
  return BP_ACTIVE->sum(count, x);
}
double BP_NAME(dot)(size_t count, const BP_REAL *x, const BP_REAL *y) {
  return BP_ACTIVE->dot(count, x, y);
}
double BP_NAME(sum_magnitudes)(size_t count, const BP_REAL *x) {
  return BP_ACTIVE->sum_magnitudes(count, x);
}
double BP_NAME(largest_magnitude)(size_t count, const BP_REAL *x) {
  return BP_ACTIVE->largest_magnitude(count, x);
}
void BP_NAME(combine)(size_t count, BP_REAL a, const BP_REAL *x, BP_REAL b, const BP_REAL *y,
    BP_REAL *out) {
  BP_ACTIVE->combine(count, a, x, b, y, out);
}
ptrdiff_t BP_NAME(first_nonfinite)(size_t rows, size_t columns, const BP_REAL *x, size_t ldx) {
  return BP_ACTIVE->first_nonfinite(rows, columns, x, ldx);
}
void BP_NAME(map)(bp_function function, size_t count, const BP_REAL *x, BP_REAL *out) {
  BP_ACTIVE->map(function, count, x, out);
}
