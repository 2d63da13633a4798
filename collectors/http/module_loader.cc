#include "collectors/http/module_loader.h"

#include <dlfcn.h>

namespace upkeep::http {

void* find_in_module(const char* symbol, std::string& message) {
  constexpr const char* kModule = "libupkeep_http.so";  // beside the program, or in lib/upkeep of its prefix
  void* const module = ::dlopen(kModule, RTLD_NOW | RTLD_LOCAL);
  void* const found = module == nullptr ? nullptr : ::dlsym(module, symbol);
  if (found == nullptr) {
    const char* const why = ::dlerror();
    message = std::string("cannot load the HTTP module: ") + (why == nullptr ? kModule : why);
  }
  return found;
}

}  // namespace upkeep::http
