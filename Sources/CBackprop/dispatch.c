// Which variant the processor has, which one is active, and its tables of kernels.
#include <stdatomic.h>

#include "internal.h"

struct tables {
  bp_variant variant;
  const bp_kernels *kernels[2];  // by precision
};

static const struct tables tables[] = {
    [BP_BASELINE] = {BP_BASELINE, {&bp_baseline_f32, &bp_baseline_f64}},
#if defined(__x86_64__)
    [BP_FMA128] = {BP_FMA128, {&bp_fma128_f32, &bp_fma128_f64}},
    [BP_AVX2] = {BP_AVX2, {&bp_avx2_f32, &bp_avx2_f64}},
    [BP_AVX512] = {BP_AVX512, {&bp_avx512_f32, &bp_avx512_f64}},
#elif defined(__aarch64__)
    [BP_NEON] = {BP_NEON, {&bp_neon_f32, &bp_neon_f64}},
#endif
};

static const struct tables *_Atomic active = &tables[BP_BASELINE];

bool bp_variant_supported(bp_variant variant) {
  switch (variant) {
    case BP_BASELINE: return true;
#if defined(__x86_64__)
    case BP_FMA128: return __builtin_cpu_supports("avx") && __builtin_cpu_supports("fma");
    case BP_AVX2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case BP_AVX512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#elif defined(__aarch64__)
    case BP_NEON: return true;
#endif
    default: return false;
  }
}

bp_variant bp_variant_active(void) {
  return atomic_load_explicit(&active, memory_order_relaxed)->variant;
}

bool bp_variant_select(bp_variant variant) {
  if (!bp_variant_supported(variant)) return false;
  atomic_store_explicit(&active, &tables[variant], memory_order_relaxed);
  return true;
}

// At load, the last supported variant: they are in ascending order.
__attribute__((constructor)) static void select_best(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
#endif
  for (int variant = BP_NEON; variant > BP_BASELINE; variant--)
    if (bp_variant_select((bp_variant)variant)) return;
}

const bp_kernels *bp_active_kernels(bp_precision precision) {
  return atomic_load_explicit(&active, memory_order_relaxed)->kernels[precision];
}

const bp_kernels *bp_kernels_of(bp_variant variant, bp_precision precision) {
  return bp_variant_supported(variant) ? tables[variant].kernels[precision] : NULL;
}

bool bp_derivative_uses_z(bp_activation activation) {
  return activation == BP_GELU || activation == BP_SILU || activation == BP_MISH;
}

// Blocks of about 384, all equally long up to 16: 784 is 400 + 384, not 384 + 384 + 16. The longest
// is 575, of 575: 576 are two blocks of 288.
size_t bp_inner_block(size_t extent) {
  size_t blocks = (extent + 192) / 384;
  if (blocks <= 1) return extent;
  return ((extent + blocks - 1) / blocks + 15) / 16 * 16;
}
