#include "collectors/probes/on_demand.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "collectors/probes/read_target.h"
#include "exporter/limits.h"

namespace upkeep::probes {
namespace {

constexpr std::string_view kDefaultModule = "http_2xx";

bool is_meant(const Target& target, std::string_view place, std::string_view module) {
  if (!module.empty() && module != target.module) return false;
  if (place == target.name || place == target.endpoint) return true;
  return target.kind == Kind::kHttp ? place == target.url.whole : target.endpoint.ends_with("://" + std::string(place));
}

std::unexpected<Error> refuse(std::string message) { return fail(ErrorCode::kParse, std::move(message)); }

Result<> set_host_name(Target& target, std::string_view name) {
  if (name.empty()) return {};
  if (!is_host_name(name)) return refuse("hostname: the name of a host expected");
  if (target.kind == Kind::kHttp) target.headers.push_back(fmt::format("Host: {}", name));
  if (target.tls_options.server_name.empty()) target.tls_options.server_name = name;
  return {};
}

Result<Target> by_module(const Options& options, std::string_view where, std::string_view name) {
  const auto module = std::ranges::find(options.modules, name, &Target::module);
  if (module == options.modules.end()) {
    return refuse(fmt::format(
        "{:?} is neither a target of the configuration, nor is there a module {:?} to ask it with", where, name));
  }
  Target target = *module;
  const bool has_scheme = where.find("://") != std::string_view::npos;
  const std::string text = (target.kind == Kind::kHttp && !has_scheme ? "http://" : "") + std::string(where);
  if (const auto placed = place(target, text); !placed) return refuse("target: " + placed.error().message);
  const std::string& host = target.kind == Kind::kHttp ? target.url.host : target.server.host;
  if (!target.allowed->allows(host)) return refuse(fmt::format("module {:?} does not allow {:?}", name, host));
  target.name = where;
  return target;
}

}  // namespace

Result<Target> target_of(const Options& options, const Query& query) {
  const std::string_view where = query.value("target"), module = query.value("module");
  if (where.empty()) return refuse("target: the name or the place of an endpoint expected");
  if (where.size() > limits::kLabelValueBytes)
    return refuse(fmt::format("target: at most {} bytes expected", limits::kLabelValueBytes));
  const auto is_it = [&](const Target& target) { return is_meant(target, where, module); };
  if (const auto known = std::ranges::find_if(options.targets, is_it); known != options.targets.end()) return *known;
  UPKEEP_TRY(Target target, by_module(options, where, module.empty() ? kDefaultModule : module));
  UPKEEP_CHECK(set_host_name(target, query.value("hostname")));
  return target;
}

}  // namespace upkeep::probes
