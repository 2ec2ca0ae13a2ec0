// Cutting rows of delimited text into cells, 64 bytes at a time: which bytes of a block matter shows
// in masks of one bit a byte (Langdale and Lemire, Parsing gigabytes of JSON per second, VLDB Journal
// 28 (2019), doi:10.1007/s00778-019-00578-5), and the loop goes from bit to bit.
#include <string.h>

#include "CBackprop.h"

typedef uint8_t bytes16 __attribute__((ext_vector_type(16)));
typedef _Bool flags16 __attribute__((ext_vector_type(16)));

#define INLINE static inline __attribute__((always_inline))

INLINE uint64_t bits(bytes16 comparison) {
  flags16 flags = __builtin_convertvector(comparison, flags16);
  uint16_t mask;
  memcpy(&mask, &flags, sizeof mask);
  return mask;
}

// Bit i of each mask belongs to byte i of the block.
typedef struct {
  uint64_t delimiters;
  uint64_t others;  // bytes below 32 and quotes, delimiters too if they are such
  uint64_t high;    // bytes from 128
} masks;

INLINE masks block(const uint8_t *at, uint8_t delimiter) {
  masks found = {0, 0, 0};
  for (int part = 0; part < 4; part++) {
    bytes16 x;
    memcpy(&x, at + 16 * part, sizeof x);
    found.delimiters |= bits((bytes16)(x == (bytes16)delimiter)) << 16 * part;
    found.others |= bits((bytes16)(x < (bytes16)32) | (bytes16)(x == (bytes16)'"')) << 16 * part;
    found.high |= bits((bytes16)(x >= (bytes16)128)) << 16 * part;
  }
  return found;
}

size_t bp_row_of_cells(const uint8_t *bytes, size_t start, size_t end, uint8_t delimiter,
                       size_t capacity, bp_cell *cells, size_t *next, bool *is_ascii) {
  size_t count = 0;
  size_t cell = start;
  uint64_t high = 0;
  for (size_t base = start; base < end; base += 64) {
    masks found = block(bytes + base, delimiter);
    if (count + 64 >= capacity) return 0;
    uint64_t ends = found.delimiters | found.others;
    while (ends != 0) {
      size_t bit = (size_t)__builtin_ctzll(ends);
      size_t at = base + bit;
      if (at >= end) return 0;
      ends &= ends - 1;
      uint8_t byte = bytes[at];
      if (byte == '"') return 0;
      if (byte != delimiter) {
        if (byte == 0) return 0;
        if (byte != '\n' && byte != '\r') continue;
      }
      cells[count++] = (bp_cell){(int32_t)cell, (int32_t)at, 0};
      cell = at + 1;
      if (byte == delimiter) continue;
      if (byte == '\r') {
        if (cell == end) return 0;
        cell += bytes[cell] == '\n';
      }
      high |= found.high & (((uint64_t)1 << bit) - 1);
      *is_ascii = high == 0;
      *next = cell;
      return count;
    }
    high |= found.high;
  }
  return 0;
}
