// --preprocess and --labels.
#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "cli/json.hpp"
#include "cli/model_options.hpp"

namespace weft::cli {
namespace {

constexpr const char* kForms =
    "image:rgb,resize=cover:256,mean=0.485/0.456/0.406,std=0.229/0.224/0.225 or sound:rate=16000";

template <class... Args>
auto refuse(fmt::format_string<Args...> format, Args&&... args) {
  return fail(ErrorKind::invalid_argument,
              "--preprocess: " + fmt::format(format, std::forward<Args>(args)...));
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find(separator, start), text.size());
    parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

Result<double> real(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);  // libc++ 19 has no from_chars of doubles
  if (text.empty() || *end != 0 || !std::isfinite(value)) return refuse("\"{}\" is no number", text);
  return value;
}

/// "1/255", or a number.
Result<double> ratio(const std::string& text) {
  const std::vector<std::string> parts = split(text, '/');
  if (parts.size() > 2) return refuse("\"{}\" is no ratio", text);
  WEFT_ASSIGN(value, real(parts[0]));
  if (parts.size() == 1) return value;
  WEFT_ASSIGN(divisor, real(parts[1]));
  if (divisor == 0) return refuse("\"{}\" divides by 0", text);
  return value / divisor;
}

Result<int64_t> whole(const std::string& text, int64_t most) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0 || value > most)
    return refuse("\"{}\" is no integer from 0 to {}", text, most);
  return value;
}

/// One number for each channel, or one for all.
Result<std::vector<double>> per_channel(const std::string& name, const std::string& text, size_t channels) {
  std::vector<double> values;
  for (const std::string& part : split(text, '/')) {
    WEFT_ASSIGN(value, real(part));
    values.push_back(value);
  }
  if (values.size() == 1) values.assign(channels, values[0]);
  if (values.size() != channels)
    return refuse("{}={} has {} numbers for {} channels", name, text, values.size(), channels);
  return values;
}

Result<void> read_fit(const std::string& text, bundle::PictureFitting& fitting) {
  using bundle::PictureFit;
  const size_t colon = std::min(text.find(':'), text.size());
  const std::string fit = text.substr(0, colon);
  if (fit == "fill") fitting.fit = PictureFit::fill;
  else if (fit == "cover") fitting.fit = PictureFit::cover;
  else if (fit == "contain") fitting.fit = PictureFit::contain;
  else return refuse("resize is fill, cover, cover:SIDE or contain, not {}", text);
  if (colon == text.size()) return {};
  if (fitting.fit != PictureFit::cover) return refuse("only cover has a side, as in cover:256, not {}", text);
  WEFT_ASSIGN(side, whole(text.substr(colon + 1), 65536));
  if (side == 0) return refuse("{} has no side", text);
  fitting.side = side;
  return {};
}

Result<compile::PictureOptions> read_picture(const std::string& input, const std::string& spec) {
  using passes::PictureChannels;
  compile::PictureOptions out;
  out.input.input = input;
  std::string mean = "0", deviation = "1", pad = "0";
  for (const std::string& part : split(spec, ',')) {
    const size_t equals = std::min(part.find('='), part.size());
    const std::string key = part.substr(0, equals),
                      value = equals < part.size() ? part.substr(equals + 1) : "";
    if (part.empty() || part == "rgb") continue;
    if (part == "bgr") out.input.channels = PictureChannels::bgr;
    else if (part == "grey" || part == "gray") out.input.channels = PictureChannels::grey;
    else if (key == "resize") WEFT_TRY(read_fit(value, out.fitting));
    else if (key == "mean") mean = value;
    else if (key == "std") deviation = value;
    else if (key == "pad") pad = value;
    else if (key == "scale") {
      WEFT_ASSIGN(scale, ratio(value));
      out.input.scale = scale;
    } else if (part == "layout=nchw") out.input.layout = passes::PixelLayout::nchw;
    else if (part == "layout=nhwc") out.input.layout = passes::PixelLayout::nhwc;
    else
      return refuse(
          "\"{}\" is none of rgb, bgr, grey, resize=, mean=, std=, scale=, pad=, layout=nchw, "
          "layout=nhwc",
          part);
  }
  const size_t channels = out.input.channels == PictureChannels::grey ? 1 : 3;
  WEFT_ASSIGN(means, per_channel("mean", mean, channels));
  WEFT_ASSIGN(deviations, per_channel("std", deviation, channels));
  for (const double value : deviations)
    if (value == 0) return refuse("std={} divides by 0", deviation);
  WEFT_ASSIGN(colour, per_channel("pad", pad, 3));
  for (size_t c = 0; c < 3; ++c) {
    if (colour[c] < 0 || colour[c] > 255) return refuse("pad={} is no colour: 0 to 255", pad);
    out.fitting.pad[c] = static_cast<uint8_t>(colour[c]);
  }
  out.input.mean = std::move(means);
  out.input.std = std::move(deviations);
  return out;
}

Result<compile::SoundOptions> read_sound(const std::string& input, const std::string& spec) {
  if (!spec.starts_with("rate=")) return refuse("sound:{} is not of the form sound:rate=16000", spec);
  WEFT_ASSIGN(rate, whole(spec.substr(5), 1'000'000));
  if (rate == 0) return refuse("sound has no rate");
  return compile::SoundOptions{input, rate};
}

/// "[INPUT=]image:…": names may hold both '=' and ':'.
Result<void> read_preprocess(const std::string& text, compile::CompileOptions& out) {
  for (const std::string kind : {"image", "sound"}) {
    size_t at = text.starts_with(kind) ? 0 : text.rfind("=" + kind);
    if (at == std::string::npos) continue;
    const std::string input = text.substr(0, at);
    at += (at > 0 ? 1 : 0) + kind.size();
    if (at < text.size() && text[at] != ':') continue;
    const std::string spec = at < text.size() ? text.substr(at + 1) : "";
    if (kind == "image") {
      if (out.picture) return refuse("one input can take pictures, not two");
      WEFT_ASSIGN(picture, read_picture(input, spec));
      out.picture = std::move(picture);
    } else {
      if (out.sound) return refuse("one input can take sound, not two");
      WEFT_ASSIGN(sound, read_sound(input, spec));
      out.sound = std::move(sound);
    }
    return {};
  }
  return refuse("\"{}\" is not of the form [INPUT=]{}", text, kForms);
}

Result<std::vector<std::string>> read_labels(const std::string& path, Host& host) {
  WEFT_ASSIGN(source, host.open(path));
  std::vector<uint8_t> bytes(source->size());
  WEFT_TRY(source->read(0, bytes));
  std::vector<std::string> labels;
  if (!bytes.empty() && bytes[0] == '[') {
    const ordered_json json = parse_json(bytes);
    for (const ordered_json& label : json) {
      if (!label.is_string())
        return fail(ErrorKind::invalid_argument, "--labels: not a JSON list of texts", path);
      labels.push_back(label.get<std::string>());
    }
  } else {
    labels = split(std::string(bytes.begin(), bytes.end()), '\n');
    for (std::string& label : labels)
      if (label.ends_with('\r')) label.pop_back();
    if (labels.back().empty()) labels.pop_back();
  }
  if (labels.empty()) return fail(ErrorKind::invalid_argument, "--labels: there are none", path);
  return labels;
}

}  // namespace

Result<void> read_media_options(const Options& options, compile::CompileOptions& compile_options,
                                Host& host) {
  for (const std::string& text : options.all("preprocess")) WEFT_TRY(read_preprocess(text, compile_options));
  if (!options.has("labels")) return {};
  WEFT_ASSIGN(labels, read_labels(options.get("labels"), host));
  compile_options.labels = std::move(labels);
  return {};
}

}  // namespace weft::cli
