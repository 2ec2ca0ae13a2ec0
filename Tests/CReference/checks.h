// One kernel against its plain loop at one size, in one precision: random operands, outputs full of
// NaN. Included by checks.c, which defines REF_NAME, REF_REAL, REF_FMA and REF_PRECISION.

static REF_REAL REF_NAME(random)(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (REF_REAL)((double)(*state >> 11) * 0x1p-52 - 1);
}

// A matrix with padded rows, filled with random numbers in -1 … 1 (padding zero), or with NaN.
static REF_REAL *REF_NAME(matrix)(size_t rows, size_t ld, size_t columns, uint64_t *state) {
  REF_REAL *x = bp_buffer_create((rows * ld + 64) * sizeof(REF_REAL));
  for (size_t i = 0; i < rows * ld; i++)
    x[i] = !state ? (REF_REAL)NAN : i % ld < columns ? REF_NAME(random)(state) : 0;
  return x;
}
static bp_matrix REF_NAME(at)(const REF_REAL *start, size_t stride) {
  return (bp_matrix){(REF_REAL *)start, stride};
}
// Fills the padding with what the contract allows there, and what no result may show.
static void REF_NAME(soil)(size_t rows, size_t columns, REF_REAL *x, size_t ld) {
  for (size_t r = 0; r < rows; r++)
    for (size_t j = columns; j < ld; j++) x[r * ld + j] = (REF_REAL)1e30;
}
static void REF_NAME(release)(REF_REAL *x, size_t rows, size_t ld) {
  bp_buffer_destroy(x, (rows * ld + 64) * sizeof(REF_REAL));
}
static REF_REAL REF_NAME(muladd)(bool fused, REF_REAL a, REF_REAL b, REF_REAL c) {
  if (fused) return REF_FMA(a, b, c);
  REF_REAL product = a * b;
  return product + c;
}
static bool REF_NAME(zero_padding)(size_t rows, size_t columns, const REF_REAL *x, size_t ld) {
  for (size_t r = 0; r < rows; r++)
    for (size_t j = columns; j < ref_padded(columns); j++)
      if (x[r * ld + j] != 0) return false;
  return true;
}
// |x - exact| within so many ulps of `size`.
static bool REF_NAME(near)(REF_REAL x, long double exact, double ulps, long double size) {
  if (isnan(x) || isnan(exact)) return isnan(x) && isnan(exact);
  if (isinf(exact)) return x == exact;
  return fabsl(x - exact) <= ulps * REF_EPSILON * (fabsl(size) + REF_SMALLEST);
}

const char *REF_NAME(check_products)(bp_variant variant, bp_pool *pool, size_t m, size_t k,
                                     size_t n) {
  const bp_kernels *kernels = bp_kernels_of(variant, REF_PRECISION);
  const bool fused = ref_fuses(variant);
  const char *fault = NULL;
  uint64_t state = m * 10007 + k * 101 + n;
  const size_t lda = ref_padded(k) + 16, ldd = ref_padded(n), panels = ref_padded(n) / 16;
  REF_REAL *a = REF_NAME(matrix)(m, lda, k, &state), *delta = REF_NAME(matrix)(m, ldd, n, &state);
  REF_REAL *w = REF_NAME(matrix)(n, k, k, &state), *b = REF_NAME(matrix)(1, n, n, &state);
  REF_REAL *packed = REF_NAME(matrix)(panels, (k + 1) * 16, 0, NULL);
  REF_REAL *compact = REF_NAME(matrix)(m, k, 0, NULL), *kept = REF_NAME(matrix)(m, lda, 0, NULL);
  for (size_t r = 0; r < m; r++)
    for (size_t i = 0; i < k; i++) compact[r * k + i] = a[r * lda + i];
  REF_NAME(soil)(m, k, a, lda);
  // The same rows from the last to the first, and where each stands.
  REF_REAL *turned = REF_NAME(matrix)(m, k, 0, NULL);
  uint32_t *places = malloc((m + 1) * sizeof *places);
  for (size_t r = 0; r < m; r++) {
    places[r] = (uint32_t)(m - 1 - r);
    memcpy(turned + places[r] * k, a + r * lda, k * sizeof *a);
  }
  REF_REAL *out = REF_NAME(matrix)(m, ldd, 0, NULL), *z = REF_NAME(matrix)(m, ldd, 0, NULL);
  REF_REAL *sum = REF_NAME(matrix)(m, ldd, 0, NULL), *below = REF_NAME(matrix)(m, lda, 0, NULL);
  REF_REAL *expected = REF_NAME(matrix)(m, lda, 0, NULL), *passed = REF_NAME(matrix)(m, lda, 0, NULL);
  REF_REAL *w2 = REF_NAME(matrix)(n, k, 0, NULL), *b2 = REF_NAME(matrix)(1, n, 0, NULL);

  kernels->pack(k, n, w, b, packed);
  kernels->unpack(k, n, packed, w2, b2);
  if (REF_NAME(first_difference)(n, k, w, k, w2, k) >= 0 ||
      REF_NAME(first_difference)(1, n, b, n, b2, n) >= 0)
    fault = "unpack does not undo pack";

  // Forward: z as the plain loop, σ(z) as `activate` makes it of the same z.
  REF_NAME(affine)(fused, m, k, n, a, lda, w, b, sum, ldd);
  const REF_REAL parameter = (REF_REAL)0.2;
  // Of large products identity, ReLU, SELU and SiLU only, which take every way there is.
  const bp_activation step = m * k * n > 300000 ? 3 : 1;
  for (bp_activation f = BP_IDENTITY; f <= BP_MISH; f += step)
    for (int keep = 0; keep < 2; keep++) {
      // Inputs with padded rows; rows that follow each other; those of a data set, in any order.
      const bool scattered = !keep && f % 2 == 1;
      const REF_REAL *x = keep ? a : scattered ? turned : compact;
      const size_t ldx = keep ? lda : k;
      for (size_t j = 0; j < m * ldd; j++) out[j] = z[j] = (REF_REAL)NAN;
      kernels->affine(
          pool, (bp_affine){.m = m, .k = k, .n = n, .a = REF_NAME(at)(x, ldx),
                            .a_rows = scattered ? places : NULL, .panels = packed, .activation = f,
                            .parameter = parameter, .z = REF_NAME(at)(keep ? z : NULL, ldd),
                            .out = REF_NAME(at)(out, ldd)});
      if (keep && REF_NAME(first_difference)(m, n, z, ldd, sum, ldd) >= 0) fault = "affine: z";
      for (size_t r = 0; r < m; r++)
        for (size_t j = 0; j < n; j++) z[r * ldd + j] = sum[r * ldd + j];
      kernels->activate(m, n, REF_NAME(at)(z, ldd), f, parameter, REF_NAME(at)(z, ldd));
      if (REF_NAME(first_difference)(m, n, out, ldd, z, ldd) >= 0) fault = "affine";
    }

  // BP2: the plain loop times σ′, as `multiply_derivative` makes it of the same z or a.
  REF_NAME(backpropagate)(fused, m, n, k, delta, ldd, w, passed, lda);
  for (bp_activation f = BP_IDENTITY; f <= BP_MISH; f += step) {
    for (size_t j = 0; j < m * lda; j++) below[j] = (REF_REAL)NAN;
    if (bp_derivative_uses_z(f)) memcpy(kept, a, m * lda * sizeof *kept);
    else kernels->activate(m, k, REF_NAME(at)(a, lda), f, parameter, REF_NAME(at)(kept, lda));
    REF_NAME(soil)(m, k, kept, lda);
    kernels->multiply_derivative(m, k, REF_NAME(at)(passed, lda), REF_NAME(at)(kept, lda), f, parameter,
                                 REF_NAME(at)(expected, lda));
    kernels->backpropagate(
        pool, (bp_backpropagate){.m = m, .n = n, .k = k, .delta = REF_NAME(at)(delta, ldd), .panels = packed,
                                 .activation = f, .parameter = parameter,
                                 .kept = REF_NAME(at)(f == BP_IDENTITY ? NULL : kept, lda),
                                 .out = REF_NAME(at)(below, lda)});
    if (REF_NAME(first_difference)(m, k, below, lda, expected, lda) >= 0) fault = "backpropagate";
    if (!REF_NAME(zero_padding)(m, k, below, lda)) fault = "backpropagate: padding";
  }

  REF_NAME(release)(a, m, lda), REF_NAME(release)(delta, m, ldd);
  REF_NAME(release)(w, n, k), REF_NAME(release)(b, 1, n), REF_NAME(release)(w2, n, k);
  REF_NAME(release)(b2, 1, n);
  REF_NAME(release)(packed, panels, (k + 1) * 16), REF_NAME(release)(out, m, ldd);
  REF_NAME(release)(z, m, ldd), REF_NAME(release)(sum, m, ldd);
  REF_NAME(release)(below, m, lda), REF_NAME(release)(expected, m, lda);
  REF_NAME(release)(compact, m, k), REF_NAME(release)(kept, m, lda);
  REF_NAME(release)(passed, m, lda), REF_NAME(release)(turned, m, k);
  free(places);
  return fault;
}

const char *REF_NAME(check_blocks)(bp_variant variant, bp_pool *pool, size_t m, size_t k, size_t n,
                                   size_t blocks) {
  const bp_kernels *kernels = bp_kernels_of(variant, REF_PRECISION);
  const bool fused = ref_fuses(variant);
  const char *fault = NULL;
  uint64_t state = m * 10007 + k * 101 + n * 13 + blocks;
  const size_t lda = ref_padded(k) + 16, ldd = ref_padded(n), panels = ref_padded(n) / 16;
  REF_REAL *a = REF_NAME(matrix)(m, lda, k, &state), *delta = REF_NAME(matrix)(m, ldd, n, &state);
  REF_REAL *packed = REF_NAME(matrix)(panels, (k + 1) * 16, 0, NULL);
  REF_REAL *w = REF_NAME(matrix)(n, k, 0, NULL), *b = REF_NAME(matrix)(1, n, 0, NULL);
  REF_REAL *w2 = REF_NAME(matrix)(n, k, 0, NULL), *b2 = REF_NAME(matrix)(1, n, 0, NULL);
  REF_REAL *turned = REF_NAME(matrix)(m, k, 0, NULL), *compact = REF_NAME(matrix)(m, k, 0, NULL);
  uint32_t *places = malloc((m + 1) * sizeof *places);
  for (size_t r = 0; r < m; r++) {
    places[r] = (uint32_t)(m - 1 - r);
    memcpy(compact + r * k, a + r * lda, k * sizeof *a);
    memcpy(turned + places[r] * k, a + r * lda, k * sizeof *a);
  }
  REF_NAME(soil)(m, k, a, lda);
  REF_NAME(parameter_gradient)(fused, m, k, n, a, lda, delta, ldd, blocks, w2, b2);
  // Inputs with padded rows; rows that follow each other; those of a data set, in any order. At last, for
  // one block, the rows in three calls.
  for (int way = 0; way < (blocks == 1 ? 4 : 3); way++) {
    bp_parameter_gradient p = {
        .m = m, .k = k, .n = n,
        .a = REF_NAME(at)(way == 1 ? compact : way == 2 ? turned : a, way % 3 == 0 ? lda : k),
        .a_rows = way == 2 ? places : NULL, .delta = REF_NAME(at)(delta, ldd),
        .blocks = {.count = blocks}, .gradient = packed};
    for (size_t i = 0; i < panels * (k + 1) * 16; i++) packed[i] = (REF_REAL)NAN;
    if (way < 3) kernels->parameter_gradient(pool, p);
    for (size_t call = 0; way == 3 && call < 3; call++) {
      const size_t first = call * call * m / 9, last = (call + 1) * (call + 1) * m / 9;
      p.m = last - first, p.blocks.continues = call > 0;
      p.a.start = a + first * lda, p.delta.start = delta + first * ldd;
      kernels->parameter_gradient(pool, p);
    }
    kernels->unpack(k, n, packed, w, b);
    if (REF_NAME(first_difference)(n, k, w, k, w2, k) >= 0) fault = "parameter_gradient: weights";
    if (REF_NAME(first_difference)(1, n, b, n, b2, n) >= 0) fault = "parameter_gradient: biases";
    for (size_t r = 0; r <= k && n > 0; r++)
      for (size_t j = n; j < panels * 16; j++)
        if (packed[((panels - 1) * (k + 1) + r) * 16 + j % 16] != 0)
          fault = "parameter_gradient: padding";
  }

  // Of a normalisation of k columns, δ being their ∂C/∂n: ẑ is formed as the kernel forms it.
  REF_REAL *slopes = REF_NAME(matrix)(m, lda, k, &state), *hat = REF_NAME(matrix)(m, lda, 0, NULL);
  REF_REAL *moments = REF_NAME(matrix)(m, 2, 2, &state);
  const REF_REAL one = 1;
  for (size_t r = 0; r < m; r++)
    for (size_t i = 0; i < k; i++)
      hat[r * lda + i] = (a[r * lda + i] - moments[2 * r]) * moments[2 * r + 1];
  REF_REAL *gains = REF_NAME(matrix)(2, lda, 0, NULL);
  const bp_normalization norm = {m, k, true, REF_NAME(at)(a, lda), moments};
  kernels->normalize_gradient(norm, REF_NAME(at)(slopes, lda), (bp_blocks){.count = blocks}, gains);
  for (size_t i = 0; i < k; i++) {
    const REF_REAL *gain = gains + i / 16 * 32 + i % 16, *x = slopes + i;
    if (gain[0] != REF_NAME(sum_of_blocks)(fused, m, blocks, 0, blocks, x, lda, hat + i, lda) ||
        gain[16] != REF_NAME(sum_of_blocks)(fused, m, blocks, 0, blocks, &one, 0, x, lda))
      fault = "normalize_gradient";
  }
  if (blocks == 1 && m > 0) {
    bp_normalization head = norm, tail = norm;
    head.rows = m / 3, tail.rows = m - m / 3;
    tail.z.start = a + m / 3 * lda, tail.moments = moments + m / 3 * 2;
    REF_REAL *again = REF_NAME(matrix)(2, lda, 0, NULL);
    const bp_blocks begin = {.count = 1}, onwards = {.count = 1, .continues = true};
    kernels->normalize_gradient(head, REF_NAME(at)(slopes, lda), begin, again);
    kernels->normalize_gradient(tail, REF_NAME(at)(slopes + m / 3 * lda, lda), onwards, again);
    if (REF_NAME(first_difference)(1, ref_padded(k) * 2, gains, 0, again, 0) >= 0)
      fault = "normalize_gradient: in two calls";
    REF_NAME(release)(again, 2, lda);
  }
  REF_NAME(release)(a, m, lda), REF_NAME(release)(delta, m, ldd);
  REF_NAME(release)(packed, panels, (k + 1) * 16), REF_NAME(release)(w, n, k);
  REF_NAME(release)(b, 1, n), REF_NAME(release)(w2, n, k), REF_NAME(release)(b2, 1, n);
  REF_NAME(release)(turned, m, k), REF_NAME(release)(compact, m, k);
  REF_NAME(release)(slopes, m, lda), REF_NAME(release)(hat, m, lda);
  REF_NAME(release)(moments, m, 2);
  REF_NAME(release)(gains, 2, lda);
  free(places);
  return fault;
}

// Products of m rows against the same rows in batches of seven, the last 40 of them: a row's bits do
// not depend on its batch, nor those of an input's gradient on the other inputs.
const char *REF_NAME(check_batches)(bp_variant variant, size_t m, size_t k, size_t n) {
  const bp_kernels *kernels = bp_kernels_of(variant, REF_PRECISION);
  const char *fault = NULL;
  uint64_t state = m;
  const size_t lda = ref_padded(k), ldd = ref_padded(n), panel = (k + 1) * 16;
  const size_t first = m > 40 ? m - 40 : 0, examples = 9, ldx = ref_padded(m);
  REF_REAL *a = REF_NAME(matrix)(m, lda, k, &state), *delta = REF_NAME(matrix)(m, ldd, n, &state);
  REF_REAL *w = REF_NAME(matrix)(n, k, k, &state), *x = REF_NAME(matrix)(examples, ldx, m, &state);
  REF_REAL *packed = REF_NAME(matrix)(ldd / 16, panel, 0, NULL);
  REF_REAL *out = REF_NAME(matrix)(m, ldd, 0, NULL), *below = REF_NAME(matrix)(m, lda, 0, NULL);
  REF_REAL *few = REF_NAME(matrix)(7, lda + ldd, 0, NULL);
  REF_REAL *gradient = REF_NAME(matrix)(ldd / 16, (m + 1) * 16, 0, NULL);
  REF_REAL *part = REF_NAME(matrix)(ldd / 16, 8 * 16, 0, NULL);
  kernels->pack(k, n, w, NULL, packed);
  bp_affine up = {.m = m, .k = k, .n = n, .a = REF_NAME(at)(a, lda), .panels = packed, .out = REF_NAME(at)(out, ldd)};
  bp_backpropagate down = {.m = m, .n = n, .k = k, .delta = REF_NAME(at)(delta, ldd), .panels = packed,
                           .out = REF_NAME(at)(below, lda)};
  bp_parameter_gradient sums = {.m = examples, .k = m, .n = n, .a = REF_NAME(at)(x, ldx),
                                .delta = REF_NAME(at)(delta, ldd), .blocks = {.count = 3},
                                .gradient = gradient};
  kernels->affine(NULL, up);
  kernels->backpropagate(NULL, down);
  kernels->parameter_gradient(NULL, sums);
  up.out = REF_NAME(at)(few, ldd), down.out = REF_NAME(at)(few, lda), sums.gradient = part;
  for (size_t row = first, rows; row < m; row += rows) {
    rows = m - row < 7 ? m - row : 7;
    up.m = down.m = sums.k = rows;
    up.a = REF_NAME(at)(a + row * lda, lda);
    kernels->affine(NULL, up);
    if (REF_NAME(first_difference)(rows, n, few, ldd, out + row * ldd, ldd) >= 0) fault = "affine";
    down.delta = REF_NAME(at)(delta + row * ldd, ldd);
    kernels->backpropagate(NULL, down);
    if (REF_NAME(first_difference)(rows, k, few, lda, below + row * lda, lda) >= 0)
      fault = "backpropagate";
    sums.a = REF_NAME(at)(x + row, ldx);
    kernels->parameter_gradient(NULL, sums);
    for (size_t p = 0; p < ldd / 16; p++)
      if (REF_NAME(first_difference)(rows, 16, part + p * (rows + 1) * 16, 16,
                                     gradient + (p * (m + 1) + row) * 16, 16) >= 0)
        fault = "parameter_gradient";
  }
  REF_NAME(release)(a, m, lda), REF_NAME(release)(delta, m, ldd), REF_NAME(release)(w, n, k);
  REF_NAME(release)(x, examples, ldx), REF_NAME(release)(packed, ldd / 16, panel);
  REF_NAME(release)(out, m, ldd), REF_NAME(release)(below, m, lda);
  REF_NAME(release)(few, 7, lda + ldd), REF_NAME(release)(gradient, ldd / 16, (m + 1) * 16);
  REF_NAME(release)(part, ldd / 16, 8 * 16);
  return fault;
}

// C(a, y) of one output, and its derivative, except hinge with several outputs.
static long double REF_NAME(loss_of)(bp_loss loss, long double d, long double a, long double y) {
  long double r = a - y;
  switch (loss) {
    case BP_SQUARED_ERROR: return r * r / 2;
    case BP_ABSOLUTE_ERROR: return fabsl(r);
    case BP_HUBER: return fabsl(r) <= d ? r * r / 2 : d * (fabsl(r) - d / 2);
    case BP_BINARY_CROSS_ENTROPY:
      return (y == 0 ? 0 : -y * logl(a)) + (y == 1 ? 0 : -(1 - y) * log1pl(-a));
    case BP_CROSS_ENTROPY: return y == 0 ? 0 : -y * logl(a);
    case BP_HINGE: return fmaxl(0, 1 - y * a);
    case BP_POISSON: return a - (y == 0 ? 0 : y * logl(a));
    case BP_QUANTILE: return fmaxl(d * (y - a), (d - 1) * (y - a));
  }
  return NAN;
}
static long double REF_NAME(slope_of)(bp_loss loss, long double d, long double a, long double y) {
  long double r = a - y;
  switch (loss) {
    case BP_SQUARED_ERROR: return r;
    case BP_ABSOLUTE_ERROR: return r > 0 ? 1 : r < 0 ? -1 : 0;
    case BP_HUBER: return fabsl(r) <= d ? r : r > 0 ? d : -d;
    case BP_BINARY_CROSS_ENTROPY: return (y == 1 ? 0 : (1 - y) / (1 - a)) - (y == 0 ? 0 : y / a);
    case BP_CROSS_ENTROPY: return y == 0 ? 0 : -y / a;
    case BP_HINGE: return 1 - y * a > 0 ? -y : 0;
    case BP_POISSON: return 1 - (y == 0 ? 0 : y / a);
    case BP_QUANTILE: return r < 0 ? -d : r > 0 ? 1 - d : 0;
  }
  return NAN;
}

const char *REF_NAME(check_losses)(bp_variant variant, size_t rows, size_t columns) {
  const bp_kernels *kernels = bp_kernels_of(variant, REF_PRECISION);
  const char *fault = NULL;
  uint64_t state = rows * 131 + columns;
  const size_t ld = ref_padded(columns);
  REF_REAL *a = REF_NAME(matrix)(rows, ld, columns, &state);
  REF_REAL *y = REF_NAME(matrix)(rows, ld, columns, &state);
  REF_REAL *weights = REF_NAME(matrix)(1, rows, rows, &state);
  REF_REAL *values = REF_NAME(matrix)(1, rows, 0, NULL), *out = REF_NAME(matrix)(rows, ld, 0, NULL);
  const REF_REAL scale = (REF_REAL)0.5, parameter = (REF_REAL)0.3;
  for (size_t i = 0; i < rows * ld; i++) a[i] = (a[i] + 1) / 2, y[i] = (y[i] + 1) / 2;
  for (size_t i = 0; i < rows * ld; i += 3) y[i] = i % 2 ? 1 : 0;
  for (size_t i = 0; i < rows * ld; i += 5) a[i] = y[i];  // certain and right, or on the kink
  for (size_t r = 0; r < rows; r++)
    for (size_t j = 0; j < columns; j++)
      if (a[r * ld + j] == 0 && y[r * ld + j] != 0) a[r * ld + j] = 1;
  REF_NAME(soil)(rows, columns, a, ld), REF_NAME(soil)(rows, columns, y, ld);

  bp_targets targets = {.rows = rows, .columns = columns, .y = REF_NAME(at)(y, ld), .scale = scale};
  for (bp_loss loss = BP_SQUARED_ERROR; loss <= BP_QUANTILE; loss++)
    for (int weighted = 0; weighted < 2; weighted++) {
      for (size_t i = 0; i < rows * ld; i++) out[i] = (REF_REAL)NAN;
      for (size_t i = 0; i < rows; i++) values[i] = (REF_REAL)NAN;
      targets.weights = weighted ? weights : NULL;
      kernels->loss(loss, parameter, targets, REF_NAME(at)(a, ld), values);
      kernels->loss_gradient(loss, parameter, targets, REF_NAME(at)(a, ld), REF_NAME(at)(out, ld));
      if (!REF_NAME(zero_padding)(rows, columns, out, ld)) fault = "loss_gradient: padding";
      for (size_t r = 0; r < rows; r++) {
        const REF_REAL *ar = a + r * ld, *yr = y + r * ld;
        long double w = (weighted ? weights[r] : 1) * scale, sum = 0, size = 1;
        size_t c = 0, violations = 0;
        for (size_t j = 1; j < columns; j++) c = yr[j] > yr[c] ? j : c;
        for (size_t j = 0; j < columns; j++) {
          long double value = REF_NAME(loss_of)(loss, parameter, ar[j], yr[j]);
          long double slope = REF_NAME(slope_of)(loss, parameter, ar[j], yr[j]);
          if (loss == BP_HINGE && columns > 1) {
            REF_REAL margin = 1 + ar[j] - ar[c];
            value = j == c ? 0 : fmaxl(0, margin), slope = j != c && margin > 0;
            violations += slope != 0;
            if (j == c) slope = NAN;  // looked at below
          }
          sum += value, size += fabsl(value);
          if (!isnan(slope) && !REF_NAME(near)(out[r * ld + j], w * slope, 6, fabsl(w * slope) + fabsl(w)))
            fault = ref_loss_names[loss];
        }
        if (loss == BP_HINGE && columns > 1 &&
            !REF_NAME(near)(out[r * ld + c], -w * (long double)violations, 2,
                            w * (long double)violations))
          fault = "hinge: the correct class";
        if (!REF_NAME(near)(values[r], w * sum, 8, w * size)) fault = ref_loss_names[loss];
      }
    }

  // From weighted inputs: z in -4 … 4.
  for (size_t i = 0; i < rows * ld; i++) a[i] = a[i] * 8 - 4;
  REF_NAME(soil)(rows, columns, a, ld);
  kernels->softmax(rows, columns, REF_NAME(at)(a, ld), REF_NAME(at)(out, ld));
  targets.weights = weights;
  kernels->softmax_cross_entropy(targets, REF_NAME(at)(a, ld), values);
  for (size_t r = 0; r < rows && columns > 0; r++) {
    long double most = -INFINITY, sum = 0, loss = 0, size = 1;
    for (size_t j = 0; j < columns; j++) most = fmaxl(most, a[r * ld + j]);
    for (size_t j = 0; j < columns; j++) sum += expl(a[r * ld + j] - most);
    for (size_t j = 0; j < columns; j++) {
      long double share = expl(a[r * ld + j] - most) / sum;
      if (!REF_NAME(near)(out[r * ld + j], share, 6, share)) fault = "softmax";
      loss += y[r * ld + j] * (most + logl(sum) - a[r * ld + j]);
    }
    size += loss;
    if (!REF_NAME(near)(values[r], weights[r] * scale * loss, 8, weights[r] * scale * size))
      fault = "softmax_cross_entropy";
  }
  targets.weights = NULL;
  kernels->sigmoid_cross_entropy(targets, REF_NAME(at)(a, ld), values);
  for (size_t r = 0; r < rows; r++) {
    long double loss = 0;
    for (size_t j = 0; j < columns; j++)
      loss += log1pl(expl(a[r * ld + j])) - (long double)y[r * ld + j] * a[r * ld + j];
    if (!REF_NAME(near)(values[r], scale * loss, 8, loss + 1)) fault = "sigmoid_cross_entropy";
  }

  // BP1 through softmax: g = y, a = out.
  REF_REAL *through = REF_NAME(matrix)(rows, ld, 0, NULL);
  REF_NAME(soil)(rows, columns, out, ld);
  kernels->softmax_delta(rows, columns, REF_NAME(at)(y, ld), REF_NAME(at)(out, ld), REF_NAME(at)(through, ld));
  if (!REF_NAME(zero_padding)(rows, columns, through, ld)) fault = "softmax_delta: padding";
  for (size_t r = 0; r < rows; r++) {
    long double mean = 0;
    for (size_t j = 0; j < columns; j++) mean += (long double)y[r * ld + j] * out[r * ld + j];
    for (size_t j = 0; j < columns; j++)
      if (!REF_NAME(near)(through[r * ld + j], out[r * ld + j] * (y[r * ld + j] - mean), 8,
                          out[r * ld + j]))
        fault = "softmax_delta";
  }
  targets.weights = weights;
  kernels->canonical_delta(targets, REF_NAME(at)(out, ld), REF_NAME(at)(through, ld));
  if (!REF_NAME(zero_padding)(rows, columns, through, ld)) fault = "canonical_delta: padding";
  for (size_t r = 0; r < rows; r++)
    for (size_t j = 0; j < columns; j++)
      if (through[r * ld + j] != weights[r] * scale * (out[r * ld + j] - y[r * ld + j]))
        fault = "canonical_delta";
  REF_NAME(release)(a, rows, ld), REF_NAME(release)(y, rows, ld);
  REF_NAME(release)(weights, 1, rows), REF_NAME(release)(values, 1, rows);
  REF_NAME(release)(out, rows, ld), REF_NAME(release)(through, rows, ld);
  return fault;
}

// Updates of `panels` × `rows` × 16 parameters, all rows but the last decayed: bits as in the loops.
const char *REF_NAME(check_updates)(bp_variant variant, bp_pool *pool, size_t panels,
                                    size_t rows) {
  const bp_kernels *kernels = bp_kernels_of(variant, REF_PRECISION);
  const bool fused = ref_fuses(variant);
  const char *fault = NULL;
  const size_t count = panels * rows * 16, decayed = rows > 0 ? rows - 1 : 0;
  uint64_t state = count;
  REF_REAL *start = REF_NAME(matrix)(1, count, count, &state);
  REF_REAL *g = REF_NAME(matrix)(1, count, count, &state);
  REF_REAL *p = REF_NAME(matrix)(1, count, 0, NULL), *q = REF_NAME(matrix)(1, count, 0, NULL);
  REF_REAL *m = REF_NAME(matrix)(1, count, 0, NULL), *v = REF_NAME(matrix)(1, count, 0, NULL);
  REF_REAL *w = REF_NAME(matrix)(1, count, 0, NULL), *ms = REF_NAME(matrix)(1, count, 0, NULL);
  REF_REAL *vs = REF_NAME(matrix)(1, count, 0, NULL), *ws = REF_NAME(matrix)(1, count, 0, NULL);
  const REF_REAL rate = (REF_REAL)0.01, decay = (REF_REAL)0.1, mu = (REF_REAL)0.9;
  const REF_REAL mu1 = (REF_REAL)0.1, beta2 = (REF_REAL)0.999, beta21 = (REF_REAL)0.001;
  const REF_REAL epsilon = (REF_REAL)1e-8;
  const REF_REAL c1 = (REF_REAL)0.19, c2 = (REF_REAL)0.002;
  const REF_REAL share = (REF_REAL)0.6, shrink_by = (REF_REAL)0.5, grow_by = (REF_REAL)1.2;
  const REF_REAL least = (REF_REAL)0.1, most = (REF_REAL)0.7, bound = (REF_REAL)0.25;
  // A gradient of 0 has no sign, and one that is not a number must not vanish.
  for (size_t i = 5; i < count; i += 37) g[i] = i % 2 == 0 ? 0 : (REF_REAL)NAN;
  const bp_panels all = {0, panels, rows, rows}, weights = {0, panels, decayed, rows};
  const bp_panels biases = {decayed * 16, panels, rows - decayed, rows};
  for (int rule = 0; rule < 12; rule++) {
    for (size_t i = 0; i < count; i++) {
      p[i] = start[i], m[i] = g[(i + 1) % count], v[i] = g[i] * g[i];
      w[i] = v[(i + 2) % count] > 0 ? m[i] * m[i] : 0;
      if (rule == 5 || rule == 6) m[i] = m[i] * m[i];
      if (rule == 11) p[i] = g[i];
      if (rule == 10) m[i] = m[i] > 0 ? 1 : m[i] < 0 ? -1 : m[i];
    }
    for (size_t i = 0; i < count; i++) {
      REF_REAL shrink = i / 16 % rows < decayed ? rate * decay : 0;
      REF_REAL x = REF_NAME(muladd)(fused, -shrink, p[i], p[i]);
      REF_REAL speed = REF_NAME(muladd)(fused, mu, m[i], g[i]);
      REF_REAL ahead = REF_NAME(muladd)(fused, mu, speed, g[i]);
      REF_REAL m2 = REF_NAME(muladd)(fused, mu, m[i], mu1 * g[i]);
      REF_REAL v2 = REF_NAME(muladd)(fused, beta2, v[i], beta21 * g[i] * g[i]);
      REF_REAL root = REF_SQRT(v2 * (1 / c2));
      REF_REAL v3 = REF_NAME(muladd)(fused, rule == 5 ? 1 : beta2, v[i],
                                     (rule == 5 ? 1 : beta21) * g[i] * g[i]);
      REF_REAL largest = w[i] > v2 ? w[i] : v2;
      REF_REAL d = REF_SQRT(m[i] + epsilon) / REF_SQRT(v3 + epsilon) * g[i];
      REF_REAL sign = m2 > 0 ? 1 : m2 < 0 ? -1 : m2;
      REF_REAL turn = (g[i] > 0 ? 1 : g[i] < 0 ? -1 : g[i]) * m[i];
      REF_REAL size = v[i] * (turn > 0 ? grow_by : turn < 0 ? shrink_by : 1);
      size = size < least ? least : size > most ? most : size;
      REF_REAL way = turn < 0 ? 0 : g[i] > 0 ? 1 : g[i] < 0 ? -1 : g[i];
      // What the moments become, where the rule has them.
      ms[i] = rule == 1 || rule == 2               ? speed
              : rule == 3 || rule == 7 || rule == 8 ? m2
              : rule == 6  ? REF_NAME(muladd)(fused, beta2, m[i], beta21 * d * d)
              : rule == 9  ? REF_NAME(muladd)(fused, beta2, m[i], beta21 * g[i])
              : rule == 10 ? way
                           : m[i];
      vs[i] = rule == 3 || rule == 7 || rule == 8 ? v2
              : rule == 5 || rule == 6            ? v3
              : rule == 10                        ? size
                                                  : v[i];
      ws[i] = rule == 7 ? largest : w[i];
      q[i] = rule == 0   ? REF_NAME(muladd)(fused, -rate, g[i], x)
             : rule == 1 ? REF_NAME(muladd)(fused, -rate, speed, x)
             : rule == 2 ? REF_NAME(muladd)(fused, -rate, ahead, x)
             : rule == 3 ? x - rate / c1 * m2 / (root + epsilon)
             : rule == 5 ? x - rate * g[i] / (REF_SQRT(v3) + epsilon)
             : rule == 6 ? REF_NAME(muladd)(fused, -rate, d, x)
             : rule == 7 ? x - rate / c1 * m2 / (REF_SQRT(largest * (1 / c2)) + epsilon)
             : rule == 8 ? x - REF_NAME(muladd)(fused, rate * share, g[i], rate * mu * m2) /
                                   (root + epsilon)
             : rule == 9  ? REF_NAME(muladd)(fused, -rate, sign, x)
             : rule == 10 ? REF_NAME(muladd)(fused, -size, way, x)
             : rule == 11 ? (share * g[i] > bound    ? bound
                             : share * g[i] < -bound ? -bound
                                                     : share * g[i])
             : shrink > 0 ? REF_NAME(muladd)(fused, decay, p[i], p[i]) : p[i];
    }
    static const bp_rule rules[] = {BP_SGD,     BP_MOMENTUM, BP_NESTEROV, BP_ADAM, BP_SGD, BP_RMSPROP,
                                    BP_ADADELTA, BP_AMSGRAD, BP_NADAM,    BP_LION, BP_RPROP};
    if (rule == 11) {
      kernels->clip(pool, all, share, bound, p);
    } else if (rule == 4) {
      kernels->add_penalty_gradient(pool, weights, decay, start, p);
    } else {
      const bp_span spans[] = {{weights, rate, decay, epsilon}, {biases, rate, 0, epsilon}};
      kernels->update(
          pool, &(bp_update){.rule = rules[rule], .spans = spans, .span_count = 2, .gradient = g,
                             .beta1 = mu, .other1 = mu1, .beta2 = rule == 5 ? 1 : beta2,
                             .other2 = rule == 5 ? 1 : beta21, .correction1 = c1, .correction2 = c2,
                             .gradient_share = share, .moment_share = mu, .shrink = shrink_by,
                             .grow = grow_by, .smallest = least, .largest = most, .first = m,
                             .second = v, .third = w, .parameters = p});
    }
    const char *names[] = {"SGD",     "momentum", "Nesterov", "Adam",  "add_penalty_gradient",
                           "RMSProp", "Adadelta", "AMSGrad",  "NAdam", "Lion", "RPROP", "clip"};
    if (REF_NAME(first_difference)(1, count, p, count, q, count) >= 0 ||
        REF_NAME(first_difference)(1, count, m, count, ms, count) >= 0 ||
        REF_NAME(first_difference)(1, count, v, count, vs, count) >= 0 ||
        REF_NAME(first_difference)(1, count, w, count, ws, count) >= 0)
      fault = names[rule];
  }
  long double squares = 0, sum = 0;
  for (size_t i = 0; i < count; i++) {
    squares += i / 16 % rows < decayed ? (long double)start[i] * start[i] : 0;
    sum += start[i];
  }
  if (fabsl(kernels->sum_squares(weights, start) - squares) > 1e-12L * (squares + 1))
    fault = "sum_squares";
  long double products = 0, magnitudes = 0;
  REF_REAL greatest = 0;
  for (size_t i = 0; i < count; i++) {
    p[i] = start[(i + 3) % count];
    products += (long double)start[i] * p[i];
    magnitudes += fabsl((long double)start[i]);
    if ((REF_REAL)fabsl(start[i]) > greatest) greatest = (REF_REAL)fabsl(start[i]);
  }
  const long double slack = 1e-13L * (long double)(count + 1) * (greatest + 1);
  // One element fewer, too: the last lanes of a count that is no multiple of 16.
  for (size_t n = count; n + 2 > count; n--) {
    if (fabsl(kernels->dot(n, start, p) - products) > slack) fault = "dot";
    if (fabsl(kernels->sum_magnitudes(n, start) - magnitudes) > slack) fault = "sum_magnitudes";
    REF_REAL largest = 0;
    for (size_t i = 0; i < n; i++)
      if ((REF_REAL)fabsl(start[i]) > largest) largest = (REF_REAL)fabsl(start[i]);
    if (kernels->largest_magnitude(n, start) != largest) fault = "largest_magnitude";
    if (n == 0) break;
    products -= (long double)start[n - 1] * p[n - 1];
    magnitudes -= fabsl((long double)start[n - 1]);
    for (size_t i = 0; i < n; i++) q[i] = (REF_REAL)NAN;
    kernels->combine(n, share, start, -mu, p, q);
    for (size_t i = 0; i < n; i++)
      if (q[i] != REF_NAME(muladd)(fused, share, start[i], -mu * p[i])) fault = "combine";
  }
  for (size_t i = 0; i < count; i++) p[i] = q[i] = g[i], m[i] = ms[i] = start[i];
  kernels->add_sign_gradient(pool, weights, decay, start, p);
  kernels->blend(pool, all, share, v, m);
  magnitudes = 0;
  for (size_t i = 0; i < count; i++) {
    REF_REAL sign = start[i] > 0 ? 1 : start[i] < 0 ? -1 : 0;
    if (i / 16 % rows < decayed) {
      q[i] = REF_NAME(muladd)(fused, decay, sign, q[i]);
      magnitudes += fabsl((long double)start[i]);
    }
    ms[i] = REF_NAME(muladd)(fused, share, v[i] - ms[i], ms[i]);
  }
  if (REF_NAME(first_difference)(1, count, p, count, q, count) >= 0) fault = "add_sign_gradient";
  if (REF_NAME(first_difference)(1, count, m, count, ms, count) >= 0) fault = "blend";
  if (fabsl(kernels->sum_panel_magnitudes(weights, start) - magnitudes) > 1e-12L * (magnitudes + 1))
    fault = "sum_panel_magnitudes";
  for (size_t i = 0; i < count; i++) p[i] = q[i] = start[i];
  // Half of the neurons, or so, are longer than this.
  const REF_REAL reach = (REF_REAL)sqrt(decayed / 3.0);
  kernels->limit_norms(pool, weights, reach, p);
  for (size_t column = 0; column < panels * 16; column++) {
    size_t at = column / 16 * rows * 16 + column % 16;
    double length = 0;
    for (size_t r = 0; r < decayed; r++) {
      double x = (double)q[at + r * 16];
      length = fused ? fma(x, x, length) : length + x * x;
    }
    if (length > (double)reach * (double)reach)
      for (size_t r = 0; r < decayed; r++) q[at + r * 16] *= (REF_REAL)((double)reach / sqrt(length));
  }
  if (REF_NAME(first_difference)(1, count, p, count, q, count) >= 0) fault = "limit_norms";
  if (fabsl(kernels->sum(count, start) - sum) > 1e-13L * (long double)(count + 1)) fault = "sum";
  REF_NAME(release)(start, 1, count), REF_NAME(release)(g, 1, count);
  REF_NAME(release)(p, 1, count), REF_NAME(release)(q, 1, count);
  REF_NAME(release)(m, 1, count), REF_NAME(release)(v, 1, count);
  REF_NAME(release)(w, 1, count), REF_NAME(release)(ms, 1, count);
  REF_NAME(release)(vs, 1, count), REF_NAME(release)(ws, 1, count);
  return fault;
}

// What a cell is at a glance, digit by digit.
static bool REF_NAME(decimal)(const uint8_t *at, const uint8_t *end, bool plain, unsigned fraction,
                              uint64_t limit, uint64_t *number, bool *negative) {
  unsigned digits = 0, behind = 0;
  bool point = false;
  *number = 0;
  if (plain && at < end && *at == ' ') at++;
  *negative = at < end && *at == '-';
  if (at < end && (*at == '-' || *at == '+')) at++;
  for (; at < end; at++) {
    if (*at == '.' && !point) {
      point = true;
      continue;
    }
    if (*at < '0' || *at > '9') return false;
    *number = *number * 10 + (uint64_t)(*at - '0');
    digits++;
    behind += point;
    if (digits > 8) return false;
  }
  if (digits == 0 || fraction > 7 || behind > fraction) return false;
  for (; behind < fraction; behind++) *number *= 10;
  return *number <= limit && !(*negative && *number == 0);
}

// Rows of seven cells, everyday numbers and what only looks like some; the last cell ends the buffer.
const char *REF_NAME(check_decimals)(bp_variant variant) {
  enum { ROWS = 5000, CELLS = 7, LONGEST = 13, LEAD = 16 };
  const bp_kernels *kernels = bp_kernels_of(variant, REF_PRECISION);
  static const char letters[] = "0123456789012345678901234567890123456789..  -+eE1x/:";
  const char *fault = NULL;
  uint64_t state = 11;
  for (int row = 0; row < ROWS && !fault; row++) {
    uint8_t text[CELLS * (LONGEST + 1)], fractions[CELLS];
    bp_cell cells[CELLS];
    size_t length = 0;
    for (int i = 0; i < CELLS; i++) {
      const unsigned choice = (unsigned)((REF_NAME(random)(&state) + 1) * 512);
      const bool everyday = choice % 16 != 0;
      const size_t size = (everyday ? 1 + choice / 16 % 8 : choice / 16 % (LONGEST + 1));
      memset(&cells[i], 0, sizeof cells[i]);
      cells[i].form = (unsigned char)(choice % 37 == 0);
      cells[i].start = length;
      for (size_t c = 0; c < size; c++) {
        const unsigned next = (unsigned)((REF_NAME(random)(&state) + 1) * 1e6);
        text[length++] = everyday && c == 0 && next % 4 == 0    ? '-'
                         : everyday && c == size / 2 && next % 2 ? '.'
                         : everyday                              ? (uint8_t)('0' + next % 10)
                                    : (uint8_t)letters[next % (sizeof letters - 1)];
      }
      cells[i].end = length;
      if (i + 1 < CELLS) text[length++] = ',';
      fractions[i] = choice % 53 == 0 ? 255 : (uint8_t)(choice / 128 % 8);
    }
    uint8_t *memory = malloc(LEAD + length + 1);
    memset(memory, '7', LEAD + length + 1);
    memcpy(memory + LEAD, text, length);
    for (size_t first = 0; first < CELLS; first++)
      for (int wide = 0; wide < 2; wide++) {
        const uint64_t limit = wide ? UINT64_MAX : INT32_MAX;
        int32_t out[CELLS];
        memset(out, 0x55, sizeof out);
        const size_t stop = kernels->decimals(memory + LEAD, cells, first, CELLS, fractions, limit, out);
        for (size_t i = first; i < CELLS; i++) {
          uint64_t number;
          bool negative;
          const bool is_decimal =
              REF_NAME(decimal)(memory + LEAD + cells[i].start, memory + LEAD + cells[i].end,
                                cells[i].form == 0, fractions[i], limit, &number, &negative);
          if (is_decimal != (i < stop)) fault = "decimals: where they stop";
          if (!is_decimal) break;
          if (!wide && out[i] != (negative ? -(int32_t)number : (int32_t)number)) fault = "decimals";
        }
      }
    free(memory);
  }
  return fault;
}

const char *REF_NAME(check_rows)(bp_variant variant, bp_pool *pool, size_t rows, size_t columns) {
  const bp_kernels *kernels = bp_kernels_of(variant, REF_PRECISION);
  const char *fault = NULL;
  uint64_t state = rows * 37 + columns;
  const size_t ld = ref_padded(columns), ld3 = ref_padded(3 * columns);
  REF_REAL *x = REF_NAME(matrix)(rows, ld, columns, &state);
  REF_REAL *z = REF_NAME(matrix)(rows, ld3, 3 * columns, &state);
  REF_REAL *out = REF_NAME(matrix)(rows, ld, 0, NULL), *wide = REF_NAME(matrix)(rows, ld3, 0, NULL);
  REF_NAME(soil)(rows, columns, x, ld), REF_NAME(soil)(rows, 3 * columns, z, ld3);
  uint32_t *indices = calloc(rows + 1, sizeof *indices);
  for (size_t r = 0; r < rows; r++) indices[r] = (uint32_t)(r * 7 % rows);
  kernels->gather(pool, rows, columns, REF_NAME(at)(x, ld), indices, REF_NAME(at)(out, ld));
  for (size_t r = 0; r < rows; r++)
    if (memcmp(out + r * ld, x + indices[r] * ld, columns * sizeof *x) != 0) fault = "gather";
  uint8_t *bytes = calloc(rows * (columns + 3) + 1, 1);
  for (size_t i = 0; i < rows * (columns + 3); i++) bytes[i] = (uint8_t)(i * 37 + i / 256);
  for (int mode = 0; mode < 4; mode++) {
    const uint32_t *places = mode & 1 ? indices : NULL, *order = mode & 2 ? indices : NULL;
    kernels->gather_bytes(pool, (bp_rows){bytes, columns + 3, columns, places, order, rows}, 255,
                          REF_NAME(at)(out, ld));
    for (size_t r = 0; r < rows; r++)
      for (size_t j = 0; j < columns; j++) {
        size_t row = order ? order[r] : r;
        row = places ? places[row] : row;
        if (out[r * ld + j] != (REF_REAL)((double)bytes[row * (columns + 3) + j] / 255.0))
          fault = "gather_bytes";
      }
  }
  free(bytes);
  double *values = calloc(rows * columns + 16, sizeof *values);
  double *moments = calloc(5 * (ld + 16), sizeof *moments), *expected = calloc(4 * columns + 1, 8);
  double *powers = expected + columns, *missing = powers + columns, *unpacked = calloc(rows * columns + 1, 8);
  int32_t *bases = calloc(columns + 1, sizeof *bases), *stored = calloc(rows * columns + 1, 4);
  for (size_t i = 0; i < rows * columns; i++) {
    values[i] = i % 7 == 3 ? NAN : (double)(i * 7919 % 1009) / 31 - 9;
    stored[i] = (int32_t)(i * 7919 % 251) - 125;
  }
  for (size_t j = 0; j < columns; j++) {
    expected[j] = (double)j / 3 + 1;
    powers[j] = j % 2 ? 1000 : 1;
    bases[j] = (int32_t)j * 1000 - 5;
    missing[j] = j % 3 ? NAN : 11.0 + bases[j];
  }
  if (!kernels->standardize(rows, columns, (bp_matrix){values, columns}, powers, expected,
                            REF_NAME(at)(out, ld)))
    fault = "standardize: finite";
  for (size_t r = 0; r < rows; r++)
    for (size_t j = 0; j < columns; j++) {
      double value = values[r * columns + j];
      REF_REAL input = isnan(value) ? 0 : (REF_REAL)((value - powers[j]) / expected[j]);
      if (out[r * ld + j] != input) fault = "standardize";
    }
  if (rows > 0 && columns > 0) {
    values[rows * columns - 1] = INFINITY;
    if (kernels->standardize(rows, columns, (bp_matrix){values, columns}, powers, expected,
                            REF_NAME(at)(out, ld)))
      fault = "standardize: infinite";
    values[rows * columns - 1] = 1;
  }
  for (size_t width = 1; width <= 4; width *= 2) {
    int8_t *packed = calloc(rows * columns + 1, width);
    for (size_t i = 0; i < rows * columns; i++) {
      int16_t two = (int16_t)stored[i];
      if (width == 1) packed[i] = (int8_t)stored[i];
      memcpy(packed + width * i, width == 2 ? (void *)&two : (void *)&stored[i], width);
    }
    kernels->unpack_decimals(rows, columns, (bp_packing){width, bases, powers, missing},
                             (bp_matrix){packed, columns}, (bp_matrix){unpacked, columns});
    for (size_t i = 0; i < rows * columns; i++) {
      double value = (double)(stored[i] + bases[i % columns]);
      double wanted = value == missing[i % columns] ? NAN : value / powers[i % columns];
      if (!(unpacked[i] == wanted || (isnan(unpacked[i]) && isnan(wanted)))) fault = "unpack_decimals";
    }
    free(packed);
  }
  const size_t ldstate = (columns + 15) / 16 * 16;
  kernels->add_moments(rows, columns, (bp_matrix){values, columns}, (bp_matrix){moments, ldstate});
  for (size_t j = 0; j < columns; j++) {
    double n = 0, mean = 0, squares = 0;
    for (size_t r = 0; r < rows; r++) {
      double value = values[r * columns + j], difference = value - mean;
      if (isnan(value)) continue;
      n += 1;
      mean += difference / n;
      volatile double square = difference * (value - mean);  // not fused
      squares += square;
    }
    if (moments[j] != n || moments[ldstate + j] != mean || moments[2 * ldstate + j] != squares)
      fault = "add_moments";
  }
  free(values), free(moments), free(expected), free(unpacked), free(bases), free(stored);
  kernels->maxout(rows, columns, 3, REF_NAME(at)(z, ld3), REF_NAME(at)(out, ld));
  kernels->maxout_delta(rows, columns, 3, REF_NAME(at)(x, ld), REF_NAME(at)(z, ld3), REF_NAME(at)(wide, ld3));
  if (!REF_NAME(zero_padding)(rows, 3 * columns, wide, ld3)) fault = "maxout_delta: padding";
  for (size_t r = 0; r < rows; r++)
    for (size_t j = 0; j < columns; j++) {
      const REF_REAL *p = z + r * ld3 + 3 * j, *d = wide + r * ld3 + 3 * j;
      size_t best = p[1] > p[0] ? 1 : 0;
      best = p[2] > p[best] ? 2 : best;
      if (out[r * ld + j] != p[best]) fault = "maxout";
      for (size_t i = 0; i < 3; i++)
        if (d[i] != (i == best ? x[r * ld + j] : 0)) fault = "maxout_delta";
    }
  if (kernels->first_nonfinite(rows, columns, REF_NAME(at)(x, ld)) != -1) fault = "first_nonfinite: all finite";
  for (size_t i = 0; i < rows * columns; i += 1 + i / 3) {
    REF_REAL *place = x + i / columns * ld + i % columns, kept = *place;
    *place = i % 2 ? (REF_REAL)INFINITY : (REF_REAL)NAN;
    if (kernels->first_nonfinite(rows, columns, REF_NAME(at)(x, ld)) != (ptrdiff_t)i) fault = "first_nonfinite";
    *place = kept;
  }
  // Elementwise kernels: the same bits in place, at every width, as one element at a time.
  for (bp_activation f = BP_IDENTITY; f <= BP_MISH; f++) {
    for (size_t i = 0; i < rows * ld; i++) out[i] = (REF_REAL)NAN;
    kernels->activate(rows, columns, REF_NAME(at)(x, ld), f, 0.2, REF_NAME(at)(out, ld));
    for (size_t i = 0; i < rows * columns; i++) {
      REF_REAL single[16] = {x[i / columns * ld + i % columns]};
      kernels->activate(1, 1, REF_NAME(at)(single, 16), f, 0.2, REF_NAME(at)(single, 16));
      if (single[0] != out[i / columns * ld + i % columns]) fault = "activate";
    }
    const REF_REAL *kept = bp_derivative_uses_z(f) ? x : out;
    REF_REAL *d = REF_NAME(matrix)(rows, ld, 0, NULL);
    kernels->multiply_derivative(rows, columns, REF_NAME(at)(x, ld), REF_NAME(at)(kept, ld), f, 0.2, REF_NAME(at)(d, ld));
    if (!REF_NAME(zero_padding)(rows, columns, d, ld)) fault = "multiply_derivative: padding";
    for (size_t i = 0; i < rows * columns; i++) {
      size_t at = i / columns * ld + i % columns;
      REF_REAL single[16] = {kept[at]};
      kernels->multiply_derivative(1, 1, REF_NAME(at)(NULL, 0), REF_NAME(at)(single, 16), f, 0.2, REF_NAME(at)(single, 16));
      if (single[0] * x[at] != d[at]) fault = "multiply_derivative";
    }
    REF_NAME(release)(d, rows, ld);
  }
  free(indices);
  REF_NAME(release)(x, rows, ld), REF_NAME(release)(z, rows, ld3);
  REF_NAME(release)(out, rows, ld), REF_NAME(release)(wide, rows, ld3);
  return fault;
}

// FNV-1a over the bits of everything that functions and products give for a fixed set of operands:
// equal for all fused variants.
const char *REF_NAME(check_scaling)(bp_variant variant, size_t rows, size_t columns, size_t blocks) {
  const bp_kernels *kernels = bp_kernels_of(variant, REF_PRECISION);
  const bool fused = ref_fuses(variant);
  const char *fault = NULL;
  uint64_t state = rows * 37 + columns;
  const size_t ld = ref_padded(columns), half = rows / 2;
  REF_REAL *x = REF_NAME(matrix)(rows, ld, columns, &state), *from = REF_NAME(matrix)(rows, ld, columns, &state);
  REF_REAL *delta = REF_NAME(matrix)(rows, ld, columns, &state), *f = REF_NAME(matrix)(1, ld, columns, &state);
  REF_REAL *out = REF_NAME(matrix)(rows, ld, 0, NULL), *sums = REF_NAME(matrix)(1, ld, 0, NULL);
  REF_REAL *offsets = REF_NAME(matrix)(1, rows, 0, NULL);
  // Whatever stands behind the last column of x is not read.
  for (size_t r = 0; r < rows; r++)
    for (size_t j = columns; j < ld; j++) x[r * ld + j] = from[r * ld + j] = (REF_REAL)NAN;
  uint32_t *places = calloc(rows + 1, sizeof *places);
  for (size_t r = 0; r < rows; r++) places[r] = (uint32_t)(r * 7 % rows);
  for (int mode = 0; mode < 8; mode++) {
    const bool offset = mode & 1, scattered = mode & 2, parted = mode & 4;
    if (parted && blocks > 1) break;
    bp_scaling s = {rows, columns, REF_NAME(at)(x, ld), scattered ? places : NULL,
                    REF_NAME(at)(offset ? from : NULL, ld)};
    kernels->scale_columns(s, f, REF_NAME(at)(out, ld));
    if (parted) {
      // The rows of one block in two calls.
      s.rows = half;
      kernels->column_products(s, REF_NAME(at)(delta, ld), (bp_blocks){.count = 1}, sums);
      s.rows = rows - half;
      if (scattered) s.x_rows += half;
      else s.x = REF_NAME(at)(x + half * ld, ld);
      if (offset) s.from = REF_NAME(at)(from + half * ld, ld);
    }
    kernels->column_products(s, REF_NAME(at)(delta + (parted ? half * ld : 0), ld),
                             (bp_blocks){.count = blocks, .continues = parted}, sums);
    for (size_t j = 0; j < columns; j++) {
      for (size_t r = 0; r < rows; r++) {
        offsets[r] = x[(scattered ? places[r] : r) * ld + j];
        if (offset) offsets[r] -= from[r * ld + j];
        REF_REAL y = offset ? REF_NAME(muladd)(fused, f[j], offsets[r], from[r * ld + j])
                            : f[j] * offsets[r];
        if (out[r * ld + j] != y) fault = "scale_columns";
      }
      if (sums[j] != REF_NAME(sum_of_blocks)(fused, rows, blocks, 0, blocks, delta + j, ld, offsets, 1))
        fault = "column_products";
    }
    if (!REF_NAME(zero_padding)(rows, columns, out, ld)) fault = "scale_columns: padding";
    if (!REF_NAME(zero_padding)(1, columns, sums, ld)) fault = "column_products: padding";
  }
  REF_NAME(release)(x, rows, ld), REF_NAME(release)(from, rows, ld), REF_NAME(release)(delta, rows, ld);
  REF_NAME(release)(out, rows, ld), REF_NAME(release)(f, 1, ld), REF_NAME(release)(sums, 1, ld);
  REF_NAME(release)(offsets, 1, rows);
  free(places);
  return fault;
}

uint64_t REF_NAME(fingerprint)(bp_variant variant, bp_pool *pool) {
  const bp_kernels *kernels = bp_kernels_of(variant, REF_PRECISION);
  const size_t m = 70, k = 420, n = 70, lda = ref_padded(k), ldd = ref_padded(n);
  uint64_t state = 1, hash = 14695981039346656037u;
  REF_REAL *a = REF_NAME(matrix)(m, lda, k, &state);
  REF_REAL *w = REF_NAME(matrix)(5, (k + 1) * 16, (k + 1) * 16, &state);
  REF_REAL *out = REF_NAME(matrix)(m, lda, 0, NULL), *out2 = REF_NAME(matrix)(m, lda, 0, NULL);
  REF_REAL *gradient = REF_NAME(matrix)(5, (k + 1) * 16, 0, NULL);
#define HASH(x, rows, columns, ld)                                                         \
  for (size_t r = 0; r < rows; r++)                                                        \
    for (size_t j = 0; j < (columns) * sizeof(REF_REAL); j++)                              \
      hash = (hash ^ ((const unsigned char *)((x) + r * (ld)))[j]) * 1099511628211u
  for (bp_activation f = BP_IDENTITY; f <= BP_MISH; f++) {
    kernels->affine(pool, (bp_affine){.m = m, .k = k, .n = n, .a = REF_NAME(at)(a, lda), .panels = w,
                                      .activation = f, .parameter = 0.2, .z = REF_NAME(at)(out2, ldd),
                                      .out = REF_NAME(at)(out, ldd)});
    HASH(out, m, n, ldd);
    kernels->multiply_derivative(m, n, REF_NAME(at)(a, lda), REF_NAME(at)(bp_derivative_uses_z(f) ? out2 : out, ldd), f,
                                 0.2, REF_NAME(at)(out2, ldd));
    HASH(out2, m, n, ldd);
    kernels->backpropagate(
        pool, (bp_backpropagate){.m = m, .n = n, .k = k, .delta = REF_NAME(at)(out2, ldd), .panels = w,
                                 .activation = BP_TANH, .kept = REF_NAME(at)(a, lda), .out = REF_NAME(at)(out, lda)});
    HASH(out, m, k, lda);
  }
  kernels->parameter_gradient(
      pool, (bp_parameter_gradient){.m = m, .k = k, .n = n, .a = REF_NAME(at)(a, lda), .delta = REF_NAME(at)(out2, ldd),
                                    .blocks = {.count = 5}, .gradient = gradient});
  HASH(gradient, 5, (k + 1) * 16, (k + 1) * 16);
  for (bp_function f = BP_EXP; f <= BP_ERF; f++) {
    for (size_t i = 0; i < m * lda; i++) out[i] = f == BP_LOG ? 1 + a[i] : a[i] * 3 / 4;
    for (size_t i = 0; i < m * lda && f != BP_LOG1P; i += 2) out[i] *= 20;
    kernels->map(f, m * lda, out, out);
    HASH(out, m, k, lda);
  }
  kernels->softmax(m, k, REF_NAME(at)(a, lda), REF_NAME(at)(out, lda));
  HASH(out, m, k, lda);
#undef HASH
  REF_NAME(release)(a, m, lda), REF_NAME(release)(w, 5, (k + 1) * 16);
  REF_NAME(release)(out, m, lda), REF_NAME(release)(out2, m, lda);
  REF_NAME(release)(gradient, 5, (k + 1) * 16);
  return hash;
}
