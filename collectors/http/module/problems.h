// What libcurl's codes and the kernel's error numbers mean to who asked.
#pragma once

#include <string>

#include "collectors/http/client.h"

namespace upkeep::http {

// `error_number`: of the system call that failed, 0 for none. `message`: what libcurl wrote of it, if anything.
Problem problem_of(int curl_code, long error_number, std::string message);

}  // namespace upkeep::http
