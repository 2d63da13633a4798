// What certbot keeps: whether each certificate of its own will be renewed, and when it last tried.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/certificates/options.h"
#include "exporter/filesystem.h"

namespace upkeep::certificates {

struct Lineage {
  std::string name;            // of its directory below live/
  bool is_configured = false;  // renewal/NAME.conf is there, whole, and does not say that it is not to be renewed
  bool has_failed = false;     // the last run could not renew it
};

struct CertbotState {
  std::vector<Lineage> lineages;       // sorted; none: certbot is not used here, or not to be seen
  std::optional<double> last_attempt;  // Unix time of the last run that renewed what was due
};

CertbotState look_at_certbot(FileSystem& fs, const CertbotOptions& options);

// Whether renewal/NAME.conf says how to renew.
bool is_renewal_configuration(std::string_view text);

// What the log of one run says, where it was one that renews: the lineages that failed.
std::optional<std::set<std::string, std::less<>>> failed_renewals(std::string_view log);

}  // namespace upkeep::certificates
