// BP3 and BP4, the product that sums over the batch, in the order of bp_blocks.
//
// Loops, from the outside: threads take whole tiles; areas of the gradient, all of it if no sums of other
// blocks have to be kept meanwhile; pieces of the batch; chunks of rows, whose packed a fits the second
// cache; strips of a tile's columns; tiles; blocks. A piece is some blocks, whose sums a tile adds up
// before it leaves, or a part of a long one, in which case the next piece goes on with the sum.
#pragma once
#include "blocks.h"
#include "products.h"

enum {
  AREA_COLUMNS = 256,     // a multiple of TILE_COLUMNS
  LEVEL = BP_LEVEL,       // elements of an area that is not all
  PIECE_LEVELS = 6,       // of the tree within a piece: it has 64 blocks at most
};

// c[r][j] = levels + Σₜ a[t][r] b[t][j].
struct gradient_tile {
  const uint32_t *ends;  // of its blocks, in t
  size_t blocks;
  const real *a;  // a[t][r] = a[t · lda + r]
  size_t lda;
  // Unless NULL, where each row of a stands, and a[t][r] = rows[t][from + r].
  const real *const *rows;
  size_t from;
  const real *b;
  size_t ldb;
  bool continues;       // the first chain begins with c
  size_t levels;        // of the pieces before, those that are to be added, as bits
  const real *partial;  // level 0 of them for this tile, row by row, LEVEL to the next level
  size_t used;          // lanes of the last vector not to be zeroed, where a vector is as wide as a panel
  real *c;
  size_t ldc, c_next;
};

INLINE void run_gradient_tile(const struct gradient_tile *t, const int rows, const int vectors,
                              const bool scattered) {
  vec sums[12][TILE_VECTORS], finished[PIECE_LEVELS][12][TILE_VECTORS], b_row[TILE_VECTORS];
  const real *a = t->a, *b = t->b;
  const size_t lda = t->lda, ldb = t->ldb;
  real *c = t->c;
  for (size_t i = 0, k = 0; i < t->blocks; i++) {
    const size_t end = t->ends[i];
    if (i > 0) {
      const size_t level = level_after(i - 1);
      UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < vectors; v++) finished[level][r][v] = sums[r][v];
    }
    UNROLL for (int r = 0; r < rows; r++)
      UNROLL for (int v = 0; v < vectors; v++) sums[r][v] = splat(0);
    if (i == 0 && t->continues)
      UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < vectors; v++)
          sums[r][v] = load(c + (size_t)r * t->ldc + COLUMN(v, t->c_next));
    for (; k < end; k++) {
      if (scattered) a = t->rows[k] + t->from;
      UNROLL for (int v = 0; v < vectors; v++) b_row[v] = load(b + v * W);
      UNROLL for (int r = 0; r < rows; r++) {
        vec factor = splat(a[r]);
        UNROLL for (int v = 0; v < vectors; v++) sums[r][v] = FMA(factor, b_row[v], sums[r][v]);
      }
      if (!scattered) a += lda;
      b += ldb;
    }
    size_t level = 0;
    for (size_t left = levels_before(i, t->blocks); left > 0; left >>= 1, level++)
      if (left & 1)
        UNROLL for (int r = 0; r < rows; r++)
          UNROLL for (int v = 0; v < vectors; v++)
            sums[r][v] = finished[level][r][v] + sums[r][v];
  }
  const real *partial = t->partial;
  for (size_t left = t->levels; left > 0; left >>= 1, partial += LEVEL)
    if (left & 1)
      UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < vectors; v++)
          sums[r][v] = load(partial + (r * vectors + v) * W) + sums[r][v];
  const wordvec used = words(first_lanes(reals(~(wordvec){0}), t->used, 0));
  UNROLL for (int r = 0; r < rows; r++, c += t->ldc)
    UNROLL for (int v = 0; v < vectors; v++) {
      vec sum = sums[r][v];
      if (W == BP_PANEL && v == vectors - 1) sum = reals(words(sum) & used);
      store(c + COLUMN(v, t->c_next), sum);
    }
}

#define RUN_HEIGHT(height) \
  case height: if (TILE_ROWS >= height) run_gradient_tile(t, height, vectors, scattered); break
INLINE void run_gradient_heights(const struct gradient_tile *t, const size_t rows,
                                 const int vectors, const bool scattered) {
  switch (rows) {
    RUN_HEIGHT(1); RUN_HEIGHT(2); RUN_HEIGHT(3); RUN_HEIGHT(4); RUN_HEIGHT(5); RUN_HEIGHT(6);
    RUN_HEIGHT(7); RUN_HEIGHT(8); RUN_HEIGHT(9); RUN_HEIGHT(10); RUN_HEIGHT(11); RUN_HEIGHT(12);
  }
}
#undef RUN_HEIGHT
NOINLINE void gradient_tile(const struct gradient_tile *t, size_t rows) {
  run_gradient_heights(t, rows, TILE_VECTORS, false);
}
NOINLINE void narrow_gradient_tile(const struct gradient_tile *t, size_t rows) {
  run_gradient_heights(t, rows, 1, false);
}
NOINLINE void scattered_gradient_tile(const struct gradient_tile *t, size_t rows) {
  run_gradient_heights(t, rows, TILE_VECTORS, true);
}
NOINLINE void narrow_scattered_gradient_tile(const struct gradient_tile *t, size_t rows) {
  run_gradient_heights(t, rows, 1, true);
}

// MARK: What is fetched meanwhile

// What is fetched between tiles: a thread's share of some rows, a few lines of the cache a tile.
struct fetching {
  const bp_rows *rows;
  size_t row, row_end, byte;  // the next line, and where the share ends
  size_t lines_a_tile;
};

INLINE void fetch_some(struct fetching *f) {
  for (size_t i = f->lines_a_tile; i > 0 && f->row < f->row_end; i--) {
    const bp_rows *rows = f->rows;
    const size_t index = rows->indices ? rows->indices[f->row] : f->row;
    const size_t place = rows->places ? rows->places[index] : index;
    __builtin_prefetch((const char *)rows->source + place * rows->stride + f->byte, 0, 2);
    f->byte += 64;
    if (f->byte < rows->bytes) continue;
    f->byte = 0;
    f->row++;
  }
}

// The share of the rows ahead that one thread fetches in so many tiles.
INLINE struct fetching fetching_of(const bp_rows *rows, size_t tiles, int part, int parts) {
  if (!rows || tiles == 0) return (struct fetching){0};
  struct fetching f = {.rows = rows, .row = rows->count * (size_t)part / (size_t)parts,
                       .row_end = rows->count * ((size_t)part + 1) / (size_t)parts};
  f.lines_a_tile = ((f.row_end - f.row) * ((rows->bytes + 63) / 64) + tiles - 1) / tiles;
  return f;
}

// MARK: The gradient

// An area of the gradient, and what of the batch is added to it.
struct gradient_area {
  const bp_parameter_gradient *p;
  size_t row, row_end, column, column_end;
  bool is_bias;     // the row of the biases, which comes alone, with a one in place of a
  bool packs;
  real *scratch;    // for a of a piece, then for the levels
  // The piece: examples, where its blocks end among them, and the first chain's begin.
  size_t first, steps;
  const uint32_t *ends;
  size_t blocks;
  bool continues;
  // The pieces before it that it completes, as bits, and where the sum goes: the gradient if it is NULL.
  size_t levels;
  real *level;
};

// One strip of some rows.
INLINE void form_strip(const struct gradient_area *g, struct gradient_tile t, size_t row, size_t count,
                       size_t j, bool packed, struct fetching *f) {
  const bp_parameter_gradient *p = g->p;
  const size_t panel = (p->k + 1) * BP_PANEL, rows = g->row_end - g->row;
  const bool narrow = g->column_end - j < TILE_COLUMNS;
  // Strip after strip, row after row: two narrow ones may follow each other.
  const size_t width = narrow ? W : TILE_COLUMNS;
  const size_t place = (j - g->column) * rows + (row - g->row) * width;
  const struct tiling tiling = tiling_of(count);
  t.b = row_of(p->delta, g->first) + j;
  t.used = smaller(W, p->n - (j + width - W));
  t.partial = g->scratch + BP_MOST_PACKED + place;
  if (g->level) {
    t.c = g->level + place;
    t.ldc = width, t.c_next = BP_PANEL;
  } else {
    t.c = (real *)p->gradient + j / BP_PANEL * panel + row * BP_PANEL + j % BP_PANEL;
    t.ldc = BP_PANEL, t.c_next = panel;
  }
  for (uint32_t i = 0; i < tiling.tiles; i++) {
    const size_t h = tiling.height + (i < tiling.taller);
    fetch_some(f);
    if (packed) t.lda = h;
    if (t.rows)
      narrow ? narrow_scattered_gradient_tile(&t, h) : scattered_gradient_tile(&t, h);
    else
      narrow ? narrow_gradient_tile(&t, h) : gradient_tile(&t, h);
    t.from += h;
    t.a += packed ? h * g->steps : h;
    t.partial += h * width;
    t.c += h * t.ldc;
  }
}

// What a piece adds to the area.
static void form_piece(const struct gradient_area *g, struct fetching *f) {
  const bp_parameter_gradient *p = g->p;
  const size_t chunk = chunk_rows(g->row_end - g->row);
  const real *places[BP_LONGEST_BLOCK], *const *scattered =
      g->is_bias ? NULL : scattered_rows(p->a, p->a_rows, g->first, g->steps, places);
  struct gradient_tile t = {.ends = g->ends, .blocks = g->blocks, .ldb = p->delta.stride,
                            .continues = g->continues, .levels = g->levels};
  for (size_t row = g->row, count; row < g->row_end; row += count) {
    count = smaller(chunk, g->row_end - row);
    t.a = g->is_bias ? ones : row_of(p->a, g->first) + row;
    t.lda = g->is_bias ? 0 : p->a.stride;
    t.rows = scattered;
    t.from = row;
    if (g->packs) {
      pack_a(count, g->steps, t.a, t.lda, scattered, row, false, g->scratch);
      t.a = g->scratch;
      t.rows = NULL;
    }
    for (size_t j = g->column; j < g->column_end;) {
      form_strip(g, t, row, count, j, g->packs, f);
      j += g->column_end - j < TILE_COLUMNS ? W : TILE_COLUMNS;
    }
  }
}

// So many blocks, a power of two, make a piece: a subtree.
INLINE size_t blocks_a_piece(size_t m, size_t blocks) {
  const size_t longest = blocks == 1 ? m : (m + blocks - 1) / blocks;
  size_t together = 1;
  while (together < blocks && together < (size_t)1 << PIECE_LEVELS &&
         smaller(2 * together * longest, m) < BP_LONGEST_BLOCK)
    together *= 2;
  return together;
}

// All pieces of the batch, one after the other.
static void form_area(struct gradient_area *g, size_t together, struct fetching *f) {
  const size_t m = g->p->m, blocks = g->p->blocks.count;
  const size_t pieces = (blocks + together - 1) / together;
  uint32_t ends[1 << PIECE_LEVELS];
  g->ends = ends;
  for (size_t i = 0, end = 0; i < pieces; i++) {
    const size_t begin = end, block = i * together;
    g->blocks = smaller(together, blocks - block);
    for (size_t b = 0; b < g->blocks; b++) {
      end = block + b + 1 == blocks ? m : block_start(block + b + 1, m, blocks);
      ends[b] = (uint32_t)(end - begin);
    }
    g->level = i + 1 == pieces ? NULL : g->scratch + BP_MOST_PACKED + level_after(i) * LEVEL;
    g->continues = g->p->blocks.continues;
    // A long block is alone in its piece.
    const size_t most = bp_inner_block(end - begin);
    bool done = false;  // one turn even without examples
    for (g->first = begin; !done; g->first += g->steps, g->continues = true) {
      g->steps = smaller(most, end - g->first);
      done = g->first + g->steps == end;
      if (most < end - begin) ends[0] = (uint32_t)g->steps;
      g->levels = done ? levels_before(i, pieces) : 0;
      form_piece(g, f);
    }
  }
}

// Zeros past n in rows of the last panel, also where a times a zero of δ was NaN: what tiles leave to be
// done whose vectors are narrower than a panel.
INLINE void clear_padding(size_t rows, size_t n, real *row) {
  for (size_t r = 0; r < rows; r++, row += BP_PANEL)
    for (int v = 0; v < V; v++)
      store(row + v * W, (size_t)(v * W) < n % BP_PANEL
                             ? first_lanes(load(row + v * W), n % BP_PANEL - (size_t)(v * W), 0)
                             : splat(0));
}

// gradient[panel][i][j] = Σₓ a[x][i] δ[x][j]; row k, the bias, has a one in place of a. Panels of
// gradient are 16 columns of δ.
static void gradient_part(void *context, int part, int parts) {
  const bp_parameter_gradient *p = context;
  const size_t m = p->m, k = p->k, n = p->n, blocks = p->blocks.count;
  const size_t columns = computed_columns(n), panel = (k + 1) * BP_PANEL;
  const struct share s = share_of(k, columns, part, parts);
  const size_t rows = s.row_end - s.row, width = s.column_end - s.column;
  const bool has_biases = s.row_end == k;
  if (s.column >= s.column_end || (rows == 0 && !has_biases)) return;
  const size_t together = blocks_a_piece(m, blocks);
  // With more than one piece, the sums of an area have room at each level.
  const bool is_one = together >= blocks;
  const size_t wide = is_one ? width : smaller(width, AREA_COLUMNS);
  const size_t high = is_one ? rows : LEVEL / round_up(wide, TILE_COLUMNS);
  struct gradient_area g;
  g.p = p;
  g.is_bias = false;
  g.packs = width >= 8 * BP_PANEL && m >= 8 && rows >= 64;
  g.scratch = bp_scratch();
  const size_t tiles = (rows + TILE_ROWS - 1) / TILE_ROWS * ((width + TILE_COLUMNS - 1) / TILE_COLUMNS);
  struct fetching fetching = fetching_of(p->ahead, tiles, part, parts);
  for (g.row = s.row; g.row < s.row_end; g.row = g.row_end) {
    g.row_end = smaller(g.row + high, s.row_end);
    for (g.column = s.column; g.column < s.column_end; g.column = g.column_end) {
      g.column_end = smaller(g.column + wide, s.column_end);
      form_area(&g, together, &fetching);
    }
  }
  if (has_biases) {
    g.row = k, g.row_end = k + 1, g.is_bias = true, g.packs = false;
    for (g.column = s.column; g.column < s.column_end; g.column = g.column_end) {
      g.column_end = smaller(g.column + wide, s.column_end);
      form_area(&g, together, &fetching);
    }
  }
  if (W < BP_PANEL && s.column_end == columns && n % BP_PANEL != 0)
    clear_padding(s.row_end + has_biases - s.row, n,
                  (real *)p->gradient + n / BP_PANEL * panel + s.row * BP_PANEL);
}

// One output: the lanes are inputs, see affine_one_part. Of up to 4 vectors of them, from i on; and of
// the bias on the way, which is stored with the last ones.
INLINE void sum_inputs(const bp_parameter_gradient *p, size_t i, size_t count) {
  const size_t blocks = p->blocks.count;
  const bool is_last = i + count == p->k;
  real *out = (real *)p->gradient + i * BP_PANEL, lanes[5 * W] = {0};
  vec sums[5], levels[BP_MOST_LEVELS][MOST_SUMS];
  if (p->blocks.continues) {
    for (size_t r = 0; r < count; r++) lanes[r] = out[r * BP_PANEL];
    if (is_last) lanes[4 * W] = out[count * BP_PANEL];
  }
  for (int v = 0; v < 5; v++) sums[v] = load(lanes + v * W);
  for (size_t block = 0;; block++) {
    const size_t end = block_start(block + 1, p->m, blocks);
    for (size_t x = block_start(block, p->m, blocks); x < end; x++) {
      const vec delta = splat(row_of(p->delta, x)[0]);
      const real *inputs = row_among(p->a, p->a_rows, x) + i;
      for (int v = 0; v < 4; v++)
        if ((size_t)v * W < count) sums[v] = FMA(load(inputs + (size_t)v * W), delta, sums[v]);
      sums[4] = FMA(splat(1), delta, sums[4]);
    }
    if (add_to_tree(block, blocks, 5, sums, levels)) break;
    for (int v = 0; v < 5; v++) sums[v] = splat(0);
  }
  for (int v = 0; v < 5; v++) store(lanes + v * W, sums[v]);
  for (size_t r = 0; r < count + is_last; r++) {
    store(out + r * BP_PANEL, first_lanes(splat(lanes[r < count ? r : 4 * W]), 1, 0));
    for (int v = 1; v < V; v++) store(out + r * BP_PANEL + v * W, splat(0));
  }
}

static void gradient_one_part(void *context, int part, int parts) {
  const bp_parameter_gradient *p = context;
  const size_t k = p->k, groups = (k + W - 1) / W;
  const size_t start = groups * (size_t)part / (size_t)parts * W;
  const size_t end = smaller(k, groups * ((size_t)part + 1) / (size_t)parts * W);
  struct fetching fetching =
      fetching_of(p->ahead, (end - start + 4 * W - 1) / (4 * W), part, parts);
  for (size_t i = start, count; i < end; i += count) {
    count = smaller(4 * W, end - i);
    fetch_some(&fetching);
    sum_inputs(p, i, count);
  }
  if (k == 0 && part == 0) sum_inputs(p, 0, 0);
}

static void parameter_gradient(bp_pool *pool, bp_parameter_gradient p) {
  bp_pool_run(product_pool(pool, p.m, p.k, p.n), p.n == 1 ? gradient_one_part : gradient_part, &p);
}
