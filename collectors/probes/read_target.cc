#include "collectors/probes/read_target.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "collectors/probes/dns_message.h"
#include "exporter/limits.h"
#include "exporter/metric.h"
#include "exporter/text.h"

namespace upkeep::probes {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kRetriesAtMost = 3, kRedirectsAtMost = 20;
constexpr std::size_t kPatternsAtMost = 20;
constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kMaxBytesAtMost = 64 * kMiB;
constexpr std::uint16_t kDnsPort = 53;
constexpr int kFirstStatus = 100, kLastStatus = 599;

bool is_printable(std::string_view text) {
  return std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

std::string read_label(ConfigReader& config, std::string_view key, std::string text) {
  if (text.size() > limits::kLabelValueBytes)
    config.mistake(key, fmt::format("at most {} bytes expected", limits::kLabelValueBytes));
  if (!is_printable(text)) config.mistake(key, "a control character in the name");
  return text;
}

std::vector<Pattern> read_patterns(ConfigReader& config, std::string_view key) {
  std::vector<Pattern> patterns;
  const std::vector<std::string> expressions = config.texts(key);
  if (expressions.size() > kPatternsAtMost) config.mistake(key, fmt::format("over {} patterns", kPatternsAtMost));
  for (const std::string& expression : expressions) {
    auto pattern = Pattern::compile(expression);
    if (pattern) {
      patterns.push_back(*std::move(pattern));
    } else {
      config.mistake(key, "not a regular expression: " + pattern.error().message);
    }
  }
  return patterns;
}

// "200", "2xx", "200-204".
std::optional<std::pair<int, int>> parse_status(std::string_view text) {
  if (text.size() == 3 && text.ends_with("xx") && text[0] >= '1' && text[0] <= '5') {
    const int first = (text[0] - '0') * 100;
    return std::pair(first, first + 99);
  }
  const std::size_t dash = text.find('-');
  const auto from = to_u64(text.substr(0, dash));
  const auto to = dash == std::string_view::npos ? from : to_u64(text.substr(dash + 1));
  if (!from || !to || *from < kFirstStatus || *to > kLastStatus || *from > *to) return std::nullopt;
  return std::pair(static_cast<int>(*from), static_cast<int>(*to));
}

void read_statuses(ConfigReader& expect, Expectations& wanted) {
  for (const std::string& text : expect.texts("status")) {
    if (const auto range = parse_status(text)) {
      wanted.status.push_back(*range);
    } else {
      expect.mistake("status", fmt::format("a status expected, such as 200, 2xx or 200-204, not '{}'", text));
    }
  }
}

bool is_token(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return naming::is_letter(c) || naming::is_digit(c) || kOthers.find(c) != std::string_view::npos;
  });
}

void read_expected_headers(ConfigReader& expect, Expectations& wanted) {
  ConfigReader headers = expect.section("header");
  for (const std::string& name : headers.keys()) {
    auto pattern = headers.pattern(name, "");
    if (!is_token(name)) headers.mistake(name, "not the name of a header field");
    if (pattern) wanted.headers.push_back({name, *std::move(pattern)});
  }
}

void read_headers(ConfigReader& config, Target& target) {
  ConfigReader headers = config.section("headers");
  for (const std::string& name : headers.keys()) {
    const std::string value = headers.text(name, "");
    if (!is_token(name) || !is_printable(value)) headers.mistake(name, "not a header field of HTTP");
    // An empty value is written so.
    target.headers.push_back(value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
  }
  if (target.headers.size() > kPatternsAtMost) config.mistake("headers", "too many header fields");
}

void read_credentials(ConfigReader& config, Target& target) {
  ConfigReader basic = config.section("basic_auth");
  if (config.has("basic_auth")) {
    target.username = basic.required_text("username");
    target.password = basic.secret_file("password_file");
    if (target.username.find(':') != std::string::npos) basic.mistake("username", "a colon in the name of a user");
  }
  target.bearer_token = config.secret_file("bearer_token_file");
  if (target.bearer_token && config.has("basic_auth"))
    config.mistake("bearer_token_file", "one of basic_auth and bearer_token_file expected");
}

void read_tls(ConfigReader& config, const TargetDefaults& defaults, Target& target) {
  const bool off = config.switched_off("tls");
  target.tls = config.has("tls") && !off;
  ConfigReader tls = config.section("tls");
  TlsOptions options = read_tls_thresholds(tls, defaults.tls);
  options.verifies = !tls.boolean("insecure", false);
  options.authorities = tls.text("ca_file", "");
  options.server_name = tls.text("server_name", "");
  if (!options.authorities.empty() && !options.authorities.starts_with('/'))
    tls.mistake("ca_file", "the absolute path of a file expected");
  const auto name = options.server_name.empty() ? Result<HostPort>() : parse_host_port(options.server_name, 1);
  if (!name) tls.mistake("server_name", "the name of a host expected");
  target.tls_options = std::move(options);
}

void read_http(ConfigReader& config, Target& target) {
  target.method = config.text("method", "GET");
  if (!is_token(target.method)) config.mistake("method", "a method of HTTP expected, such as GET");
  read_headers(config, target);
  target.body = config.text("body", "");
  read_credentials(config, target);
  target.follows_redirects = config.boolean("follow_redirects", true);
  target.max_redirects = static_cast<int>(config.integer("max_redirects", 5, 0, kRedirectsAtMost));
  target.decodes = config.boolean("compression", false);
  ConfigReader expect = config.section("expect");
  read_statuses(expect, target.expect);
  read_expected_headers(expect, target.expect);
  target.expect.body = read_patterns(expect, "body");
  target.expect.not_body = read_patterns(expect, "not_body");
}

void read_tcp(ConfigReader& config, Target& target) {
  target.say = config.text("send", "");
  ConfigReader expect = config.section("expect");
  target.expect.body = read_patterns(expect, "body");
}

void read_dns(ConfigReader& config, Target& target) {
  target.query = config.required_text("query");
  target.query_type = config.text("type", "A");
  if (!dns_type(target.query_type)) config.mistake("type", "a type of DNS records expected, such as A or SOA");
  ConfigReader expect = config.section("expect");
  for (const std::string& name : expect.texts("rcode")) {
    if (const auto code = dns_rcode(name)) {
      target.expect.rcodes.push_back(*code);
    } else {
      expect.mistake("rcode", fmt::format("a response code of DNS expected, such as NXDOMAIN, not '{}'", name));
    }
  }
  target.expect.body = read_patterns(expect, "answer");
  target.expect.not_body = read_patterns(expect, "not_answer");
}

// All but where the endpoint is.
void read_settings(ConfigReader& config, const TargetDefaults& defaults, Target& target) {
  switch (target.kind) {
    case Kind::kHttp:
      read_http(config, target);
      break;
    case Kind::kTcp:
      read_tcp(config, target);
      break;
    case Kind::kDns:
      read_dns(config, target);
      break;
  }
  if (target.kind != Kind::kDns) read_tls(config, defaults, target);
  target.max_bytes = config.size("max_body", kMiB);
  if (target.max_bytes > kMaxBytesAtMost) config.mistake("max_body", "at most 64MiB expected");
  target.slow_after = config.duration("slow_after", 1s);
  const std::string family = config.choice("ip", "any", {"any", "4", "6"});
  target.family = family == "4" ? Family::kIpv4 : family == "6" ? Family::kIpv6 : Family::kAny;
}

constexpr std::array<std::string_view, 3> kPlaces = {"url", "tcp", "dns"}, kProbers = {"http", "tcp", "dns"};
constexpr std::string_view name_of(Kind kind) { return kProbers.at(static_cast<std::size_t>(kind)); }

Result<> place_server(Target& target, const std::string& text) {
  UPKEEP_TRY(target.server, parse_host_port(text, target.kind == Kind::kDns ? kDnsPort : 0));
  const std::string& host = target.server.host;
  const std::string shown = host.find(':') == std::string::npos ? host : "[" + host + "]";
  target.endpoint = fmt::format("{}://{}:{}", name_of(target.kind), shown, target.server.port);
  return {};
}

}  // namespace

TlsOptions read_tls_thresholds(ConfigReader& tls, TlsOptions options) {
  options.warn_before = tls.duration("warn_before", options.warn_before);
  options.critical_before = tls.duration("critical_before", options.critical_before);
  return options;
}

Result<> place(Target& target, const std::string& text) {
  if (target.kind != Kind::kHttp) return place_server(target, text);
  auto url = http::split_url(text);
  // Without the text: there may be a password in it.
  if (!url) return fail(ErrorCode::kParse, url.error().message);
  target.url = *std::move(url);
  target.endpoint = fmt::format("{}://{}:{}{}", target.url.scheme, target.url.host, target.url.port, target.url.path);
  return {};
}

Target read_target(ConfigReader& config, const TargetDefaults& defaults) {
  Target target{.name = read_label(config, "name", config.required_text("name"))};
  const auto given = [&](std::string_view key) { return config.has(key); };
  if (std::ranges::count_if(kPlaces, given) != 1) config.mistake("", "one of url, tcp and dns expected: where it is");
  if (const auto key = std::ranges::find_if(kPlaces, given); key != kPlaces.end()) {
    target.kind = static_cast<Kind>(key - kPlaces.begin());
    const Result<> placed = place(target, config.text(*key, ""));
    const char* const hint = target.kind == Kind::kHttp ? "; user and password belong into basic_auth" : "";
    if (!placed) config.mistake(*key, placed.error().message + hint);
  }
  read_settings(config, defaults, target);
  target.module = read_label(config, "module", config.text("module", name_of(target.kind)));
  target.interval = config.duration("interval", defaults.interval, limits::kMinInterval);
  target.timeout = config.duration("timeout", std::min(defaults.timeout, target.interval), 1ms);
  if (target.timeout > target.interval) config.mistake("timeout", "no longer than the interval expected");
  target.retries = static_cast<int>(config.integer("retries", 1, 0, kRetriesAtMost));
  return target;
}

Target read_module(ConfigReader& config, const TargetDefaults& defaults) {
  Target target;
  target.module = read_label(config, "name", config.required_text("name"));
  const std::string prober = config.choice("prober", "http", {"http", "tcp", "dns"});
  target.kind = static_cast<Kind>(std::ranges::find(kProbers, prober) - kProbers.begin());
  read_settings(config, defaults, target);
  target.timeout = config.duration("timeout", defaults.timeout, 1ms);
  auto allowed = std::make_shared<Allowed>();
  const std::vector<std::string> entries = config.texts("allow");
  for (const std::string& entry : entries) {
    if (const auto added = allowed->add(entry); !added) config.mistake("allow", added.error().message);
  }
  if (entries.empty()) config.mistake("allow", "names of hosts or networks expected: who may be asked for");
  target.allowed = std::move(allowed);
  return target;
}

}  // namespace upkeep::probes
