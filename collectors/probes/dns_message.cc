#include "collectors/probes/dns_message.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "collectors/http/module_loader.h"

namespace upkeep::probes {
namespace {

using Named = std::pair<std::string_view, int>;

// https://www.iana.org/assignments/dns-parameters
constexpr std::array<Named, 14> kTypes = {{{"A", 1},
                                           {"NS", 2},
                                           {"CNAME", 5},
                                           {"SOA", 6},
                                           {"PTR", 12},
                                           {"MX", 15},
                                           {"TXT", 16},
                                           {"AAAA", 28},
                                           {"SRV", 33},
                                           {"DS", 43},
                                           {"DNSKEY", 48},
                                           {"TLSA", 52},
                                           {"HTTPS", 65},
                                           {"CAA", 257}}};
constexpr std::array<Named, 6> kCodes = {
    {{"NOERROR", 0}, {"FORMERR", 1}, {"SERVFAIL", 2}, {"NXDOMAIN", 3}, {"NOTIMP", 4}, {"REFUSED", 5}}};

template <std::size_t kCount>
std::optional<int> find(const std::array<Named, kCount>& table, std::string_view name) {
  const auto found = std::ranges::find(table, name, &Named::first);
  return found == table.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

std::optional<int> dns_type(std::string_view name) { return find(kTypes, name); }
std::optional<int> dns_rcode(std::string_view name) { return find(kCodes, name); }

Result<std::string> dns_question(std::uint16_t id, const std::string& name, int type) {
  static std::string message;
  static auto* const kMake =
      reinterpret_cast<decltype(upkeep_dns_question)*>(http::find_in_module("upkeep_dns_question", message));
  if (kMake == nullptr) return fail(ErrorCode::kSystem, message);
  const std::unique_ptr<Result<std::string>> answer(kMake(id, name, type));
  return std::move(*answer);
}

Result<DnsReply> dns_reply(std::uint16_t id, std::string_view bytes) {
  static std::string message;
  static auto* const kRead =
      reinterpret_cast<decltype(upkeep_dns_reply)*>(http::find_in_module("upkeep_dns_reply", message));
  if (kRead == nullptr) return fail(ErrorCode::kSystem, message);
  const std::unique_ptr<Result<DnsReply>> answer(kRead(id, bytes));
  return std::move(*answer);
}

}  // namespace upkeep::probes
