// The converters that ops.def names. One converts an ONNX node to graph nodes; how it treats older operator
// sets follows from Call::version().
#pragma once

#include "frontends/onnx/ops/emit.hpp"

namespace weft::onnx {

/// Operands 0 and 1, broadcast as before opset 7 where the node asks for that.
void binary_operands(Call& c, ValueId& a, ValueId& b);
/// op(op(x0, x1), x2)…
ValueId fold_operands(Call& c, Op op);

template <Op op>
void convert_unary(Call& c) {
  c.out(0, c.emit(op, {c.in(0)}));
}
template <Op op>
void convert_binary(Call& c) {
  ValueId a, b;
  binary_operands(c, a, b);
  c.out(0, c.emit(op, {a, b}));
}
template <Op op>
void convert_variadic(Call& c) {
  c.out(0, fold_operands(c, op));
}

// elementwise.cpp
void convert_greater(Call& c);
void convert_greater_or_equal(Call& c);
void convert_pow(Call& c);
void convert_mod(Call& c);
void convert_reciprocal(Call& c);
void convert_mean(Call& c);
void convert_where(Call& c);
void convert_is_inf(Call& c);
void convert_cast(Call& c);
void convert_cast_like(Call& c);
void convert_identity(Call& c);
void convert_dropout(Call& c);
void convert_sinh(Call& c);
void convert_cosh(Call& c);
void convert_tan(Call& c);
void convert_asinh(Call& c);
void convert_acosh(Call& c);
void convert_atanh(Call& c);
void convert_asin(Call& c);
void convert_acos(Call& c);
// bits.cpp
void convert_bit_shift(Call& c);
void convert_bit_cast(Call& c);
// quantization.cpp
void convert_quantize_linear(Call& c);
void convert_dequantize_linear(Call& c);
void convert_dynamic_quantize_linear(Call& c);
void convert_mat_mul_integer(Call& c);
void convert_qlinear_mat_mul(Call& c);
void convert_conv_integer(Call& c);
void convert_qlinear_conv(Call& c);
// windows.cpp, sampling.cpp, einsum.cpp, matrices.cpp, recurrent.cpp, signal.cpp
void convert_lp_pool(Call& c);
void convert_global_lp_pool(Call& c);
void convert_col2im(Call& c);
void convert_deform_conv(Call& c);
void convert_einsum(Call& c);
void convert_det(Call& c);
void convert_rnn(Call& c);
void convert_gru(Call& c);
void convert_lstm(Call& c);
void convert_grid_sample(Call& c);
void convert_affine_grid(Call& c);
void convert_roi_align(Call& c);
void convert_max_roi_pool(Call& c);
void convert_dft(Call& c);
void convert_stft(Call& c);
void convert_mel_weight_matrix(Call& c);
void convert_hann_window(Call& c);
void convert_hamming_window(Call& c);
void convert_blackman_window(Call& c);
void convert_tf_idf_vectorizer(Call& c);
void convert_string_concat(Call& c);
void convert_string_normalizer(Call& c);
void convert_string_split(Call& c);
void convert_regex_full_match(Call& c);
void convert_center_crop_pad(Call& c);
void convert_eye_like(Call& c);
void convert_compress(Call& c);
void convert_non_max_suppression(Call& c);
void convert_non_zero(Call& c);
void convert_unique(Call& c);
// random.cpp
void convert_random_uniform(Call& c);
void convert_random_uniform_like(Call& c);
void convert_random_normal(Call& c);
void convert_random_normal_like(Call& c);
void convert_bernoulli(Call& c);
void convert_multinomial(Call& c);
/// Dropout in training mode: the result and the mask.
void random_dropout(Call& c, ValueId x, ValueId ratio);
// training.cpp
void convert_adagrad(Call& c);
void convert_adam(Call& c);
void convert_momentum(Call& c);
// control_flow.cpp, sequences.cpp
void convert_if(Call& c);
void convert_loop(Call& c);
void convert_scan(Call& c);
void convert_sequence_map(Call& c);
void convert_flex_attention(Call& c);
void convert_sequence_construct(Call& c);
void convert_sequence_empty(Call& c);
void convert_sequence_insert(Call& c);
void convert_sequence_erase(Call& c);
void convert_sequence_at(Call& c);
void convert_sequence_length(Call& c);
void convert_split_to_sequence(Call& c);
void convert_concat_from_sequence(Call& c);
void convert_optional(Call& c);
void convert_optional_has_element(Call& c);
void convert_optional_get_element(Call& c);
// trees.cpp
void convert_tree_ensemble(Call& c);
void convert_tree_ensemble_regressor(Call& c);
void convert_tree_ensemble_classifier(Call& c);
void convert_array_feature_extractor(Call& c);
// ml_linear.cpp
void convert_binarizer(Call& c);
void convert_scaler(Call& c);
void convert_linear_regressor(Call& c);
void convert_linear_classifier(Call& c);
void convert_normalizer(Call& c);
void convert_imputer(Call& c);
// svm.cpp
void convert_svm_classifier(Call& c);
void convert_svm_regressor(Call& c);
// encoders.cpp
void convert_label_encoder(Call& c);
void convert_category_mapper(Call& c);
void convert_one_hot_encoder(Call& c);
void convert_feature_vectorizer(Call& c);
void convert_zip_map(Call& c);
// attention.cpp
void convert_attention(Call& c);
void convert_rotary_embedding(Call& c);
void convert_linear_attention(Call& c);
void convert_causal_conv_with_state(Call& c);
void convert_swiglu(Call& c);
// loss.cpp
void convert_negative_log_likelihood_loss(Call& c);
void convert_softmax_cross_entropy_loss(Call& c);
// cumulative.cpp
void convert_cum_sum(Call& c);
void convert_cum_prod(Call& c);
// indexing.cpp
void convert_top_k(Call& c);
void convert_hardmax(Call& c);
void convert_gather_elements(Call& c);
void convert_gather_nd(Call& c);
void convert_scatter_elements(Call& c);
void convert_scatter_nd(Call& c);
void convert_tensor_scatter(Call& c);
void convert_reverse_sequence(Call& c);
void convert_max_unpool(Call& c);
// activations.cpp
void convert_relu(Call& c);
void convert_leaky_relu(Call& c);
void convert_prelu(Call& c);
void convert_elu(Call& c);
void convert_selu(Call& c);
void convert_celu(Call& c);
void convert_hard_sigmoid(Call& c);
void convert_hard_swish(Call& c);
void convert_swish(Call& c);
void convert_softplus(Call& c);
void convert_softsign(Call& c);
void convert_mish(Call& c);
void convert_gelu(Call& c);
void convert_thresholded_relu(Call& c);
void convert_shrink(Call& c);
void convert_clip(Call& c);
void convert_softmax(Call& c);
void convert_log_softmax(Call& c);
// convolution.cpp, pooling.cpp, linear.cpp
void convert_conv(Call& c);
void convert_conv_transpose(Call& c);
void convert_max_pool(Call& c);
void convert_average_pool(Call& c);
void convert_global_average_pool(Call& c);
void convert_global_max_pool(Call& c);
void convert_gemm(Call& c);
void convert_matmul(Call& c);
// normalization.cpp
void convert_batch_normalization(Call& c);
void convert_instance_normalization(Call& c);
void convert_layer_normalization(Call& c);
void convert_rms_normalization(Call& c);
void convert_group_normalization(Call& c);
void convert_lrn(Call& c);
void convert_lp_normalization(Call& c);
void convert_mean_variance_normalization(Call& c);
// reduction.cpp
void convert_reduce_sum(Call& c);
void convert_reduce_mean(Call& c);
void convert_reduce_max(Call& c);
void convert_reduce_min(Call& c);
void convert_reduce_prod(Call& c);
void convert_reduce_l1(Call& c);
void convert_reduce_l2(Call& c);
void convert_reduce_log_sum(Call& c);
void convert_reduce_log_sum_exp(Call& c);
void convert_reduce_sum_square(Call& c);
void convert_arg_max(Call& c);
void convert_arg_min(Call& c);
// reshaping.cpp
void convert_reshape(Call& c);
void convert_flatten(Call& c);
void convert_squeeze(Call& c);
void convert_unsqueeze(Call& c);
void convert_transpose(Call& c);
void convert_shape(Call& c);
void convert_size(Call& c);
void convert_depth_to_space(Call& c);
void convert_space_to_depth(Call& c);
// movement.cpp
void convert_slice(Call& c);
void convert_split(Call& c);
void convert_concat(Call& c);
void convert_pad(Call& c);
void convert_tile(Call& c);
void convert_expand(Call& c);
void convert_gather(Call& c);
void convert_one_hot(Call& c);
void convert_trilu(Call& c);
// resize.cpp
void convert_resize(Call& c);
void convert_upsample(Call& c);
// constants.cpp
void convert_constant(Call& c);
void convert_constant_of_shape(Call& c);
void convert_range(Call& c);
// normalization.cpp, of com.microsoft
void convert_skip_layer_normalization(Call& c);
void convert_skip_simplified_layer_normalization(Call& c);
void convert_embed_layer_normalization(Call& c);
// contrib.cpp
void convert_bias_gelu(Call& c);
void convert_fast_gelu(Call& c);
void convert_quick_gelu(Call& c);
void convert_fused_matmul(Call& c);
void convert_fused_conv(Call& c);
void convert_fused_gemm(Call& c);
void convert_matmul_nbits(Call& c);
// contrib_attention.cpp
void convert_contrib_attention(Call& c);
void convert_multi_head_attention(Call& c);
void convert_group_query_attention(Call& c);
void convert_contrib_rotary_embedding(Call& c);
// qlinear.cpp
void convert_qlinear_add(Call& c);
void convert_qlinear_mul(Call& c);
void convert_qlinear_sigmoid(Call& c);
void convert_qlinear_leaky_relu(Call& c);
void convert_qlinear_softmax(Call& c);
void convert_qlinear_global_average_pool(Call& c);
void convert_qlinear_average_pool(Call& c);
void convert_qlinear_concat(Call& c);
void convert_qgemm(Call& c);
void convert_matmul_integer_to_float(Call& c);
void convert_dynamic_quantize_matmul(Call& c);

}  // namespace weft::onnx
