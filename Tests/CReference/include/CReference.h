// Plain loops: what the kernels of CBackprop compute, without vectors, tiles or threads. Only for
// tests; written to be read beside the formulas.
#ifndef CREFERENCE_H
#define CREFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "CBackprop.h"

#define REF_NAME(verb) ref_##verb##_f32
#define REF_REAL float
#include "CReferenceLoops.h"
#undef REF_NAME
#undef REF_REAL
#define REF_NAME(verb) ref_##verb##_f64
#define REF_REAL double
#include "CReferenceLoops.h"
#undef REF_NAME
#undef REF_REAL

// Whether the multiply-adds of a variant round once: in all but the baseline of x86.
bool ref_fuses(bp_variant variant);

// Functions in the precision of long double.
long double ref_function(bp_function function, long double x);
long double ref_activation(bp_activation activation, long double parameter, long double z);
long double ref_derivative(bp_activation activation, long double parameter, long double z);

// Calls of malloc, calloc, realloc, posix_memalign, aligned_alloc and memalign so far, by this thread
// alone, since tests run in parallel; -1 where they cannot be counted (macOS, sanitizers).
int64_t allocation_count(void);

#endif
