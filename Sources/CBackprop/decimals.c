// Everyday decimal numbers of delimited text, read as whole multiples of a power of ten: no division,
// no loop over digits and one branch a cell; and the columns of such multiples, packed.
#include <string.h>

#include "internal.h"

static inline uint64_t load(const uint8_t *at) {
  uint64_t word;
  memcpy(&word, at, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  word = __builtin_bswap64(word);
#endif
  return word;
}

// The last 0 … 8 lanes of a word, which are its top bits. A table, as shifts by a variable are slow.
static const uint64_t last_lanes[16] = {
    0, (uint64_t)0xFF << 56, (uint64_t)0xFFFF << 48, (uint64_t)0xFFFFFF << 40,
    (uint64_t)0xFFFFFFFF << 32, (uint64_t)0xFFFFFFFFFF << 24, (uint64_t)0xFFFFFFFFFFFF << 16,
    (uint64_t)0xFFFFFFFFFFFFFF << 8, ~(uint64_t)0, ~(uint64_t)0};

size_t bp_decimals_one_by_one(const uint8_t *bytes, const bp_cell *cells, size_t first, size_t count,
                                const uint8_t *fractions, uint64_t limit, int32_t *out) {
  static const uint32_t powers[8] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};
  for (size_t i = first; i < count; i++) {
    size_t start = (size_t)cells[i].start;
    start += (bytes[start] == ' ') & (cells[i].form == 0);
    bool is_negative = bytes[start] == '-';
    size_t size = (size_t)cells[i].end - start - (is_negative | (bytes[start] == '+'));
    // The cell's last bytes, and the same one byte further ahead.
    const uint8_t *end = bytes + cells[i].end;
    uint64_t near = load(end - 8), far = load(end - 9);
    // The top bit of each lane that holds a point, without a carry from lane to lane.
    uint64_t other = near ^ BP_LANES('.');
    uint64_t points = ~(((other & BP_LANES(0x7F)) + BP_LANES(0x7F)) | other) & BP_LANES(0x80) &
                      last_lanes[size & 15];
    // The digits without the point: those behind it where they are, those in front one lane on. Of
    // two points one stays, and is no digit.
    uint64_t behind = -(points << 1);
    uint64_t digits = points != 0 ? (near & behind) | (far & ~behind) : near;
    size_t fraction = points != 0 ? 7 - (size_t)__builtin_ctzll(points) / 8 : 0;
    size_t length = size - (points != 0);
    digits = (digits ^ BP_LANES('0')) & last_lanes[length & 15];
    uint64_t no_digits = ((digits + BP_LANES(0x76)) | digits) & BP_LANES(0x80);
    // Pairs, fours, eights (Lemire 2018, "Quickly parsing eight digits", lemire.me/blog).
    const uint64_t pairs = 0x000000FF000000FF;
    uint64_t lanes = digits * 10 + (digits >> 8);
    uint64_t number = ((lanes & pairs) * (100 + ((uint64_t)1000000 << 32)) +
                       ((lanes >> 16) & pairs) * (1 + ((uint64_t)10000 << 32))) >> 32;
    size_t shift = fractions[i] - fraction;
    number *= powers[shift & 7];
    if ((no_digits != 0) | (length - 1 > 7) | (shift > 7) | (number > limit) |
        (is_negative & (number == 0)))
      return i;
    out[i] = (int32_t)(uint32_t)(is_negative ? -number : number);
  }
  return count;
}

void bp_decimal_ranges(size_t rows, size_t columns, const int32_t *x, int32_t *smallest,
                       int32_t *largest, int32_t *missing) {
  for (size_t j = 0; j < columns; j++) {
    smallest[j] = INT32_MAX;
    largest[j] = -INT32_MAX;
    missing[j] = 0;
  }
  for (size_t r = 0; r < rows; r++) {
    const int32_t *row = x + r * columns;
    for (size_t j = 0; j < columns; j++) {
      int32_t is_missing = row[j] == INT32_MIN;
      int32_t low = is_missing ? INT32_MAX : row[j];
      missing[j] |= is_missing;
      smallest[j] = low < smallest[j] ? low : smallest[j];
      largest[j] = row[j] > largest[j] ? row[j] : largest[j];
    }
  }
}

#define PACK(type, lowest)                                                      \
  for (size_t r = 0; r < rows; r++) {                                           \
    const int32_t *from = x + r * ldx;                                          \
    type *to = (type *)out + r * ldout;                                         \
    for (size_t j = 0; j < columns; j++)                                        \
      to[j] = from[j] == INT32_MIN ? lowest                                     \
                                   : (type)((uint32_t)from[j] - (uint32_t)bases[j]); \
  }                                                                             \
  break

void bp_pack_decimals(size_t rows, size_t columns, const int32_t *x, size_t ldx,
                      const int32_t *bases, size_t width, void *out, size_t ldout) {
  switch (width) {
    case 1: PACK(int8_t, INT8_MIN);
    case 2: PACK(int16_t, INT16_MIN);
    default: PACK(int32_t, INT32_MIN);
  }
}
