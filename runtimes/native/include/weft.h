/* weft.h: runs the bundles of `weft compile` natively. C99 and C++.
 *
 *   weft_model* model;
 *   weft_instance* instance;
 *   weft_tensor scores;
 *   if (weft_model_open("app/model", NULL, &model) != WEFT_OK) fail(weft_last_error()->message);
 *   weft_instance_new(model, &instance);
 *   weft_set_input(instance, 0, pixels, sizeof pixels, NULL, 0);
 *   weft_run(instance);
 *   weft_output(instance, 0, &scores);
 *   weft_instance_free(instance);
 *   weft_model_close(model);
 *
 * A model is code and weights, and may be used by any number of threads; an instance is memory, for one
 * thread at a time. Instances of one model share its compiled code. The engine is Wasmtime, whose library is
 * opened with the first model: $WEFT_WASMTIME, or libwasmtime.so beside this library, or where
 * `tools/setup wasmtime` puts it. */
#ifndef WEFT_H
#define WEFT_H

#include <stddef.h>
#include <stdint.h>

#define WEFT_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

typedef enum weft_status {
  WEFT_OK = 0,
  /* a name, index, shape or size that the model does not have; an input is missing */
  WEFT_INVALID_ARGUMENT = 1,
  WEFT_NOT_FOUND = 2,   /* a file cannot be read */
  WEFT_BAD_BUNDLE = 3,  /* the bundle is damaged, or its files are of different compilations */
  WEFT_UNSUPPORTED = 4, /* a bundle of another ABI, or with what this library does not have */
  WEFT_NO_ENGINE = 5,   /* Wasmtime's library cannot be opened */
  WEFT_NO_MEMORY = 6,
  /* a value in an input points where the model has nothing: an index of a gather, a size */
  WEFT_OUT_OF_RANGE = 7,
  WEFT_TRAP = 8,       /* the model's code trapped */
  WEFT_INTERRUPTED = 9 /* by weft_interrupt */
} weft_status;

typedef enum weft_dtype {
  WEFT_F64,
  WEFT_F32,
  WEFT_F16,
  WEFT_BF16,
  WEFT_I64,
  WEFT_I32,
  WEFT_I16,
  WEFT_I8,
  WEFT_U64,
  WEFT_U32,
  WEFT_U16,
  WEFT_U8,
  WEFT_BOOLEAN /* a byte: 0, or 1 */
} weft_dtype;

/* What went wrong in the last call of this thread that did not return WEFT_OK. Valid until the next one that
 * does not. */
typedef struct weft_error {
  weft_status status;
  const char* message;     /* one sentence */
  const char* node;        /* WEFT_OUT_OF_RANGE: the model's node; else "" */
  int64_t value;           /* WEFT_OUT_OF_RANGE: the value, */
  int32_t least, greatest; /* and what it may be */
} weft_error;

/* One extent: min, min + step, … max. Fixed where min is max. */
typedef struct weft_extent {
  uint32_t min, max, step;
  const char* name; /* of the dimension, "seq"; of an output, how it follows: "2*seq + 1"; "" where fixed */
} weft_extent;

typedef struct weft_port {
  const char* name;
  weft_dtype dtype;
  uint32_t rank;
  const weft_extent* shape;
} weft_port;

/* Row-major, in the model's memory: valid until the next call with the instance. */
typedef struct weft_tensor {
  weft_dtype dtype;
  uint32_t rank;
  const uint32_t* shape;
  const void* data;
  size_t bytes;
} weft_tensor;

typedef struct weft_model weft_model;
typedef struct weft_instance weft_instance;

WEFT_API const weft_error* weft_last_error(void);
WEFT_API const char* weft_status_name(weft_status status); /* "out_of_range" */
WEFT_API size_t weft_dtype_bytes(weft_dtype dtype);

/* Opens the folder of a bundle. `variant`: "relaxed", "simd128" or "scalar"; NULL: the first of them that the
 * bundle has. */
WEFT_API weft_status weft_model_open(const char* folder, const char* variant, weft_model** model);
/* Native code is kept in this folder and found there again by what opens the same model later, other processes too.
 * The folder is made where it is not there; nobody else may be able to write to it, since what lies in it is run.
 * Not while another thread opens a model. */
WEFT_API weft_status weft_keep_modules(const char* folder);
/* Its instances may go on. NULL is allowed. */
WEFT_API void weft_model_close(weft_model* model);

WEFT_API const char* weft_model_name(const weft_model* model);
WEFT_API const char* weft_model_variant(const weft_model* model);
WEFT_API uint32_t weft_model_inputs(const weft_model* model);
WEFT_API uint32_t weft_model_outputs(const weft_model* model);
/* What `port` points to lives as long as the model. */
WEFT_API weft_status weft_model_input(const weft_model* model, uint32_t index, weft_port* port);
WEFT_API weft_status weft_model_output(const weft_model* model, uint32_t index, weft_port* port);
/* The index of a name; -1 where there is none. */
WEFT_API int32_t weft_model_find_input(const weft_model* model, const char* name);
WEFT_API int32_t weft_model_find_output(const weft_model* model, const char* name);

/* Memory of its own, with the weights packed into it. */
WEFT_API weft_status weft_instance_new(const weft_model* model, weft_instance** instance);
WEFT_API void weft_instance_free(weft_instance* instance); /* NULL is allowed */

/* Copies a row-major tensor of `bytes` bytes. It stays the input for all runs until it is replaced. `shape`
 * may be NULL where the input has no open extents. */
WEFT_API weft_status weft_set_input(weft_instance* instance, uint32_t index, const void* data, size_t bytes,
                                    const uint32_t* shape, uint32_t rank);
/* All inputs must be set. After an error the instance takes further runs; it has no outputs then. */
WEFT_API weft_status weft_run(weft_instance* instance);
WEFT_API weft_status weft_output(weft_instance* instance, uint32_t index, weft_tensor* tensor);
/* A model with states (`weft compile --state`) begins anew with the next run. */
WEFT_API void weft_reset(weft_instance* instance);
/* From any thread: ends the run that is going on, within milliseconds, with WEFT_INTERRUPTED; where none is,
 * the next one. */
WEFT_API void weft_interrupt(weft_instance* instance);

#ifdef __cplusplus
}
#endif
#endif
