// Rows of bytes, such as the pixels of images, which become numbers only in the batch that is read.
#pragma once
#include "rows.h"

struct byte_gathering {
  size_t count, columns;
  const uint8_t *source;
  size_t ldsource;
  const uint32_t *places, *indices;
  real divisor;
  real *out;
  size_t ldout;
};

INLINE const uint8_t *byte_row(const struct byte_gathering *g, size_t i) {
  size_t position = g->indices ? g->indices[i] : i;
  return g->source + (g->places ? g->places[position] : position) * g->ldsource;
}

static void gather_bytes_part(void *context, int part, int parts) {
  typedef uint8_t bytevec __attribute__((ext_vector_type(BP_VECTOR_BYTES / sizeof(real))));
  typedef bytevec loosebytes __attribute__((aligned(1), may_alias));
  const struct byte_gathering *g = context;
  const vec divisor = splat(g->divisor);
  size_t end = g->count * ((size_t)part + 1) / (size_t)parts;
  for (size_t i = g->count * (size_t)part / (size_t)parts; i < end; i++) {
    if (i + 3 < end) {
      const uint8_t *next = byte_row(g, i + 3);
      for (size_t j = 0; j < g->columns; j += 64) __builtin_prefetch(next + j);
    }
    const uint8_t *row = byte_row(g, i);
    real *out = g->out + i * g->ldout;
    size_t j = 0;
    for (; j + W <= g->columns; j += W) {
      bytevec bytes = *(const loosebytes *)(row + j);
      store(out + j, __builtin_convertvector(bytes, vec) / divisor);
    }
    for (; j < g->columns; j++) out[j] = (real)row[j] / g->divisor;
  }
}
static void gather_bytes(bp_pool *pool, size_t count, size_t columns, const uint8_t *source,
                         size_t ldsource, const uint32_t *places, const uint32_t *indices,
                         real divisor, real *out, size_t ldout) {
  struct byte_gathering g = {count, columns, source, ldsource, places, indices, divisor, out, ldout};
  bp_pool_run(count * columns < GATHER_SHARE ? NULL : pool, gather_bytes_part, &g);
}
