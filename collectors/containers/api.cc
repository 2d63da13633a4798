#include "collectors/containers/api.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

namespace upkeep::containers {
namespace {

// https://docs.docker.com/reference/api/engine/version-history/
constexpr ApiVersion kNewest{1, 43};

constexpr std::size_t kListBytes = std::size_t{64} << 20;
constexpr std::size_t kBytes = std::size_t{4} << 20;  // of any other answer

// What changes a container, in the words of Docker and of Podman. Not the commands run inside, nor its health checks.
constexpr std::string_view kEvents =
    R"({"type":["container"],"event":["create","start","die","died","oom","health_status","rename","pause","unpause",)"
    R"("update","destroy","remove"]})";
constexpr std::string_view kUnused = R"({"dangling":["true"]})";

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

http::Problem malformed(std::string_view what, const Error& error) {
  return {http::Failure::kMalformed, fmt::format("{}: {}", what, error.message)};
}

// The value, or what is wrong with the answer.
template <class T>
http::Answered<T> understood(std::string_view what, Result<T> result) {
  if (!result) return std::unexpected(malformed(what, result.error()));
  return *std::move(result);
}

http::Problem refused(const std::string& path, const http::Reply& reply) {
  const bool denied = reply.status == 401 || reply.status == 403;
  return {denied ? http::Failure::kDenied : http::Failure::kOther,
          fmt::format("{}: HTTP status {}", path, reply.status)};
}

}  // namespace

ApiVersion chosen_version(const EngineVersion& version) {
  return std::max(std::min(kNewest, version.newest), version.oldest);
}

std::string_view reason_of(http::Failure failure) {
  switch (failure) {
    case http::Failure::kNotFound:
    case http::Failure::kRefused:
    case http::Failure::kDenied:
    case http::Failure::kTimeout:
    case http::Failure::kMalformed:
      return to_string(failure);
    default:
      return "other";
  }
}

bool is_missing(const std::string& socket_path) {
  struct stat status {};
  return ::stat(socket_path.c_str(), &status) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

http::Answered<Api> Api::connect(const std::string& socket_path, const EnginePace& pace, const std::stop_token& stop) {
  if (is_missing(socket_path)) return std::unexpected(http::Problem{http::Failure::kNotFound, "no such socket"});
  auto client = http::make_unix_client(socket_path, stop);
  if (!client) return std::unexpected(client.error());
  Api api(*std::move(client), pace);
  auto body = api.get("/version", kBytes, pace.answer);
  if (!body) return std::unexpected(body.error());
  auto version = parse_version(*body);
  if (!version) return std::unexpected(malformed("/version", version.error()));
  api.version_ = *std::move(version);
  api.prefix_ = "/v" + to_string(chosen_version(api.version_));
  return api;
}

http::Answered<std::string> Api::get(const std::string& path, std::size_t max_bytes,
                                     std::chrono::milliseconds patience) {
  auto reply = client_->get(prefix_ + path, max_bytes, patience);
  if (!reply) {
    return std::unexpected(http::Problem{reply.error().why, fmt::format("{}: {}", path, reply.error().message)});
  }
  if (reply->status != 200) return std::unexpected(refused(path, *reply));
  return std::move(reply->body);
}

http::Answered<> Api::ping() {
  auto body = get("/_ping", kBytes, pace_.answer);
  if (!body) return std::unexpected(body.error());
  return {};
}

http::Answered<ContainerList> Api::list() {
  auto body = get("/containers/json?all=1", kListBytes, pace_.list);
  if (!body) return std::unexpected(body.error());
  return understood("/containers/json", parse_list(*body));
}

http::Answered<Api::Inspected> Api::inspect(const std::string& id) {
  auto reply = client_->get(fmt::format("{}/containers/{}/json", prefix_, id), kBytes, pace_.answer);
  if (!reply && reply.error().why == http::Failure::kTooLarge) return Inspected{};
  if (!reply) return std::unexpected(reply.error());
  if (reply->status == 404) return Inspected{.gone = true, .container = {}};
  if (reply->status != 200) return Inspected{};
  auto container = parse_inspect(reply->body);
  if (!container || container->id != id) return Inspected{};  // which harms no other container
  return Inspected{.gone = false, .container = *std::move(container)};
}

http::Answered<> Api::listen(std::uint64_t since) {
  std::string target = fmt::format("{}/events?filters={}", prefix_, percent_encoded(kEvents));
  if (since > 0) target += fmt::format("&since={}.{:09}", since / 1'000'000'000, since % 1'000'000'000);
  return client_->open_stream(target);
}

http::Answered<std::vector<ContainerEvent>> Api::events(std::chrono::milliseconds patience) {
  auto lines = client_->lines(patience);
  if (!lines) return std::unexpected(http::Problem{lines.error().why, "/events: " + lines.error().message});
  std::vector<ContainerEvent> events;
  for (const std::string& line : *lines) {
    if (line.empty() || line == "\r") continue;
    auto event = understood("/events", parse_event(line));
    if (!event) return std::unexpected(event.error());
    events.push_back(*std::move(event));
  }
  return events;
}

http::Answered<DiskUsage> Api::disk_usage(std::chrono::milliseconds patience) {
  auto body = get("/system/df", kListBytes, patience);
  if (!body) return std::unexpected(body.error());
  return understood("/system/df", parse_disk_usage(*body));
}

http::Answered<std::uint64_t> Api::networks(bool only_unused) {
  auto body =
      get(only_unused ? "/networks?filters=" + percent_encoded(kUnused) : "/networks", kListBytes, pace_.answer);
  if (!body) return std::unexpected(body.error());
  return understood("/networks", count_elements(*body));
}

}  // namespace upkeep::containers
