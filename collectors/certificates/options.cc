#include "collectors/certificates/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "exporter/limits.h"
#include "exporter/text.h"

namespace upkeep::certificates {
namespace {

using namespace std::chrono_literals;

// Where certificates usually are: certbot's, nginx's, Postgres'.
constexpr std::string_view kUsualPlaces[] = {
    "/etc/letsencrypt/live/*/fullchain.pem",
    "/etc/nginx/ssl/*.crt",
    "/etc/nginx/ssl/*.pem",
    "/etc/nginx/certs/*.crt",
    "/etc/nginx/certs/*.pem",
    "/var/lib/postgresql/*/*/server.crt",
    "/etc/postgresql/*/*/server.crt",
};

Notice read_notice(ConfigReader& config, Notice fallback) {
  const Notice notice{.warn = config.duration("warn_before", fallback.warn),
                      .critical = config.duration("critical_before", fallback.critical)};
  if (notice.critical > notice.warn) config.mistake("critical_before", "at most warn_before expected");
  return notice;
}

// Without what would make two ways of writing one path.
bool is_plain_path(std::string_view path) {
  const std::string whole = std::string(path) + "/";
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7F; };
  return whole.starts_with('/') && whole.size() > 2 && whole.find("//") == std::string::npos &&
         whole.find("/./") == std::string::npos && whole.find("/../") == std::string::npos &&
         std::ranges::none_of(whole, is_control);
}

std::string read_path(ConfigReader& config, std::string_view key, std::string_view fallback = "") {
  std::string path = config.text(key, fallback);
  if (!path.empty() && !is_plain_path(path))
    config.mistake(key, fmt::format("an absolute path expected, without . and .., not '{}'", path));
  return path;
}

std::vector<Source> read_sources(ConfigReader& config, const Notice& notice) {
  std::vector<Source> sources;
  if (config.has("files")) {
    for (std::string& pattern : config.texts("files")) {
      if (!is_plain_path(pattern))
        config.mistake("files", fmt::format("an absolute path expected, without . and .., not '{}'", pattern));
      sources.push_back({.pattern = std::move(pattern), .notice = notice});
    }
  } else {
    for (const std::string_view place : kUsualPlaces) {
      sources.push_back({.pattern = std::string(place),
                         .is_expected = false,
                         .is_private = place.starts_with("/var/lib/postgresql"),
                         .notice = notice});
    }
  }
  for (ConfigReader& store : config.sections("stores")) {
    Source source{.notice = read_notice(store, notice)};
    if (store.required_text("path").empty()) continue;
    source.pattern = read_path(store, "path");
    if (auto password = store.secret_file("password_file"))
      source.password = std::make_shared<const Secret>(*std::move(password));
    source.key = read_path(store, "key");
    sources.push_back(std::move(source));
  }
  std::set<std::string_view> patterns;
  for (const Source& source : sources) {
    if (!patterns.insert(source.pattern).second)
      config.mistake("files", fmt::format("'{}' is listed more than once", source.pattern));
  }
  if (sources.size() > limits::kCertificateSources)
    config.mistake("files", fmt::format("over {} of files and stores", limits::kCertificateSources));
  return sources;
}

// "shop.example.com:443", "[::1]:5432", "shop.example.com".
bool split_address(std::string_view text, Endpoint& endpoint) {
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return false;
    endpoint.host = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    if (!text.empty() && text.front() != ':') return false;
    port = text.empty() ? "" : text.substr(1);
    if (!text.empty() && port.empty()) return false;
  } else {
    const std::size_t colon = text.find(':');
    endpoint.host = text.substr(0, colon);
    if (colon != std::string_view::npos) {
      port = text.substr(colon + 1);
      if (port.empty()) return false;
    }
  }
  const auto number = port.empty() ? static_cast<std::uint64_t>(usual_port(endpoint.starttls)) : to_u64(port);
  const auto is_host_byte = [](unsigned char c) { return c > ' ' && c < 0x7F && c != '/' && c != '@'; };
  constexpr std::size_t kHostBytes = 253;
  if (!number || *number == 0 || *number > 65535 || endpoint.host.empty() || endpoint.host.size() > kHostBytes ||
      !std::ranges::all_of(endpoint.host, is_host_byte))
    return false;
  endpoint.port = static_cast<int>(*number);
  return true;
}

Endpoint read_endpoint(ConfigReader& config, const Notice& notice) {
  Endpoint endpoint{.name = config.required_text("name"), .notice = read_notice(config, notice)};
  endpoint.starttls =
      starttls_of(config.choice("starttls", "none", {"none", "smtp", "imap", "pop3", "ftp", "ldap", "postgres"}));
  const std::string address = config.required_text("address");
  if (!address.empty() && !split_address(address, endpoint))
    config.mistake("address",
                   fmt::format("HOST:PORT expected, [::1]:PORT for addresses with colons, not '{}'", address));
  endpoint.server_name = config.text("server_name", endpoint.host);
  endpoint.ca_file = read_path(config, "ca_file");
  endpoint.file = read_path(config, "file");
  endpoint.timeout = config.duration("timeout", 5s, 100ms);
  endpoint.reload_within = config.duration("reload_within", 1h);
  endpoint.verify = config.boolean("verify", true);
  return endpoint;
}

std::vector<Endpoint> read_endpoints(ConfigReader& config, const Notice& notice) {
  std::vector<Endpoint> endpoints;
  std::set<std::string, std::less<>> names;
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7F; };
  for (ConfigReader& item : config.sections("endpoints")) {
    Endpoint endpoint = read_endpoint(item, notice);
    if (endpoint.name.size() > limits::kLabelValueBytes || std::ranges::any_of(endpoint.name, is_control))
      item.mistake("name",
                   fmt::format("at most {} bytes expected, and no control characters", limits::kLabelValueBytes));
    if (!endpoint.name.empty() && !names.insert(endpoint.name).second)
      item.mistake("name", fmt::format("'{}' is the name of another one", endpoint.name));
    endpoints.push_back(std::move(endpoint));
  }
  if (endpoints.size() > limits::kCertificateEndpoints)
    config.mistake("endpoints", fmt::format("over {} endpoints", limits::kCertificateEndpoints));
  return endpoints;
}

CertbotOptions read_certbot(ConfigReader& config) {
  const bool off = config.switched_off("certbot");
  ConfigReader certbot = config.section("certbot");
  return {.enabled = !off,
          .directory = read_path(certbot, "directory", "/etc/letsencrypt"),
          .log = read_path(certbot, "log", "/var/log/letsencrypt/letsencrypt.log"),
          .attempt_within = certbot.duration("attempt_within", std::chrono::days(3))};
}

}  // namespace

Options read_options(ConfigReader& config) {
  Options options;
  options.notice = read_notice(config, {.warn = std::chrono::days(21), .critical = std::chrono::days(7)});
  options.sources = read_sources(config, options.notice);
  options.endpoints = read_endpoints(config, options.notice);
  options.connections = static_cast<std::size_t>(
      config.integer("connections", 32, 1, static_cast<std::int64_t>(limits::kCertificateConnections)));
  options.certbot = read_certbot(config);
  return options;
}

}  // namespace upkeep::certificates
