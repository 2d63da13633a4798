// The certificates of tests/fixtures/certificates.
#pragma once

#include <string>
#include <string_view>

namespace upkeep::testing {

// The content of one; "" when there is none of this name.
std::string fixture_certificate(std::string_view name);

}  // namespace upkeep::testing
