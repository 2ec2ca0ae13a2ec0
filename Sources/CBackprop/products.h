// The two products of a layer: forward and BP2. That of BP3 with BP4 stands in gradient.h.
//
// Loops, from the outside: threads take whole output tiles; blocks of the inner index; chunks of rows
// whose packed a fits the second cache; tiles' columns, whose b block fits the first; tiles' rows.
#pragma once
#include "tiles.h"

enum {
  CHUNK_ROWS = 192,            // a multiple of every tile's height
  ALONE_BELOW_FLOPS = 400000,  // less work than this is not worth a hand-off
};

// The rows and columns of the output that one thread computes.
struct share {
  size_t row, row_end, column, column_end;
};

// Splits by columns, in steps of a tile or of a panel, or by rows, whichever leaves the smallest
// largest share. Columns come first where it makes little difference: then a thread meets the same
// panels forward, in their gradient and in their update, and they stay in its cache.
INLINE struct share share_of(size_t rows, size_t columns, int part, int parts) {
  struct share s = {0, rows, 0, columns};
  if (parts == 1) return s;
  size_t count = (size_t)parts, index = (size_t)part;
  size_t step = TILE_COLUMNS > BP_PANEL ? TILE_COLUMNS : BP_PANEL;
  size_t by_columns = (columns + count * step - 1) / (count * step) * step;
  const size_t by_panels = (columns + count * BP_PANEL - 1) / (count * BP_PANEL) * BP_PANEL;
  if (by_panels < by_columns) step = BP_PANEL, by_columns = by_panels;
  const size_t units = (columns + step - 1) / step;
  const size_t by_rows = (rows + count - 1) / count * columns;
  if (by_columns * rows <= by_rows + by_rows / 16) {
    s.column = smaller(columns, units * index / count * step);
    s.column_end = smaller(columns, units * (index + 1) / count * step);
  } else {
    s.row = rows * index / count;
    s.row_end = rows * (index + 1) / count;
  }
  return s;
}

// The pool that a product of m examples is worth: a function of its shape alone.
INLINE bp_pool *product_pool(bp_pool *pool, size_t m, size_t k, size_t n) {
  return 2 * m * k * n < ALONE_BELOW_FLOPS ? NULL : pool;
}

// Columns to compute for n used ones: half of the last panel, where a vector is no wider, and no more.
INLINE size_t computed_columns(size_t n) { return round_up(n, W > 8 ? W : 8); }

// Chunks of rows are dealt out evenly too.
INLINE size_t chunk_rows(size_t rows) {
  size_t chunks = (rows + CHUNK_ROWS - 1) / CHUNK_ROWS;
  return chunks <= 1 ? rows : round_up((rows + chunks - 1) / chunks, TILE_ROWS);
}

// Row r of a, some of whose rows are the operand.
INLINE const real *row_among(bp_matrix a, const uint32_t *rows, size_t r) {
  return row_of(a, rows ? rows[r] : r);
}

// Where so many rows of a stand, if they do not follow one another; else NULL.
INLINE const real *const *scattered_rows(bp_matrix a, const uint32_t *rows, size_t first,
                                         size_t count, const real **places) {
  if (!rows) return NULL;
  for (size_t r = 0; r < count; r++) places[r] = row_among(a, rows, first + r);
  return places;
}

// MARK: Forward

// z = a Wᵀ + b, out = σ(z): a [m, k], b panels of [n, k] with biases, out [m, n].
static void affine_part(void *context, int part, int parts) {
  const bp_affine *p = context;
  const size_t k = p->k, panel = (k + 1) * BP_PANEL, block = bp_inner_block(k);
  const struct share s = share_of(p->m, computed_columns(p->n), part, parts);
  const size_t rows = s.row_end - s.row, chunk = chunk_rows(rows);
  const bool pack = rows >= 96 && s.column_end - s.column >= 16 * BP_PANEL && k >= 256;
  const bool fused = p->activation == BP_RELU && !p->z.start;
  const real *places[CHUNK_ROWS], *panels = p->panels;
  const bp_matrix c = p->z.start ? p->z : p->out;
  if (s.column >= s.column_end || rows == 0) return;
  bool last = false;  // one block even if k is 0
  for (size_t first = 0, steps; !last; first += steps) {
    steps = smaller(block, k - first);
    last = first + steps >= k;
    for (size_t row = s.row; row < s.row_end; row += chunk) {
      const size_t height = smaller(chunk, s.row_end - row);
      struct tile t = {
        .steps = steps, .a = row_of(p->a, row) + first, .lda = p->a.stride,
        .rows = scattered_rows(p->a, p->a_rows, row, height, places), .from = first, .ldb = BP_PANEL,
        .b_next = panel, .start_next = first == 0 ? panel : 0, .add = first > 0,
        .floor = fused && last ? 0 : -INFINITE, .ldc = c.stride, .c_next = BP_PANEL};
      if (pack) {
        real *packed = bp_scratch();
        pack_a(height, steps, t.a, t.lda, t.rows, first, true, packed);
        t.a = packed;
        t.rows = NULL;
      }
      for (size_t j = s.column, width; j < s.column_end; j += width) {
        const real *w = panels + j / BP_PANEL * panel + j % BP_PANEL;
        const size_t left = s.column_end - j;
        t.b = w + first * BP_PANEL;
        t.start = first == 0 ? w + k * BP_PANEL : zeros;
        t.c = row_of(c, row) + j;
        if (!pack && !t.rows && height <= MOST_WIDE_ROWS && left >= wide_columns(height)) {
          width = wide_columns(height);
          wide_tile(&t, height);
        } else if (left >= TILE_COLUMNS) {
          width = TILE_COLUMNS;
          sweep(t, height, pack, false);
        } else {
          width = W;
          sweep(t, height, pack, true);
        }
        if (last && !fused && (p->z.start != p->out.start || p->activation != BP_IDENTITY))
          activate(height, width, matrix(t.c, c.stride), p->activation, p->parameter,
                   matrix(row_of(p->out, row) + j, p->out.stride));
      }
    }
  }
}

// One output: a panel would be computed for one of its columns, so the lanes are rows instead. Every
// element is the same chain as in a tile.
static void affine_one_part(void *context, int part, int parts) {
  const bp_affine *p = context;
  const size_t k = p->k, block = bp_inner_block(k);
  const size_t row_end = p->m * ((size_t)part + 1) / (size_t)parts;
  const bp_matrix c = p->z.start ? p->z : p->out;
  real *columns = bp_scratch(), lanes[W];
  const real *places[W], *panel = p->panels;
  for (size_t row = p->m * (size_t)part / (size_t)parts, height; row < row_end; row += height) {
    height = smaller(W, row_end - row);
    const real *const *scattered = scattered_rows(p->a, p->a_rows, row, height, places);
    vec sum = splat(panel[k * BP_PANEL]);
    for (size_t first = 0, steps; first < k; first += steps) {
      steps = smaller(block, k - first);
      if (scattered)
        transpose_scattered(height, steps, scattered, first, columns, W);
      else
        transpose(height, steps, row_of(p->a, row) + first, p->a.stride, columns, W);
      const real *w = panel + first * BP_PANEL;
      vec chain = first == 0 ? sum : splat(0);
      for (size_t t = 0; t < steps; t++)
        chain = FMA(load(columns + t * W), splat(w[t * BP_PANEL]), chain);
      sum = first == 0 ? chain : sum + chain;
    }
    store(lanes, sum);
    for (size_t r = 0; r < height; r++)
      store(row_of(c, row + r), first_lanes(splat(lanes[r]), 1, 0));
    if (p->z.start != p->out.start || p->activation != BP_IDENTITY)
      activate(height, W, matrix(row_of(c, row), c.stride), p->activation, p->parameter,
               matrix(row_of(p->out, row), p->out.stride));
  }
}

static void affine(bp_pool *pool, bp_affine p) {
  bp_pool_run(product_pool(pool, p.m, p.k, p.n), p.n == 1 && p.m >= 8 ? affine_one_part : affine_part,
              &p);
}

// MARK: BP2

// out = (δ W) ⊙ σ′: a = δ [m, n], b panels of [n, k], out [m, k]. The inner index is n, so blocks of
// panels are transposed to [n][columns of the tile].
static void backpropagate_part(void *context, int part, int parts) {
  const bp_backpropagate *p = context;
  const size_t n = p->n, k = p->k, panel = (k + 1) * BP_PANEL, block = bp_inner_block(n);
  const struct share s = share_of(p->m, computed_columns(k), part, parts);
  const size_t rows = s.row_end - s.row, chunk = chunk_rows(rows);
  const bool pack = rows >= 96 && s.column_end - s.column >= 16 * BP_PANEL && n >= 256;
  const bool kept = p->kept.start != NULL;
  if (s.column >= s.column_end || rows == 0) return;
  const real *panels = p->panels;
  real *transposed = bp_scratch(), *packed = transposed + BP_LONGEST_BLOCK * TILE_COLUMNS;
  bool last = false;  // one block even if n is 0
  for (size_t first = 0, steps; !last; first += steps) {
    steps = smaller(block, n - first);
    last = first + steps >= n;
    for (size_t row = s.row; row < s.row_end; row += chunk) {
      const size_t height = smaller(chunk, s.row_end - row);
      struct tile t = {
        .steps = steps, .a = row_of(p->delta, row) + first, .lda = p->delta.stride, .b = transposed,
        .b_next = BP_PANEL, .start = zeros, .add = first > 0, .floor = -INFINITE,
        .ldc = p->out.stride, .c_next = BP_PANEL};
      if (pack) {
        pack_a(height, steps, t.a, t.lda, NULL, 0, true, packed);
        t.a = packed;
      }
      for (size_t j = s.column, width; j < s.column_end; j += width) {
        width = s.column_end - j >= TILE_COLUMNS ? TILE_COLUMNS : W;
        const size_t used = j < k ? smaller(width, k - j) : 0;
        t.ldb = width;
        t.c = row_of(p->out, row) + j;
        for (size_t i = 0; i < steps; i += BP_PANEL)
          transpose(used, smaller(BP_PANEL, steps - i),
                    panels + (first + i) / BP_PANEL * panel + j * BP_PANEL, BP_PANEL,
                    transposed + i * width, width);
        for (size_t i = 0; used < width && i < steps; i++)
          for (size_t c = used; c < width; c++) transposed[i * width + c] = 0;
        sweep(t, height, pack, width != TILE_COLUMNS);
        if (last && (p->activation != BP_IDENTITY || used < width))
          multiply_derivative_to(width, height, used, matrix(t.c, t.ldc),
                                 matrix(kept ? row_of(p->kept, row) + j : NULL, p->kept.stride),
                                 p->activation, p->parameter, matrix(t.c, t.ldc));
      }
    }
  }
  // The half of the last panel that was not computed.
  if (s.column_end != computed_columns(k)) return;
  for (size_t j = s.column_end; j < round_up(k, BP_PANEL); j += W)
    for (size_t r = s.row; r < s.row_end; r++) store(row_of(p->out, r) + j, splat(0));
}

static void backpropagate(bp_pool *pool, bp_backpropagate p) {
  bp_pool_run(product_pool(pool, p.m, p.k, p.n), backpropagate_part, &p);
}

// MARK: Import and export

static void pack(size_t k, size_t n, const void *weights, const void *biases, void *panels) {
  const real *w = weights, *b = biases;
  for (size_t j = 0; j < round_up(n, BP_PANEL); j++) {
    real *column = (real *)panels + j / BP_PANEL * (k + 1) * BP_PANEL + j % BP_PANEL;
    for (size_t i = 0; i < k; i++) column[i * BP_PANEL] = j < n ? w[j * k + i] : 0;
    column[k * BP_PANEL] = j < n && b ? b[j] : 0;
  }
}

static void unpack(size_t k, size_t n, const void *panels, void *weights, void *biases) {
  real *w = weights, *b = biases;
  for (size_t j = 0; j < n; j++) {
    const real *column = (const real *)panels + j / BP_PANEL * (k + 1) * BP_PANEL + j % BP_PANEL;
    for (size_t i = 0; i < k; i++) w[j * k + i] = column[i * BP_PANEL];
    if (b) b[j] = column[k * BP_PANEL];
  }
}
