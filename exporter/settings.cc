#include "exporter/settings.h"

#include <fmt/format.h>

#include "exporter/text.h"

namespace upkeep {
namespace {

// "HOST:PORT", "[::1]:PORT", ":PORT".
bool is_listen_address(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return false;
  std::string_view host = address.substr(0, colon);
  const std::string_view port = address.substr(colon + 1);
  const auto number = to_u64(port);
  if (!number || *number > 65'535 || port.size() > 5) return false;
  if (host.starts_with('[') != host.ends_with(']')) return false;
  if (host.starts_with('['))
    return host.size() > 2 && host.find_first_not_of("[]:.0123456789abcdefABCDEF") == host.npos;
  return host.find_first_of("[]:/ ,") == std::string_view::npos;
}

WebSettings read_web(ConfigReader web) {
  WebSettings settings;
  settings.listen = web.texts("listen", settings.listen);
  if (settings.listen.empty()) web.mistake("listen", "at least one address expected");
  for (const std::string& address : settings.listen) {
    if (is_listen_address(address)) continue;
    web.mistake("listen", fmt::format("HOST:PORT expected, such as 127.0.0.1:10190, not '{}'", address));
  }
  settings.telemetry_path = web.text("telemetry_path", settings.telemetry_path);
  const std::string& path = settings.telemetry_path;
  const bool taken = path == "/" || path.starts_with("/-/");
  if (!path.starts_with('/')) web.mistake("telemetry_path", "a path that begins with / expected");
  if (taken) web.mistake("telemetry_path", fmt::format("{} is taken by another page", path));
  settings.max_requests = static_cast<int>(web.integer("max_requests", settings.max_requests, 0, 10'000));
  settings.lifecycle = web.boolean("lifecycle", settings.lifecycle);
  return settings;
}

}  // namespace

Settings read_settings(ConfigReader root) {
  Settings settings;
  settings.web = read_web(root.section("web"));

  ConfigReader log = root.section("log");
  const std::string level = log.choice("level", "info", {"debug", "info", "warn", "error"});
  if (level == "debug") settings.log_level = LogLevel::kDebug;
  if (level == "warn") settings.log_level = LogLevel::kWarn;
  if (level == "error") settings.log_level = LogLevel::kError;
  const std::string format = log.choice("format", "logfmt", {"logfmt", "json"});
  if (format == "json") settings.log_format = LogFormat::kJson;

  settings.state = root.text("state", settings.state);
  if (!settings.state.starts_with('/')) root.mistake("state", "the absolute path of a directory expected");
  return settings;
}

}  // namespace upkeep
