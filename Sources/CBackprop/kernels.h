// All kernels of one variant and one precision. A variant file sets what simd.h and tiles.h want and
// BP_TABLE, the name of the table, and includes this once.
#include "bytes.h"
#include "columns.h"
#include "constraints.h"
#include "embedding.h"
#include "gradient.h"
#include "lines.h"
#include "losses.h"
#include "noise.h"
#include "normalization.h"
#include "products.h"
#include "rows.h"
#include "scaling.h"
#include "updates.h"

const bp_kernels BP_TABLE = {
#define BP_KERNEL(result, name, arguments) .name = name,
#include "CBackpropKernels.h"
#undef BP_KERNEL
};
