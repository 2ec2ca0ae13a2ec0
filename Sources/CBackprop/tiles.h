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
  // Unless NULL, where each row of a stands, and a(r, t) = rows[r][from + t].
  const real *const *rows;
  size_t from;
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
static const real ones[BP_PANEL] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

// Where vector v of a tile's row stands.
#define COLUMN(v, next) ((size_t)((v) * W / BP_PANEL) * (next) + (size_t)((v) * W % BP_PANEL))

INLINE void run_tile(const struct tile *t, const int rows, const int vectors, const bool by_rows,
                     const bool scattered) {
  vec sums[12][WIDE_VECTORS], b_row[WIDE_VECTORS];
  const real *a = t->a, *b = t->b;
  const size_t lda = t->lda, ldb = t->ldb, b_next = t->b_next;
  UNROLL for (int v = 0; v < vectors; v++) {
    vec first = load(t->start + COLUMN(v, t->start_next));
    UNROLL for (int r = 0; r < rows; r++) sums[r][v] = first;
  }
  // By rows, every third row has a pointer; the two after it are reached by scaled addressing.
  const real *a3 = a + 3 * lda, *a6 = a + 6 * lda, *a9 = a + 9 * lda, *row[12];
  if (scattered) UNROLL for (int r = 0; r < rows; r++) row[r] = t->rows[r] + t->from;
#pragma clang loop unroll_count(2)
  for (size_t k = 0; k < t->steps; k++) {
    UNROLL for (int v = 0; v < vectors; v++) b_row[v] = load(b + COLUMN(v, b_next));
    UNROLL for (int r = 0; r < rows; r++) {
      const real *group = r < 3 ? a : r < 6 ? a3 : r < 9 ? a6 : a9;
      vec factor = splat(!by_rows ? a[r] : scattered ? row[r][k] : group[(size_t)(r % 3) * lda]);
      UNROLL for (int v = 0; v < vectors; v++) sums[r][v] = FMA(factor, b_row[v], sums[r][v]);
    }
    if (!scattered) a += by_rows ? 1 : lda;
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

#define TILE_HEIGHTS(vectors, by_rows, scattered)                                        \
  switch (rows) {                                                                        \
    case 1: run_tile(t, 1, vectors, by_rows, scattered); break;                          \
    case 2: run_tile(t, 2, vectors, by_rows, scattered); break;                          \
    case 3: run_tile(t, 3, vectors, by_rows, scattered); break;                          \
    case 4: run_tile(t, 4, vectors, by_rows, scattered); break;                          \
    case 5: run_tile(t, 5, vectors, by_rows, scattered); break;                          \
    case 6: run_tile(t, 6, vectors, by_rows, scattered); break;                          \
    case 7: if (TILE_ROWS >= 7) run_tile(t, 7, vectors, by_rows, scattered); break;      \
    case 8: if (TILE_ROWS >= 8) run_tile(t, 8, vectors, by_rows, scattered); break;      \
    case 9: if (TILE_ROWS >= 9) run_tile(t, 9, vectors, by_rows, scattered); break;      \
    case 10: if (TILE_ROWS >= 10) run_tile(t, 10, vectors, by_rows, scattered); break;   \
    case 11: if (TILE_ROWS >= 11) run_tile(t, 11, vectors, by_rows, scattered); break;   \
    case 12: if (TILE_ROWS >= 12) run_tile(t, 12, vectors, by_rows, scattered); break;   \
  }
NOINLINE void tile_by_rows(const struct tile *t, size_t rows) {
  TILE_HEIGHTS(TILE_VECTORS, true, false)
}
NOINLINE void tile_by_columns(const struct tile *t, size_t rows) {
  TILE_HEIGHTS(TILE_VECTORS, false, false)
}
// One vector of columns: what remains at the right edge.
NOINLINE void narrow_tile_by_rows(const struct tile *t, size_t rows) {
  TILE_HEIGHTS(1, true, false)
}
NOINLINE void narrow_tile_by_columns(const struct tile *t, size_t rows) {
  TILE_HEIGHTS(1, false, false)
}
// Rows of a anywhere.
NOINLINE void scattered_tile_by_rows(const struct tile *t, size_t rows) {
  TILE_HEIGHTS(TILE_VECTORS, true, true)
}
NOINLINE void narrow_scattered_tile_by_rows(const struct tile *t, size_t rows) {
  TILE_HEIGHTS(1, true, true)
}
// One to three rows and many columns.
NOINLINE void wide_tile(const struct tile *t, size_t rows) {
  switch (rows) {
    case 1: run_tile(t, 1, WIDE_VECTORS, true, false); break;
    case 2: run_tile(t, 2, WIDE_VECTORS / 2, true, false); break;
    case 3: run_tile(t, 3, WIDE_VECTORS / 2, true, false); break;
  }
}
INLINE size_t wide_columns(size_t rows) {
  return (rows == 1 ? WIDE_VECTORS : WIDE_VECTORS / 2) * W;
}

// Rows dealt out to tiles: the first `taller` tiles have one row more than `height`.
struct tiling {
  uint32_t tiles, height, taller;
};
INLINE struct tiling tiling_of(size_t rows) {
  const uint32_t tiles = ((uint32_t)rows + TILE_ROWS - 1) / TILE_ROWS;
  if (tiles == 0) return (struct tiling){0};
  return (struct tiling){tiles, (uint32_t)rows / tiles, (uint32_t)rows % tiles};
}

// Runs the tiles of `rows` rows below each other, all of one width; a is packed, or by rows.
INLINE void sweep(struct tile t, size_t rows, bool packed, bool narrow) {
  const struct tiling tiling = tiling_of(rows);
  for (uint32_t i = 0; i < tiling.tiles; i++) {
    const size_t h = tiling.height + (i < tiling.taller);
    if (t.rows) {
      narrow ? narrow_scattered_tile_by_rows(&t, h) : scattered_tile_by_rows(&t, h);
      t.rows += h;
    } else if (packed) {
      t.lda = h;
      narrow ? narrow_tile_by_columns(&t, h) : tile_by_columns(&t, h);
      t.a += h * t.steps;
    } else {
      narrow ? narrow_tile_by_rows(&t, h) : tile_by_rows(&t, h);
      t.a += h * t.lda;
    }
    t.c += h * t.ldc;
  }
}

// MARK: Rearranging operands

#define QUAD (16 / sizeof(real))
typedef real quadvec __attribute__((ext_vector_type(16 / sizeof(real))));
typedef quadvec loosequad __attribute__((aligned(sizeof(real)), may_alias));

// The square of QUAD rows, each at its place, transposed; in double two rows.
INLINE void transpose_square(const real *r0, const real *r1, const real *r2, const real *r3,
                             real *out, size_t ldout) {
#if BP_DOUBLE
  (void)r2, (void)r3;
  quadvec a = *(const loosequad *)r0, b = *(const loosequad *)r1;
  *(loosequad *)out = __builtin_shufflevector(a, b, 0, 2);
  *(loosequad *)(out + ldout) = __builtin_shufflevector(a, b, 1, 3);
#else
  quadvec a = *(const loosequad *)r0, b = *(const loosequad *)r1;
  quadvec c = *(const loosequad *)r2, d = *(const loosequad *)r3;
  quadvec low_ab = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  quadvec high_ab = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  quadvec low_cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  quadvec high_cd = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  *(loosequad *)out = __builtin_shufflevector(low_ab, low_cd, 0, 1, 4, 5);
  *(loosequad *)(out + ldout) = __builtin_shufflevector(low_ab, low_cd, 2, 3, 6, 7);
  *(loosequad *)(out + 2 * ldout) = __builtin_shufflevector(high_ab, high_cd, 0, 1, 4, 5);
  *(loosequad *)(out + 3 * ldout) = __builtin_shufflevector(high_ab, high_cd, 2, 3, 6, 7);
#endif
}

// out[j][i] = in[i][j], [rows, columns] of in. By blocks of 128 bits, the same for all widths.
INLINE void transpose(size_t rows, size_t columns, const real *in, size_t ldin, real *out,
                      size_t ldout) {
  size_t i = 0;
  for (; i + QUAD <= rows; i += QUAD) {
    const real *block = in + i * ldin;
    size_t j = 0;
    for (; j + QUAD <= columns; j += QUAD, block += QUAD)
      transpose_square(block, block + ldin, block + 2 * ldin, block + 3 * ldin,
                       out + j * ldout + i, ldout);
    for (; j < columns; j++)
      for (size_t q = 0; q < QUAD; q++) out[j * ldout + i + q] = in[(i + q) * ldin + j];
  }
  for (; i < rows; i++)
    for (size_t j = 0; j < columns; j++) out[j * ldout + i] = in[i * ldin + j];
}
// The same of rows that stand anywhere, each from its column `from` on.
INLINE void transpose_scattered(size_t rows, size_t columns, const real *const *in, size_t from,
                                real *out, size_t ldout) {
  size_t i = 0;
  for (; i + QUAD <= rows; i += QUAD) {
    const real *row[4];
    for (size_t q = 0; q < 4; q++) row[q] = in[i + q % QUAD] + from;
    size_t j = 0;
    for (; j + QUAD <= columns; j += QUAD)
      transpose_square(row[0] + j, row[1] + j, row[2] + j, row[3] + j, out + j * ldout + i, ldout);
    for (; j < columns; j++)
      for (size_t q = 0; q < QUAD; q++) out[j * ldout + i + q] = row[q][j];
  }
  for (; i < rows; i++)
    for (size_t j = 0; j < columns; j++) out[j * ldout + i] = in[i][from + j];
}

// A block of a, [rows, steps], tile by tile as they are run, each [steps][height]. Its rows follow
// each other or, unless `scattered` is NULL, stand there from their column `from` on.
NOINLINE void pack_a(size_t rows, size_t steps, const real *a, size_t lda,
                     const real *const *scattered, size_t from, bool by_rows, real *out) {
  const struct tiling tiling = tiling_of(rows);
  size_t first = 0;  // the tile's first row
  for (uint32_t i = 0; i < tiling.tiles; i++) {
    const size_t h = tiling.height + (i < tiling.taller);
    if (by_rows && scattered) {
      transpose_scattered(h, steps, scattered + first, from, out, h);
    } else if (by_rows) {
      transpose(h, steps, a + first * lda, lda, out, h);
    } else {
      // Whole vectors: what goes too far is overwritten by the next step's, or lies in the slack.
      for (size_t k = 0; k < steps; k++) {
        const real *row = (scattered ? scattered[k] + from : a + k * lda) + first;
        for (size_t r = 0; r < h; r += W) store(out + k * h + r, load(row + r));
      }
    }
    first += h;
    out += h * steps;
  }
}
