// Any bytes at all as message, key and value of a log line: what comes out is one line of so many fields, fit for a
// terminal.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "exporter/limits.h"
#include "exporter/log_line.h"
#include "exporter/utf8.h"

namespace upkeep {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_line(std::string_view line) {
  require(is_utf8(line));
  require(line.size() < 10 * 3 * limits::kLogFieldBytes);
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    require(byte >= 0x20 && byte != 0x7F);
  }
}

// Quotes that are not escaped.
std::size_t quotes(std::string_view line) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (line[i] == '"') {
      ++count;
    }
  }
  return count;
}

}  // namespace
}  // namespace upkeep

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace upkeep;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view key = text.substr(0, 20);
  const std::string json = format_log_line(LogFormat::kJson, {}, LogLevel::kInfo, text, {{key, text}, {"end", "1"}});
  check_line(json);
  const std::size_t fields = text.empty() ? 4 : 5;  // one without value is left out
  require(quotes(json) == 4 * fields && json.starts_with("{\"ts\":\"") && json.ends_with("\"end\":\"1\"}"));
  const std::string logfmt =
      format_log_line(LogFormat::kLogfmt, {}, LogLevel::kInfo, text, {{key, text}, {"end", "1"}});
  check_line(logfmt);
  require(quotes(logfmt) % 2 == 0 && logfmt.starts_with("ts=1970-01-01T00:00:00.000Z level=info msg=") &&
          logfmt.ends_with(" end=1"));
  return 0;
}
