// The door to libresolv: a question packed, a reply taken apart. https://www.rfc-editor.org/rfc/rfc1035
#include <arpa/nameser.h>
#include <netinet/in.h>
#include <resolv.h>

#include <array>
#include <cstring>

#include "collectors/probes/dns_message.h"

namespace upkeep::probes {
namespace {

constexpr std::size_t kQuestionBytes = 512;

Result<std::string> question(std::uint16_t id, const std::string& name, int type) {
  std::array<unsigned char, kQuestionBytes> buffer{};
  struct __res_state state = {};  // of this question alone: nothing is read from resolv.conf
  state.options = RES_INIT | RES_RECURSE;
  const int size = ::res_nmkquery(&state, ns_o_query, name.c_str(), ns_c_in, type, nullptr, 0, nullptr, buffer.data(),
                                  static_cast<int>(buffer.size()));
  if (size < NS_HFIXEDSZ) return fail(ErrorCode::kParse, "no name that can be asked for");
  buffer[0] = static_cast<unsigned char>(id >> 8);
  buffer[1] = static_cast<unsigned char>(id & 0xFF);
  return std::string(reinterpret_cast<const char*>(buffer.data()), static_cast<std::size_t>(size));
}

// The last five numbers of a SOA record begin with its serial; two names come before.
std::optional<std::uint32_t> serial_of(const ns_msg& message, const ns_rr& record) {
  const unsigned char* at = ns_rr_rdata(record);
  const unsigned char* const end = at + ns_rr_rdlen(record);
  for (int i = 0; i < 2; ++i) {
    const int skipped = ::dn_skipname(at, ns_msg_end(message));
    if (skipped < 0 || end - at < skipped) return std::nullopt;
    at += skipped;
  }
  if (end - at < NS_INT32SZ) return std::nullopt;
  return (std::uint32_t{at[0]} << 24) | (std::uint32_t{at[1]} << 16) | (std::uint32_t{at[2]} << 8) | at[3];
}

// It aligns columns, which nobody wants to match.
std::string with_single_blanks(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const char one = c == '\t' || c == '\n' ? ' ' : c;
    if (one != ' ' || !out.ends_with(' ')) out += one;
  }
  return out;
}

Result<DnsReply> reply(std::uint16_t id, std::string_view bytes) {
  ns_msg message{};
  const auto* const data = reinterpret_cast<const unsigned char*>(bytes.data());
  if (bytes.size() > NS_MAXMSG || ::ns_initparse(data, static_cast<int>(bytes.size()), &message) != 0)
    return fail(ErrorCode::kParse, "not a message of DNS");
  if (ns_msg_id(message) != id || ns_msg_getflag(message, ns_f_qr) == 0)
    return fail(ErrorCode::kNotFound, "a reply to another question");
  DnsReply reply{.rcode = ns_msg_getflag(message, ns_f_rcode),
                 .is_truncated = ns_msg_getflag(message, ns_f_tc) != 0,
                 .answers = std::uint16_t{message._counts[ns_s_an]},
                 .authority = std::uint16_t{message._counts[ns_s_ns]},
                 .additional = std::uint16_t{message._counts[ns_s_ar]}};
  for (int i = 0; i < static_cast<int>(reply.answers) && reply.records.size() < kDnsRecords; ++i) {
    ns_rr record{};
    if (::ns_parserr(&message, ns_s_an, i, &record) != 0) {
      if (reply.is_truncated) break;
      return fail(ErrorCode::kParse, "a record of the reply cannot be read");
    }
    std::array<char, 2048> text{};
    const int size = ::ns_sprintrr(&message, &record, nullptr, nullptr, text.data(), text.size());
    if (size > 0) reply.records.push_back(with_single_blanks({text.data(), static_cast<std::size_t>(size)}));
    if (ns_rr_type(record) == ns_t_soa && !reply.serial) reply.serial = serial_of(message, record);
  }
  return reply;
}

}  // namespace
}  // namespace upkeep::probes

upkeep::Result<std::string>* upkeep_dns_question(std::uint16_t id, const std::string& name, int type) {
  using namespace upkeep;
  return new Result<std::string>(probes::question(id, name, type));  // NOLINT(cppcoreguidelines-owning-memory)
}

upkeep::Result<upkeep::probes::DnsReply>* upkeep_dns_reply(std::uint16_t id, std::string_view message) {
  using namespace upkeep;
  return new Result<probes::DnsReply>(probes::reply(id, message));  // NOLINT(cppcoreguidelines-owning-memory)
}
