// All kernels of one variant and one precision. A variant file sets what simd.h and tiles.h want and
// BP_TABLE, the name of the table, and includes this once.
#include "bytes.h"
#include "columns.h"
#include "constraints.h"
#include "lines.h"
#include "losses.h"
#include "noise.h"
#include "normalization.h"
#include "products.h"
#include "rows.h"
#include "updates.h"

const BP_TABLE_TYPE BP_TABLE = {
    .affine = affine,
    .pass_down = pass_down,
    .parameter_gradient = parameter_gradient,
    .pack = pack,
    .unpack = unpack,
    .activate = activate,
    .multiply_derivative = multiply_derivative,
    .softmax = softmax,
    .softmax_delta = softmax_delta,
    .maxout = maxout,
    .maxout_delta = maxout_delta,
    .normalize = normalize,
    .normalize_delta = normalize_delta,
    .normalize_gradient = normalize_gradient,
    .loss = loss,
    .loss_gradient = loss_gradient,
    .softmax_cross_entropy = softmax_cross_entropy,
    .sigmoid_cross_entropy = sigmoid_cross_entropy,
    .canonical_delta = canonical_delta,
    .update_sgd = update_sgd,
    .update_momentum = update_momentum,
    .update_adam = update_adam,
    .update_amsgrad = update_amsgrad,
    .update_nadam = update_nadam,
    .update_rmsprop = update_rmsprop,
    .update_adadelta = update_adadelta,
    .update_lion = update_lion,
    .update_rprop = update_rprop,
    .clip = clip,
    .add_penalty_gradient = add_penalty_gradient,
    .sum_squares = sum_squares,
    .dropout = dropout,
    .add_normal = add_normal,
    .multiply = multiply,
    .mix = mix,
    .scale_and_shift = scale_and_shift,
    .add_sign_gradient = add_sign_gradient,
    .sum_weight_magnitudes = sum_weight_magnitudes,
    .limit_norms = limit_norms,
    .blend = blend,
    .gather = gather,
    .gather_bytes = gather_bytes,
    .decimals = decimals,
    .unpack_decimals = unpack_decimals,
    .add_moments = add_moments,
    .standardize = standardize,
    .column_sums = column_sums,
    .sum = sum,
    .dot = dot,
    .sum_magnitudes = sum_magnitudes,
    .largest_magnitude = largest_magnitude,
    .combine = combine,
    .first_nonfinite = first_nonfinite,
    .map = map,
};
