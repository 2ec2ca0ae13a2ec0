// Compares the kernels with plain loops on every variant of this machine, and prints a hash of the
// results of each. `Scripts/check-arm64` runs it here and, under an emulator, on arm64.
#include <stdio.h>

#include "CReference.h"

int main(void) {
  const size_t sizes[] = {0, 1, 3, 8, 15, 17, 35};
  const size_t large[][3] = {{1, 600, 300}, {3, 600, 130}, {130, 300, 270}, {600, 40, 20}};
  bp_pool *pool = bp_pool_create(2);
  int faults = 0;
#define CHECK(call)                                                              \
  do {                                                                           \
    const char *fault = call;                                                    \
    if (fault && faults++ < 20) printf("variant %d: %s: %s\n", v, #call, fault); \
  } while (0)
  for (int v = BP_BASELINE; v <= BP_NEON; v++) {
    if (!bp_variant_supported((bp_variant)v)) continue;
    bp_variant variant = (bp_variant)v;
    for (size_t i = 0; i < 7; i++)
      for (size_t j = 0; j < 7; j++) {
        for (size_t l = 0; l < 7; l++) {
          CHECK(ref_check_products_f32(variant, NULL, sizes[i], sizes[j], sizes[l]));
          CHECK(ref_check_products_f64(variant, NULL, sizes[i], sizes[j], sizes[l]));
          for (size_t blocks = 1; blocks < 4; blocks++) {
            CHECK(ref_check_blocks_f32(variant, NULL, sizes[i], sizes[j], sizes[l], blocks));
            CHECK(ref_check_blocks_f64(variant, NULL, sizes[i], sizes[j], sizes[l], blocks));
          }
        }
        CHECK(ref_check_losses_f32(variant, sizes[i], sizes[j]));
        CHECK(ref_check_losses_f64(variant, sizes[i], sizes[j]));
        CHECK(ref_check_rows_f32(variant, pool, sizes[i], sizes[j]));
        CHECK(ref_check_rows_f64(variant, pool, sizes[i], sizes[j]));
        CHECK(ref_check_updates_f32(variant, pool, sizes[i], sizes[j]));
        CHECK(ref_check_updates_f64(variant, pool, sizes[i], sizes[j]));
      }
    for (size_t i = 0; i < 4; i++) {
      CHECK(ref_check_products_f32(variant, pool, large[i][0], large[i][1], large[i][2]));
      CHECK(ref_check_products_f64(variant, pool, large[i][0], large[i][1], large[i][2]));
      for (size_t blocks = 1; blocks < 17; blocks += 5) {
        CHECK(ref_check_blocks_f32(variant, pool, large[i][0], large[i][1], large[i][2], blocks));
        CHECK(ref_check_blocks_f64(variant, pool, large[i][0], large[i][1], large[i][2], blocks));
      }
    }
    if (ref_fuses(variant))
      printf("variant %d: %016llx %016llx\n", v,
             (unsigned long long)ref_fingerprint_f32(variant, pool),
             (unsigned long long)ref_fingerprint_f64(variant, NULL));
  }
  bp_pool_destroy(pool);
  printf("%d faults\n", faults);
  return faults != 0;
}
