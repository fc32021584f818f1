#include "nn/backend.hpp"

namespace weft::nn {

std::string cpu_only(Target target) {
  switch (target) {
    case Target::cpu: return {};
    case Target::gpu:
      return "this host runs models on the CPU only, and does not pretend to have a GPU: load with target "
             "cpu";
    case Target::tpu:
      return "this host runs models on the CPU only, and does not pretend to have a TPU: load with target "
             "cpu";
  }
  return "no such target";
}

}  // namespace weft::nn
