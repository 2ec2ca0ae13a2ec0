// Rows of bytes, such as the pixels of images, which become numbers only in the batch that is read.
#pragma once
#include "rows.h"

struct byte_gathering {
  bp_rows rows;
  real divisor;
  bp_matrix out;
};

INLINE const uint8_t *byte_row(const bp_rows *rows, size_t i) {
  size_t position = rows->indices ? rows->indices[i] : i;
  return (const uint8_t *)rows->source +
         (rows->places ? rows->places[position] : position) * rows->stride;
}

static void gather_bytes_part(void *context, int part, int parts) {
  typedef uint8_t bytevec __attribute__((ext_vector_type(BP_VECTOR_BYTES / sizeof(real))));
  typedef bytevec loosebytes __attribute__((aligned(1), may_alias));
  const struct byte_gathering *g = context;
  const vec divisor = splat(g->divisor);
  const size_t columns = g->rows.bytes;
  size_t end = g->rows.count * ((size_t)part + 1) / (size_t)parts;
  for (size_t i = g->rows.count * (size_t)part / (size_t)parts; i < end; i++) {
    if (i + 3 < end) {
      const uint8_t *next = byte_row(&g->rows, i + 3);
      for (size_t j = 0; j < columns; j += 64) __builtin_prefetch(next + j);
    }
    const uint8_t *row = byte_row(&g->rows, i);
    real *out = row_of(g->out, i);
    size_t j = 0;
    for (; j + W <= columns; j += W) {
      bytevec bytes = *(const loosebytes *)(row + j);
      store(out + j, __builtin_convertvector(bytes, vec) / divisor);
    }
    for (; j < columns; j++) out[j] = (real)row[j] / g->divisor;
  }
}
static void gather_bytes(bp_pool *pool, bp_rows rows, double divisor, bp_matrix out) {
  struct byte_gathering g = {rows, (real)divisor, out};
  bp_pool_run(rows.count * rows.bytes < GATHER_SHARE ? NULL : pool, gather_bytes_part, &g);
}
