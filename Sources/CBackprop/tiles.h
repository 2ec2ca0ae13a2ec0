// The micro-kernel: a tile of the product, held in registers.
//
// A tile is some rows by TILE_VECTORS vectors of columns. Every element of it is one chain of fused
// multiply-adds in ascending inner index, in every tile of every size, so how a matrix is cut into
// tiles changes no bit. Rows are dealt out evenly (13 rows are 5 + 4 + 4, not 6 + 6 + 1), so each
// height up to TILE_ROWS has its own code.
#pragma once
#include "activations.h"

// 16 registers: 6 × 2 sums, 2 columns of b and a factor. 32 registers: more rows, or more columns.
#ifndef TILE_ROWS
#define TILE_ROWS 6
#endif
#ifndef TILE_VECTORS
#define TILE_VECTORS 2
#endif

enum {
  TILE_COLUMNS = TILE_VECTORS * W,
  WIDE_VECTORS = 8,  // for one row: so many chains hide the latency of an addition
  MOST_WIDE_ROWS = 3,
};

// c[r][j] = start[j] + Σₜ a(r, t) b[t][j], or c[r][j] += Σₜ …; then not below `floor`.
// Columns run through panels of 16; `…_next` is the way from a panel to the next one.
struct tile {
  size_t steps;
  const real *a;  // a(r, t) = a[r · lda + t] by rows, a[t · lda + r] by columns
  size_t lda;
  const real *b;
  size_t ldb, b_next;
  const real *start;
  size_t start_next;
  bool add;  // c += sum, start is zero
  real floor;
  real *c;
  size_t ldc, c_next;
};

static const real zeros[BP_PANEL] __attribute__((aligned(64)));
static const real one = 1;

// Where vector v of a tile's row stands.
#define COLUMN(v, next) ((size_t)((v) * W / BP_PANEL) * (next) + (size_t)((v) * W % BP_PANEL))

INLINE void run_tile(const struct tile *t, const int rows, const int vectors, const bool by_rows) {
  vec sums[12][WIDE_VECTORS], b_row[WIDE_VECTORS];
  const real *a = t->a, *b = t->b;
  const size_t lda = t->lda, ldb = t->ldb, b_next = t->b_next;
  UNROLL for (int v = 0; v < vectors; v++) {
    vec first = load(t->start + COLUMN(v, t->start_next));
    UNROLL for (int r = 0; r < rows; r++) sums[r][v] = first;
  }
  // By rows, every third row has a pointer; the two after it are reached by scaled addressing.
  const real *a3 = a + 3 * lda, *a6 = a + 6 * lda, *a9 = a + 9 * lda;
#pragma clang loop unroll_count(2)
  for (size_t k = t->steps; k > 0; k--) {
    UNROLL for (int v = 0; v < vectors; v++) b_row[v] = load(b + COLUMN(v, b_next));
    UNROLL for (int r = 0; r < rows; r++) {
      const real *group = r < 3 ? a : r < 6 ? a3 : r < 9 ? a6 : a9;
      vec factor = splat(by_rows ? group[(size_t)(r % 3) * lda] : a[r]);
      UNROLL for (int v = 0; v < vectors; v++) sums[r][v] = FMA(factor, b_row[v], sums[r][v]);
    }
    a += by_rows ? 1 : lda;
    if (by_rows) a3++, a6++, a9++;
    b += ldb;
  }
  real *c = t->c;
  UNROLL for (int r = 0; r < rows; r++, c += t->ldc)
    UNROLL for (int v = 0; v < vectors; v++) {
      real *place = c + COLUMN(v, t->c_next);
      vec sum = sums[r][v];
      if (t->add) sum = load(place) + sum;
      store(place, at_least(sum, t->floor));
    }
}

#define TILE_HEIGHTS(vectors, by_rows)                                  \
  switch (rows) {                                                       \
    case 1: run_tile(t, 1, vectors, by_rows); break;                    \
    case 2: run_tile(t, 2, vectors, by_rows); break;                    \
    case 3: run_tile(t, 3, vectors, by_rows); break;                    \
    case 4: run_tile(t, 4, vectors, by_rows); break;                    \
    case 5: run_tile(t, 5, vectors, by_rows); break;                    \
    case 6: run_tile(t, 6, vectors, by_rows); break;                    \
    case 7: if (TILE_ROWS >= 7) run_tile(t, 7, vectors, by_rows); break;    \
    case 8: if (TILE_ROWS >= 8) run_tile(t, 8, vectors, by_rows); break;    \
    case 9: if (TILE_ROWS >= 9) run_tile(t, 9, vectors, by_rows); break;    \
    case 10: if (TILE_ROWS >= 10) run_tile(t, 10, vectors, by_rows); break; \
    case 11: if (TILE_ROWS >= 11) run_tile(t, 11, vectors, by_rows); break; \
    case 12: if (TILE_ROWS >= 12) run_tile(t, 12, vectors, by_rows); break; \
  }
NOINLINE void tile_by_rows(const struct tile *t, size_t rows) {
  TILE_HEIGHTS(TILE_VECTORS, true)
}
NOINLINE void tile_by_columns(const struct tile *t, size_t rows) {
  TILE_HEIGHTS(TILE_VECTORS, false)
}
// One vector of columns: what remains at the right edge.
NOINLINE void narrow_tile_by_rows(const struct tile *t, size_t rows) { TILE_HEIGHTS(1, true) }
NOINLINE void narrow_tile_by_columns(const struct tile *t, size_t rows) { TILE_HEIGHTS(1, false) }
// One to three rows and many columns.
NOINLINE void wide_tile(const struct tile *t, size_t rows) {
  switch (rows) {
    case 1: run_tile(t, 1, WIDE_VECTORS, true); break;
    case 2: run_tile(t, 2, WIDE_VECTORS / 2, true); break;
    case 3: run_tile(t, 3, WIDE_VECTORS / 2, true); break;
  }
}
INLINE size_t wide_columns(size_t rows) {
  return (rows == 1 ? WIDE_VECTORS : WIDE_VECTORS / 2) * W;
}

// What is fetched between tiles: a thread's share of some rows, a few lines of the cache a tile.
struct fetching {
  const bp_rows *rows;
  size_t row, row_end, byte;  // the next line, and where the share ends
  size_t lines_a_tile;
};

INLINE void fetch_some(struct fetching *f) {
  for (size_t i = f->lines_a_tile; i > 0 && f->row < f->row_end; i--) {
    const bp_rows *rows = f->rows;
    const size_t index = rows->indices[f->row], place = rows->places ? rows->places[index] : index;
    __builtin_prefetch((const char *)rows->source + place * rows->stride + f->byte, 0, 2);
    f->byte += 64;
    if (f->byte < rows->bytes) continue;
    f->byte = 0;
    f->row++;
  }
}

typedef enum a_order { A_BY_ROWS, A_BY_COLUMNS, A_PACKED } a_order;

// Runs the tiles of `rows` rows below each other, all of one width.
INLINE void sweep(struct tile t, size_t rows, a_order order, bool narrow, struct fetching *f) {
  uint32_t tiles = ((uint32_t)rows + TILE_ROWS - 1) / TILE_ROWS;
  if (tiles == 0) return;
  uint32_t height = (uint32_t)rows / tiles, taller = (uint32_t)rows % tiles;
  for (uint32_t i = 0; i < tiles; i++) {
    size_t h = height + (i < taller);
    if (f) fetch_some(f);
    if (order == A_PACKED) t.lda = h;
    if (order == A_BY_ROWS)
      narrow ? narrow_tile_by_rows(&t, h) : tile_by_rows(&t, h);
    else
      narrow ? narrow_tile_by_columns(&t, h) : tile_by_columns(&t, h);
    t.a += order == A_BY_ROWS ? h * t.lda : order == A_BY_COLUMNS ? h : h * t.steps;
    t.c += h * t.ldc;
  }
}

// MARK: Rearranging operands

#define QUAD (16 / sizeof(real))
typedef real quadvec __attribute__((ext_vector_type(16 / sizeof(real))));
typedef quadvec loosequad __attribute__((aligned(sizeof(real)), may_alias));

// out[j][i] = in[i][j], [rows, columns] of in. By blocks of 128 bits, the same for all widths.
INLINE void transpose(size_t rows, size_t columns, const real *in, size_t ldin, real *out,
                      size_t ldout) {
  size_t i = 0;
  for (; i + QUAD <= rows; i += QUAD) {
    const real *block = in + i * ldin;
    size_t j = 0;
    for (; j + QUAD <= columns; j += QUAD, block += QUAD) {
      real *place = out + j * ldout + i;
#if BP_DOUBLE
      quadvec r0 = *(const loosequad *)block, r1 = *(const loosequad *)(block + ldin);
      *(loosequad *)place = __builtin_shufflevector(r0, r1, 0, 2);
      *(loosequad *)(place + ldout) = __builtin_shufflevector(r0, r1, 1, 3);
#else
      quadvec r0 = *(const loosequad *)block, r1 = *(const loosequad *)(block + ldin);
      quadvec r2 = *(const loosequad *)(block + 2 * ldin);
      quadvec r3 = *(const loosequad *)(block + 3 * ldin);
      quadvec low01 = __builtin_shufflevector(r0, r1, 0, 4, 1, 5);
      quadvec high01 = __builtin_shufflevector(r0, r1, 2, 6, 3, 7);
      quadvec low23 = __builtin_shufflevector(r2, r3, 0, 4, 1, 5);
      quadvec high23 = __builtin_shufflevector(r2, r3, 2, 6, 3, 7);
      *(loosequad *)place = __builtin_shufflevector(low01, low23, 0, 1, 4, 5);
      *(loosequad *)(place + ldout) = __builtin_shufflevector(low01, low23, 2, 3, 6, 7);
      *(loosequad *)(place + 2 * ldout) = __builtin_shufflevector(high01, high23, 0, 1, 4, 5);
      *(loosequad *)(place + 3 * ldout) = __builtin_shufflevector(high01, high23, 2, 3, 6, 7);
#endif
    }
    for (; j < columns; j++)
      for (size_t q = 0; q < QUAD; q++) out[j * ldout + i + q] = in[(i + q) * ldin + j];
  }
  for (; i < rows; i++)
    for (size_t j = 0; j < columns; j++) out[j * ldout + i] = in[i * ldin + j];
}

// A block of a, [rows, steps], as `sweep` reads it: tile by tile, each [steps][height].
NOINLINE void pack_a(size_t rows, size_t steps, const real *a, size_t lda, bool by_rows,
                     real *out) {
  uint32_t tiles = ((uint32_t)rows + TILE_ROWS - 1) / TILE_ROWS;
  if (tiles == 0) return;
  uint32_t height = (uint32_t)rows / tiles, taller = (uint32_t)rows % tiles;
  for (uint32_t i = 0; i < tiles; i++) {
    size_t h = height + (i < taller);
    if (by_rows) {
      transpose(h, steps, a, lda, out, h);
      a += h * lda;
    } else {
      // Whole vectors: what goes too far is overwritten by the next step's, or lies in the slack.
      for (size_t t = 0; t < steps; t++)
        for (size_t r = 0; r < h; r += W) store(out + t * h + r, load(a + t * lda + r));
      a += h;
    }
    out += h * steps;
  }
}
