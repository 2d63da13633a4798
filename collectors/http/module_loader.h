// The module with libcurl in it: loaded once, when it is first needed, and never unloaded.
#pragma once

#include <string>

namespace upkeep::http {

// The function of this name; null when the module is not there, and then the message says why.
void* find_in_module(const char* symbol, std::string& message);

}  // namespace upkeep::http
