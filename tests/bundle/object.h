/* The model in m.o, for C and C++. Written by weft 0.

     void* memory = aligned_alloc(M_ALIGNMENT, M_MEMORY);
     m_model* model = m_prepare(memory, read, file);
     m_resize(model, n_seq_len, n_seq_len_2);
     ... write m_input_x(model) ...
     ... write m_input_X_2(model) ...
     ... write m_input_______name(model) ...
     if (m_run(model) == M_OK) {
       ... read m_output_y(model) ...
       ... read m_output_gr____e(model) ...
     }
     free(memory);

   Compile with -msimd128 or without, link with wasm-ld or emcc. */
#ifndef WEFT_M_H
#define WEFT_M_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The program gives a model this many bytes, at a multiple of this, and may free them when it is done:
   everything that the model keeps lies in them. A program may have any number of models, each in
   memory of its own, but a model serves one thread at a time.
   The weights are read from m.weights (1000 bytes), once, and no copy of them is held. */
#define M_MEMORY 4160u
#define M_ALIGNMENT 64u

typedef struct m_model m_model;

/* What functions return. */
#define M_OK 0
#define M_OUT_OF_RANGE 1 /* a value that the model computes with; see below */
#define M_BAD_EXTENT 2 /* one that its dimension may not have */

/* What was wrong, once a function has returned something else. */
typedef struct m_error {
  const char* node; /* of the model; "" for a dimension */
  const char* what; /* the tensor, or the dimension */
  int64_t value;    /* which was not within least and greatest, or is no multiple of the step */
  int32_t least, greatest;
} m_error;
const m_error* m_failure(const m_model* model);

/* Copies bytes of m.weights, from an offset on, and returns 0, or anything else where it cannot.
   Offsets ascend from one call to the next. */
typedef int32_t (*m_read)(void* context, void* destination, uint64_t offset, uint32_t bytes);

/* Reads and unpacks the weights. Null where the memory is null or not aligned, or reading fails. */
m_model* m_prepare(void* memory, m_read read, void* context);

/* Chooses extents for the runs that follow:
     n_seq_len: seq len, 1 to 512
     n_seq_len_2: seq_len, 32 to 64, a multiple of 32
   A model that was just prepared has the greatest. Changes nothing where one is refused. */
int32_t m_resize(m_model* model, uint32_t n_seq_len, uint32_t n_seq_len_2);

/* Tensors lie row-major, in the model's memory; where stays the same. ELEMENTS: at most. */
#define M_INPUT_X_ELEMENTS 512u
float* m_input_x(m_model* model); /* x: f32 [1, seq len] */
#define M_INPUT_X_2_ELEMENTS 64u
int64_t* m_input_X_2(m_model* model); /* X: i64 [seq_len] */
#define M_INPUT_______NAME_ELEMENTS 2u
uint8_t* m_input_______name(m_model* model); /* /? ? ?name: boolean [2] */
#define M_OUTPUT_Y_ELEMENTS 6u
const uint16_t* m_output_y(const m_model* model); /* y: f16 [2, 3] */
#define M_OUTPUT_GR____E_ELEMENTS 2048u
const double* m_output_gr____e(const m_model* model); /* gr????e: f64 [seq len, 4] */
const uint32_t* m_shape_gr____e(const m_model* model); /* its 2 extents */

/* Computes the outputs from the inputs. What the model keeps goes on from the run before. */
int32_t m_run(m_model* model);
/* The next run begins without what the model kept. */
void m_reset(m_model* model);

#ifdef __cplusplus
}
#endif

#endif
