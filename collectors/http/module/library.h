// libcurl itself, begun once.
#pragma once

namespace upkeep::http {

// False: it cannot be used.
bool is_library_ready();

}  // namespace upkeep::http
