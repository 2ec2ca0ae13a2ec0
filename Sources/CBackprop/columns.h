// Columns of tables on their way into a network: decimals unpacked, moments, standardisation. All in
// double, whatever the precision of the network, and rounded once at the end.
#pragma once
#include <string.h>

#include "internal.h"
#include "simd.h"

// D doubles a vector, P vectors to 16 columns.
enum { D = BP_VECTOR_BYTES / sizeof(double), P = BP_PANEL / D };

typedef double doubles __attribute__((ext_vector_type(BP_VECTOR_BYTES / sizeof(double))));
typedef doubles loosedoubles __attribute__((aligned(sizeof(double)), may_alias));
typedef real roundeds __attribute__((ext_vector_type(BP_VECTOR_BYTES / sizeof(double))));
typedef roundeds looseroundeds __attribute__((aligned(sizeof(real)), may_alias));

INLINE doubles load_doubles(const double *p) { return *(const loosedoubles *)p; }
INLINE void store_doubles(double *p, doubles x) { *(loosedoubles *)p = x; }

#if BP_VECTOR_BYTES >= 32 && defined(__x86_64__)
typedef uint64_t words4 __attribute__((ext_vector_type(4)));
typedef uint32_t halves8 __attribute__((ext_vector_type(8)));
typedef uint16_t quarters16 __attribute__((ext_vector_type(16)));
typedef int32_t ints4 __attribute__((ext_vector_type(4)));

#define FIRST_OUT(count) (~(uint64_t)0 << (64 - 8 * (count)))

INLINE uint64_t word_at(const uint8_t *at) {
  uint64_t word;
  memcpy(&word, at, sizeof word);
  return word;
}
#define WORDS_AT(offset)                                                                        \
  ((words4){word_at(bytes + cells[0].end + (offset)), word_at(bytes + cells[1].end + (offset)), \
            word_at(bytes + cells[2].end + (offset)), word_at(bytes + cells[3].end + (offset))})

// Four cells as bp_decimals_one_by_one reads each; false if it must.
INLINE bool four_decimals(const uint8_t *bytes, const bp_cell *cells, const uint8_t *fractions,
                          int32_t *out) {
  // Masks of the digits in a word by the size of a cell, without and with a point in it; 0 if it
  // has none or too many.
  static const uint64_t whole[16] = {0, FIRST_OUT(1), FIRST_OUT(2), FIRST_OUT(3), FIRST_OUT(4),
                                     FIRST_OUT(5), FIRST_OUT(6), FIRST_OUT(7), FIRST_OUT(8)};
  static const uint64_t split[16] = {0, 0, FIRST_OUT(1), FIRST_OUT(2), FIRST_OUT(3), FIRST_OUT(4),
                                     FIRST_OUT(5), FIRST_OUT(6), FIRST_OUT(7), FIRST_OUT(8)};
  size_t sizes[4], any = 0;
  uint64_t minus[4];
  UNROLL for (int i = 0; i < 4; i++) {
    minus[i] = bytes[cells[i].start] == '-';
    sizes[i] = (size_t)cells[i].end - (size_t)cells[i].start - minus[i];
    any |= sizes[i];
  }
  if (any > 15) return false;
  words4 near = WORDS_AT(-8), far = WORDS_AT(-9);
  words4 wholes = {whole[sizes[0]], whole[sizes[1]], whole[sizes[2]], whole[sizes[3]]};
  words4 splits = {split[sizes[0]], split[sizes[1]], split[sizes[2]], split[sizes[3]]};
  words4 negative = -(words4){minus[0], minus[1], minus[2], minus[3]};
  words4 other = near ^ BP_LANES('.');
  words4 points =
      ~(((other & BP_LANES(0x7F)) + BP_LANES(0x7F)) | other) & BP_LANES(0x80) & (wholes | splits);
  words4 behind = -(points << 1);
  words4 has_none = (words4)(points == 0);
  words4 digits = (near & (behind | has_none)) | (far & ~(behind | has_none));
  words4 mask = (wholes & has_none) | (splits & ~has_none);
  digits = (digits ^ BP_LANES('0')) & mask;
  words4 bad = ((digits + BP_LANES(0x76)) | digits) & BP_LANES(0x80);
  bad |= (words4)(mask == 0);
  // The lanes behind the point are counted, and zeros appended up to the column's fractions.
  words4 count = behind & BP_LANES(1);
  count += count >> 32;
  count += count >> 16;
  count = (count + (count >> 8)) & 0xFF;
  words4 shift = (words4){fractions[0], fractions[1], fractions[2], fractions[3]} - count;
  bad |= (words4)(shift > 7);
  shift = (shift & 7) * 8;
  words4 shifted = digits >> shift;
  bad |= (shifted << shift) ^ digits;
  quarters16 pairs = (quarters16)shifted;
  pairs = (pairs & 0xFF) * 10 + (pairs >> 8);
  halves8 fours = (halves8)pairs;
  fours = (fours & 0xFFFF) * 100 + (fours >> 16);
  words4 number = (words4)fours;
  number = (number & 0xFFFFFFFF) * 10000 + (number >> 32);
  bad |= negative & (words4)(number == 0);
  number = (number ^ negative) - negative;
  if ((bad[0] | bad[1] | bad[2] | bad[3]) != 0) return false;
  ints4 result = __builtin_convertvector(number, ints4);
  memcpy(out, &result, sizeof result);
  return true;
}
#undef WORDS_AT
#undef FIRST_OUT
#endif

static size_t decimals(const uint8_t *bytes, const bp_cell *cells, size_t first, size_t count,
                       const uint8_t *fractions, uint64_t limit, int32_t *out) {
  size_t i = first;
#if BP_VECTOR_BYTES >= 32 && defined(__x86_64__)
  for (; i + 4 <= count; i += 4) {
    if (four_decimals(bytes, cells + i, fractions + i, out + i)) continue;
    size_t stop = bp_decimals_one_by_one(bytes, cells, i, i + 4, fractions, limit, out);
    if (stop < i + 4) return stop;
  }
#endif
  return bp_decimals_one_by_one(bytes, cells, i, count, fractions, limit, out);
}

INLINE double *doubles_of(bp_matrix x, size_t row) { return (double *)x.start + row * x.stride; }

#define UNPACK(type)                                                                              \
  for (size_t r = 0; r < rows; r++) {                                                             \
    typedef type storedvec __attribute__((ext_vector_type(BP_VECTOR_BYTES / sizeof(double))));    \
    typedef int32_t intvec __attribute__((ext_vector_type(BP_VECTOR_BYTES / sizeof(double))));    \
    typedef uint32_t wordsvec __attribute__((ext_vector_type(BP_VECTOR_BYTES / sizeof(double)))); \
    const type *from = (const type *)x.start + r * x.stride;                                          \
    double *to = doubles_of(out, r);                                                              \
    size_t j = 0;                                                                                 \
    for (; j + D <= columns; j += D) {                                                            \
      storedvec stored;                                                                           \
      wordsvec base;                                                                              \
      memcpy(&stored, from + j, D * sizeof(type));                                                \
      memcpy(&base, bases + j, D * sizeof(int32_t));                                              \
      wordsvec sum = (wordsvec)__builtin_convertvector(stored, intvec) + base;                    \
      doubles value = __builtin_convertvector((intvec)sum, doubles);                              \
      doubles quotient = value / load_doubles(powers + j);                                        \
      const doubles none = __builtin_nan("");                                                     \
      store_doubles(to + j, value == load_doubles(missing + j) ? none : quotient);                \
    }                                                                                             \
    for (; j < columns; j++) {                                                                    \
      double value = (double)(int32_t)((uint32_t)(int32_t)from[j] + (uint32_t)bases[j]);          \
      to[j] = value == missing[j] ? __builtin_nan("") : value / powers[j];                        \
    }                                                                                             \
  }                                                                                               \
  break

static void unpack_decimals(size_t rows, size_t columns, bp_packing packing, bp_matrix x,
                            bp_matrix out) {
  const int32_t *bases = packing.bases;
  const double *powers = packing.powers, *missing = packing.missing;
  switch (packing.width) {
    case 1: UNPACK(int8_t);
    case 2: UNPACK(int16_t);
    default: UNPACK(int32_t);
  }
}
#undef UNPACK

// 16 columns at a time, as the means of one column are a chain of divisions.
static void add_moments(size_t rows, size_t columns, bp_matrix x, bp_matrix state) {
  for (size_t j = 0; j < columns; j += BP_PANEL) {
    double *counts = doubles_of(state, 0) + j, *means = doubles_of(state, 1) + j;
    double *squares = doubles_of(state, 2) + j, *smallest = doubles_of(state, 3) + j;
    double *largest = doubles_of(state, 4) + j;
    doubles n[P], mean[P], square[P];
    UNROLL for (int v = 0; v < P; v++) {
      n[v] = load_doubles(counts + v * D);
      mean[v] = load_doubles(means + v * D);
      square[v] = load_doubles(squares + v * D);
    }
    for (size_t r = 0; r < rows; r++) {
      UNROLL for (int v = 0; v < P; v++) {
        doubles value = load_doubles(doubles_of(x, r) + j + v * D);
        doubles next = n[v] + 1;
        doubles difference = value - mean[v];
        doubles moved = mean[v] + difference / next;
        doubles grown = square[v] + difference * (value - moved);
        n[v] = value == value ? next : n[v];
        mean[v] = value == value ? moved : mean[v];
        square[v] = value == value ? grown : square[v];
      }
    }
    UNROLL for (int v = 0; v < P; v++) {
      store_doubles(counts + v * D, n[v]);
      store_doubles(means + v * D, mean[v]);
      store_doubles(squares + v * D, square[v]);
    }
    doubles low[P], high[P];
    UNROLL for (int v = 0; v < P; v++) {
      low[v] = load_doubles(smallest + v * D);
      high[v] = load_doubles(largest + v * D);
    }
    for (size_t r = 0; r < rows; r++) {
      UNROLL for (int v = 0; v < P; v++) {
        doubles value = load_doubles(doubles_of(x, r) + j + v * D);
        low[v] = value < low[v] ? value : low[v];
        high[v] = value > high[v] ? value : high[v];
      }
    }
    UNROLL for (int v = 0; v < P; v++) {
      store_doubles(smallest + v * D, low[v]);
      store_doubles(largest + v * D, high[v]);
    }
  }
}

static bool standardize(size_t rows, size_t columns, bp_matrix x, const double *means,
                        const double *deviations, bp_matrix out) {
  // What is infinite or NaN gives NaN when multiplied by 0, and a sum keeps it.
  roundeds probes = 0;
  real probe = 0;
  for (size_t r = 0; r < rows; r++) {
    const double *from = doubles_of(x, r);
    real *to = row_of(out, r);
    size_t j = 0;
    for (; j + D <= columns; j += D) {
      doubles value = load_doubles(from + j);
      doubles quotient = (value - load_doubles(means + j)) / load_doubles(deviations + j);
      roundeds input = __builtin_convertvector(value == value ? quotient : (doubles)0.0, roundeds);
      *(looseroundeds *)(to + j) = input;
      probes += input * (roundeds)0;
    }
    for (; j < columns; j++) {
      real input = from[j] == from[j] ? (real)((from[j] - means[j]) / deviations[j]) : 0;
      to[j] = input;
      probe += input * 0;
    }
  }
  for (int i = 0; i < D; i++) probe += probes[i];
  return probe == 0;
}
