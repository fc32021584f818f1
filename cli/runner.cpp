#include "cli/runner.hpp"

#include "cli/commands.hpp"
#include "cli/json.hpp"

namespace weft::cli {

Result<std::string> node_program(const Options& options, Host& host) {
  const std::string engine = options.get("engine");
  if (engine.starts_with("node:") && engine.size() > 5) return engine.substr(5);
  if (!engine.empty() && engine != "node" && !is_on_wasmtime(options))
    return fail(ErrorKind::invalid_argument,
                "no engine is called " + engine + "; there are node, wasmtime and node:PATH");
  const std::string given = host.environment("WEFT_NODE");
  return given.empty() ? "node" : given;
}

Result<void> write_runner(const std::string& folder, const ordered_json& task, Host& host) {
  const std::pair<const char*, std::string_view> modules[] = {
      {"main.mjs", runner_main()},       {"errors.mjs", runner_errors()}, {"tensors.mjs", runner_tensors()},
      {"measure.mjs", runner_measure()}, {"report.mjs", runner_report()}, {"verify.mjs", runner_verify()},
      {"bench.mjs", runner_bench()},     {"pairs.mjs", runner_pairs()}};
  for (const auto& [name, text] : modules) WEFT_TRY(host.write_file(folder + "/" + name, text));
  if (web_runtime().empty())
    return fail(ErrorKind::unsupported, "this weft was built without the web runtime (tools/build-runtime)");
  WEFT_TRY(host.write_file(folder + "/weft.mjs", std::string(web_strings()) +
                                                     "export const { load, supportedVariants } = weft;\n"));
  return host.write_file(folder + "/task.json", json_text(task));
}

}  // namespace weft::cli
